"""`omosim bopis` from the command line: the files of the contract, refusals, and the truth of the shipped sample."""

import csv
import json
from datetime import date

import numpy as np
import pytest

from omosim.api.pickup import sample_roster, sample_work
from omosim.cli.main import main
from omosim.config.compose import compose
from omosim.ingest import ReadOptions, read_orders
from omosim.planning import intervals as iv
from omosim.planning.demand import WorkLaw, draw, learn
from omosim.planning.history import store_history
from omosim.planning.plan import sized
from omosim.planning.roster import read_roster
from omosim.planning.simulate import Shop, simulate
from omosim.results import file_hash
from omosim.world.roster import week_read
from tests.planning.make import write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("plan") / "out"
    assert main(["bopis", "day=sat", f"output.dir={place}"]) == 0
    return place


@pytest.fixture(scope="module")
def plan(folder):
    return json.loads((folder / "plan.json").read_text(encoding="utf-8"))


def test_files_and_keys_of_the_contract(folder, plan):
    for key in ("ready_on_time", "prob_wait", "shelf_peak_bins", "cost"):
        assert plan[key]["ci_low"] <= plan[key]["value"] <= plan[key]["ci_high"], key
    for key in ("mean", "p50", "p90"):
        assert plan["wait_min"][key]["ci_low"] <= plan["wait_min"][key]["value"] <= plan["wait_min"][key]["ci_high"]
    assert plan["staff_by_interval"] and plan["max_orders_per_slot"] and plan["erlang_c"]["reasons"]
    with open(folder / "capacity_plan.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["store", "weekday", "from", "to", "interval_min", "max_orders"]
    assert [int(r["max_orders"]) for r in rows] == [s["max_orders"] for s in plan["max_orders_per_slot"]]
    assert {"report.html", "rota.csv", "rota.xlsx", "config.yaml", "provenance.json", "summary.json", "laws.json"} <= {p.name for p in folder.iterdir()}
    assert not any(json.loads((folder / "laws.json").read_text()).values())


def test_a_notebook_reads_the_plan(folder, plan):
    import omosim as om

    assert "bopis" in dir(om)
    made = om.load(folder)
    assert made.plan == plan and made.answer.startswith("Saturday at S01")
    frame = made.to_frame()
    assert frame["pickers"].tolist() == [row["pickers"] for row in plan["staff_by_interval"]] and set(frame["weekday"]) == {"sat"}
    assert made.capacity()["max_orders"].tolist() == [row["max_orders"] for row in plan["max_orders_per_slot"]]
    assert set(made.rota()["role"]) == {"picker", "counter"} and not any(made.laws().values())
    moved = made.what_if().set_index(["change", "measure"]).loc[("as planned", "moves_ready_on_time")]
    assert moved["value"] == 0.0


def test_the_rota_is_the_staff_of_the_plan(folder, plan):
    staff = read_roster(folder / "rota.csv").days[5]
    for row in plan["staff_by_interval"]:
        quarter = int(row["from"][:2]) * 4 + int(row["from"][3:]) // 15
        assert (staff.pickers[quarter], staff.counter[quarter]) == (row["pickers"], row["counter"])
    paid = (staff.pickers.sum() + staff.counter.sum()) / 4
    assert paid == plan["cost"]["paid_hours"] and plan["cost"]["value"] == paid * plan["cost"]["wage_per_hour"]


def test_the_targets_hold_and_fewer_people_break_them(plan):
    assert plan["targets_kept"] and plan["ready_on_time"]["value"] >= 0.95 and plan["wait_within_limit"]["value"] >= 0.9
    changes = {row["change"]: row for row in plan["what_if"]}
    fewer = [row for name, row in changes.items() if name.startswith("one fewer: without the ")]
    assert len(fewer) == 2 and fewer[0]["moves_ready_on_time"]["value"] < 0 and fewer[1]["moves_wait_within_limit"]["ci_high"] < 0
    assert changes["30 % more orders and customers"]["moves_wait_within_limit"]["value"] < 0
    half = next(row for name, row in changes.items() if name.startswith("promise of 1 h"))
    assert half["moves_ready_on_time"]["ci_high"] < 0 and half["moves_wait_within_limit"]["value"] == 0
    sick = next(row for name, row in changes.items() if name.startswith("one sick"))
    assert sick["ready_on_time"]["value"] <= min(row["ready_on_time"]["value"] for row in fewer)


def test_the_page_can_be_rebuilt_and_says_the_answer(folder, plan):
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Saturday at S01" in page and "Content-Security-Policy" in page and "<script" not in page
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").read_text(encoding="utf-8") == page


def test_three_saturdays_are_too_few_and_it_says_how_many_are_missing(tmp_path, capsys):
    rows = [(f"{d}-{k}", f"2026-06-{d:02d}T{11 + k % 9}:00:00+09:00", 1, 1000) for d in (6, 13, 20) for k in range(30)]
    path = write(tmp_path / "few.csv", ("order_id", "placed_at", "units", "unit_price"), rows)
    assert main(["bopis", f"orders={path}", "day=sat", f"output.dir={tmp_path / 'out'}"]) == 2
    said = capsys.readouterr().err
    assert "only 3 sat" in said and "1 is missing" in said and "Traceback" not in said


def test_a_bad_roster_is_refused_with_row_and_column(tmp_path, capsys):
    path = write(tmp_path / "r.csv", ("weekday", "role", "from", "to"), [("sat", "picker", "10:00", "18:00"), ("Samstag", "cook", "10:07", "9:00")])
    assert main(["bopis", f"roster={path}", "day=sat", f"output.dir={tmp_path / 'out'}"]) == 2
    said = capsys.readouterr().err
    assert "row 3, column 'weekday'" in said and "row 3, column 'role'" in said and "row 3, column 'from'" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shift_min_h=9", "shift_max_h=4"], "shift_min_h = 9.0: longer than shift_max_h"),
        (["break_minutes=20"], "break_minutes = 20: no whole number of quarter hours"),
        (["shift_min_h=4.1"], "shift_min_h = 4.1: no whole number of half hours"),
        (["store=S1"], "nearest: 'S01'"),
        (["orders=none.csv"], "no such file"),
    ],
)
def test_rules_that_cannot_be_kept_are_refused(words, said, tmp_path, capsys):
    assert main(["bopis", "day=sat", f"output.dir={tmp_path / 'out'}", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_roster_of_one_day_stands_for_the_others(folder):
    roster = read_roster(folder / "rota.csv", "S01")
    assert "not in it are taken as sat" in roster.told
    assert all(np.array_equal(day.pickers, roster.days[5].pickers) for day in roster.days)


def test_a_run_takes_the_rota_of_a_plan(folder):
    """Rows of S01 alone: all weekdays are as its Saturday."""
    roster = compose("run", ["network.stores.count=1", f"network.stores.roster={folder / 'rota.csv'}", "network.stores.opens=10:00"]).settings.network.stores.roster
    assert list(roster.stores) == ["S01"] and roster.sha256 == file_hash(folder / "rota.csv")
    read = read_roster(folder / "rota.csv").days
    people = week_read(roster.stores["S01"])
    assert all(np.array_equal(people[w], [day.pickers, day.counter]) for w, day in enumerate(read))


@pytest.mark.slow
def test_the_hash_of_a_roster_is_kept(folder, tmp_path):
    assert main(["bopis", f"roster={folder / 'rota.csv'}", "day=sat", f"output.dir={tmp_path / 'out'}"]) == 0
    kept = json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))["data_hashes"]
    assert kept["rota.csv"] == file_hash(folder / "rota.csv") and len(kept) == 2


def test_a_plan_can_be_made_again(folder, capsys):
    assert main(["rerun", str(folder)]) == 0
    assert "5 tables have the same bytes" in capsys.readouterr().out


@pytest.mark.slow
def test_the_truth_lies_in_the_interval_in_nine_of_ten_stores(tmp_path, settings_of, sample):
    """25 stores x 4 weekdays from the sample's own generator: rain, bursts, pauses and unequal pickers are not in the model."""
    truth = sample
    network = settings_of().network
    network = network.model_copy(update={"work": network.work.model_copy(update=sample_work())})
    roster, weekdays = sample_roster(), (1, 4, 5, 6)
    want = {w: (truth.ready_on_time(truth.Truth(), truth.ROSTER, w, 1500, 99)[0], truth.wait_share(truth.Truth(), truth.ROSTER, w, 400, 99)[0]) for w in weekdays}
    hits = np.zeros((2, 0), bool)
    for store in range(25):
        rows = truth.simulate_store(truth.Truth(growth_week=0.0), truth.ROSTER, date(2026, 6, 1), 12, 1000 + store)
        log = read_orders(write(tmp_path / "s.csv", truth.COLUMNS, rows), ReadOptions())
        made = store_history(log, "S01", 36_000, 75_600)
        for weekday in weekdays:
            laws = [learn(made, (weekday - i) % 7, made.days_of((weekday - i) % 7), network) for i in range(3, -1, -1)]
            draws = sized(laws, (store, weekday), 80_000)
            shop = Shop(made.opens, made.closes, (True,) * 4, 3 * 86_400, 300)
            days = draw(laws, draws, WorkLaw.of(network), shop, 7200)
            done = simulate(shop, days, draws, [roster.days[(weekday - 3 + i) % 7] for i in range(5)], audit=False)
            ready = iv.share(draws, done.on_time, done.orders, laws[-1].counts[0].sum())
            soon = iv.share(draws, done.soon, done.served + done.left, laws[-1].counts.sum())
            hits = np.column_stack([hits, [e.low <= w <= e.high for e, w in zip((ready, soon), want[weekday], strict=True)]])
    print(f"ready on time {hits[0].sum()} of {hits.shape[1]}, short wait {hits[1].sum()}")
    assert hits.shape[1] == 100 and (hits.sum(axis=1) >= 90).all()
