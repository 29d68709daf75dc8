"""A roster by quarter hours: equal to the busy block it changes no byte; it is paid and worked as written; faults have their place."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from omosim.cli.main import main
from omosim.config.compose import compose, settings_from_dict
from omosim.config.errors import ConfigError
from omosim.model.pnl import own_stations, staff_seconds
from omosim.model.processes import Kind
from omosim.model.retail import RetailModel
from omosim.model.run import Run, deciding, run
from omosim.results import file_hash
from omosim.schema.columns import WEEKDAYS
from omosim.schema.network import COUNTER, N_ROLES, PICKING
from omosim.schema.settings import Settings
from omosim.world.roster import Duty, week_read, week_told

SMALL = ("strategy=omo", "shoppers=1500", "days=8", "burn_in_days=2", "network.stores.count=3", "engine.drain_days=10", "market.cost_basis_shoppers=1500")
HEAD = "store,weekday,role,from,to,break_from,break_to,people"


def given(tmp_path: Path, *rows: str, head: str = HEAD) -> str:
    path = tmp_path / "shifts.csv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return f"network.stores.roster={path}"


def block(settings: Settings) -> list[str]:
    """The busy block of the settings as shifts."""
    plan = settings.network.stores
    return [
        row for day in WEEKDAYS for row in (
            f",{day},picker,{plan.opens},{plan.closes},,,{plan.pickers}", f",{day},counter,{plan.opens},{plan.closes},,,{plan.counter}",
            f",{day},counter,{plan.peak_from},{plan.peak_to},,,{plan.peak_extra}",
        )
    ]  # fmt: skip


def same(one: Run, two: Run) -> None:
    assert all(one.book[name].tobytes() == two.book[name].tobytes() for name in one.book.dtype.names)
    assert one.kpis == two.kpis and one.pnl == two.pnl
    assert all(np.array_equal(a, b) for a, b in zip(one.daily().values(), two.daily().values(), strict=True))


CHANGES = [{"what": "staff", "times": 1.5, "from_day": 2, "to_day": 4, "stores": ["S02"]}, {"what": "staff", "set": 1, "from_day": 5, "to_day": 6}]


@pytest.mark.parametrize("how", ["relay", "overlap"])
def test_the_busy_block_as_a_roster_changes_no_byte(tmp_path: Path, how: str) -> None:
    plain = compose("run", [*SMALL, f"network.operations.hand_over={how}", "network.operations.desk=1"]).settings
    told = compose("run", [*SMALL, f"network.operations.hand_over={how}", "network.operations.desk=1", given(tmp_path, *block(plain))]).settings
    scenario = {"name": "test", "title": "test", "interventions": CHANGES}
    one, two = (run(Settings(**{**s.model_dump(), "scenario": scenario})) for s in (plain, told))
    same(one, two)
    kinds = two.model.clock.state()["agenda"]["kind"]
    assert (kinds == Kind.SHIFT).sum() == 14 and not np.isin(kinds, (Kind.PEAK_ON, Kind.PEAK_OFF)).any(), "two moments a day at which a number changes"


ROWS = (
    *(f",{day},picker,10:00,22:00,13:00,13:30," for day in WEEKDAYS), *(f",{day},counter,10:00,22:00,,,2" for day in WEEKDAYS),
    "S02,mon,picker,10:00,16:15,,,3", "S02,mon,counter,12:00,22:00,,,", "S02,sun,counter,10:00,22:00,,,1", "S02,sun,picker,10:00,11:00,,,1",
)  # fmt: skip


def hours(settings: Settings, store: str) -> tuple[float, float]:
    """Hours planned of pickers and counter over the run's first ten days, by hand from ROWS."""
    first, total = date.fromisoformat(settings.market.start_date), np.zeros(2)
    for day in range(10):
        weekday = (first + timedelta(days=day)).weekday()
        sunday = (1.0, 12.0) if weekday == 6 else (18.75, 10.0)  # days that S02 does not name are as its Monday
        total += sunday if store == "S02" else (11.5, 24.0)
    return float(total[0]), float(total[1])


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return compose("run", [*SMALL, given(tmp_path_factory.mktemp("roster"), *ROWS), "network.work.patience_minutes=0"]).settings


def test_people_are_on_duty_and_paid_as_the_roster_says(mixed: Settings) -> None:
    model = RetailModel(mixed)
    for _ in range(10):
        model.step()
    stations = model.fulfilment.books().stations
    for n, store in enumerate(("S01", "S02", "S03"), start=1):
        on_duty = [int(stations["scheduled"][N_ROLES * n + role]) / 3600 for role in (PICKING, COUNTER)]
        assert on_duty == list(hours(mixed, store)), store
    assert set(model.audit.worst.values()) == {0}
    paid = (staff_seconds(model, model.clock.now)[0] * own_stations(model, stores_only=True)).sum() / 3600
    assert paid >= sum(sum(hours(mixed, store)) for store in ("S01", "S02", "S03"))


def test_restored_in_the_middle_of_the_week(mixed: Settings) -> None:
    straight, half = run(mixed), RetailModel(mixed)
    for _ in range(5):
        half.step()
    same(straight, Run(RetailModel.restore(mixed, half.snapshot()).run()))


def test_more_people_shorten_the_queue_while_they_are_there(tmp_path: Path) -> None:
    words = ("network.work.patience_minutes=0", "network.work.checkout_s=400", "shoppers=8000", "market.cost_basis_shoppers=8000")
    base = [w for w in SMALL if "shoppers" not in w]
    few = [f",{day},{role},10:00,22:00,,,1" for day in WEEKDAYS for role in ("picker", "counter")]
    more = [f",{day},counter,16:00,21:00,,,2" for day in WEEKDAYS]
    inside, before = [], []
    for rows in (few, few + more):
        book = run(compose("run", [*base, *words, given(tmp_path, *rows)]).settings).book
        served = book[book["served_at"] >= 0]
        hour = served["arrived_at"] % 86400 // 3600
        inside.append(float(served["wait_s"][(hour >= 16) & (hour < 21)].mean()))
        before.append(float(served["wait_s"][hour < 16].mean()))
    print(inside, before)
    assert inside[1] < 0.2 * inside[0] and abs(before[1] / before[0] - 1) < 0.3


def test_the_settings_hold_what_was_read(tmp_path: Path) -> None:
    word = given(tmp_path, *ROWS)
    settings = compose("run", [*SMALL, word]).settings
    Path(word.split("=")[1]).unlink()
    again = settings_from_dict(settings.model_dump(mode="json"))
    assert again == settings and settings.network.stores.roster.file == "shifts.csv" and len(settings.network.stores.roster.sha256) == 16
    renamed = settings.model_dump(mode="json")
    renamed["network"]["stores"]["roster"] |= {"file": "other.csv", "sha256": "0" * 16}
    assert deciding(settings_from_dict(renamed)) == deciding(settings), "what decides is who works, not the file's name"
    plain = compose("run", list(SMALL)).settings
    assert deciding(plain) != deciding(settings)


def test_a_week_as_text_and_back() -> None:
    people = np.random.default_rng(3).integers(0, 3, (7, 2, 96))
    assert np.array_equal(week_read(week_told(people)), people)


def test_every_fault_is_told_with_its_place(tmp_path: Path) -> None:
    rows = (
        "S01,monday,picker,10:00,22:00,,,", ",tue,boss,10:00,22:00,,,", ",wed,picker,10:05,22:00,,,", ",thu,picker,18:00,12:00,,,",
        ",fri,picker,08:00,12:00,,,", ",sat,counter,10:00,12:00,12:00,13:00,", "S9,sun,counter,10:00,12:00,,,", ",sun,counter,10:00,12:00,,,few",
    )  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        compose("run", [*SMALL, given(tmp_path, *rows)])
    text = str(caught.value)
    for words in ("row 2: bad choice", "row 3: bad choice", "row 4: bad time", "row 5: bad order", "row 6: outside hours", "10:00 to 22:00",
                  "row 7: bad break", "row 8: unknown store", "S01 to S03", "row 9: bad number", "'few'", "shifts.csv"):  # fmt: skip
        assert words in text, words
    assert text.startswith("8 problems")


@pytest.mark.parametrize(("rows", "head", "words"), [
    (("S01,mon,picker,10:00,22:00,,,",), HEAD, "says nothing of 2 stores: S02, S03"),
    ((",mon,counter,10:00,22:00,,,",), HEAD, "nobody picks"),
    (("mon,picker,10:00",), "weekday,role,from", "missing column"),
])  # fmt: skip
def test_a_roster_that_cannot_be_used(tmp_path: Path, rows: tuple[str, ...], head: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        compose("run", [*SMALL, given(tmp_path, *rows, head=head)])


def test_a_file_that_is_not_there_and_a_note(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        compose("run", [*SMALL, "network.stores.roster=nowhere.csv"])
    notes = compose("run", [*SMALL, given(tmp_path, ",tue,picker,10:00,22:00,,,", ",tue,counter,10:00,22:00,,,")]).notes
    assert any("weekdays not in it are taken as tue" in note for note in notes)
    with pytest.raises(TypeError, match="not been read"):
        plain = compose("run", list(SMALL)).settings
        stores = plain.network.stores.model_copy(update={"roster": "x.csv"})
        RetailModel(plain.model_copy(update={"network": plain.network.model_copy(update={"stores": stores})}))


def test_moves_are_where_a_number_changes(mixed: Settings) -> None:
    duty = Duty(mixed.network.stores.roster, ["DC", "S01", "S02", "S03", "L01"])
    pickers, counter = duty.at(0, 12 * 3600)
    assert pickers.tolist() == [0, 1, 3, 1, 0] and counter.tolist() == [0, 2, 1, 2, 0]
    monday = [s // 60 for s in duty.moves(10 * 3600, 22 * 3600) if s < 86400]
    assert monday == [12 * 60, 13 * 60, 13 * 60 + 30, 16 * 60 + 15]


def test_the_example_of_the_docs(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "network.md").read_text(encoding="utf-8")
    head, *rows = text.split("```csv\n")[1].split("```")[0].strip().splitlines()
    roster = compose("run", [*SMALL, given(tmp_path, *rows, head=head)]).settings.network.stores.roster
    assert list(roster.stores) == ["*", "S01"] and roster.stores["*"].counter[5] == "10:00=1 14:00=3 15:30=1 16:00=3 20:00=1 22:00=0"
    assert roster.stores["*"].pickers[0] == "10:00=1 13:00=0 13:30=2 18:30=1 22:00=0" == roster.stores["*"].pickers[6]


def test_a_result_keeps_the_hash_and_needs_the_file_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    word, out = given(tmp_path, *ROWS), tmp_path / "out"
    assert main(["run", "shoppers=200", "days=2", "burn_in_days=0", "network.stores.count=3", "engine.drain_days=3", word, f"output.dir={out}"]) == 0
    kept = json.loads((out / "provenance.json").read_text(encoding="utf-8"))["data_hashes"]
    assert kept == {"shifts.csv": file_hash(tmp_path / "shifts.csv")}
    Path(word.split("=")[1]).unlink()
    assert main(["rerun", str(out)]) == 0
    assert "have the same bytes" in capsys.readouterr().out
