"""A roster in the settings: who must be in it, what is told of its gaps; and the baseline of a comparison that names none."""

from __future__ import annotations

from pathlib import Path

import pytest

from omosim.config.compose import compose
from omosim.config.errors import ConfigError, nearest
from omosim.reports.export import write_xlsx

HEAD = "store,weekday,role,from,to,people"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
POOL = "network.operations.pooled_staff=true"


def given(tmp_path: Path, *rows: str) -> str:
    path = tmp_path / "shifts.csv"
    path.write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
    return f"network.stores.roster={path}"


def week(role: str, span: str = "10:00,22:00", store: str = "", days: tuple[str, ...] = DAYS) -> list[str]:
    return [f"{store},{day},{role},{span},1" for day in days]


@pytest.mark.parametrize(("rows", "words", "says"), [
    (week("picker"), (), "nobody at the counter all week. Give rows with the role counter"),
    (week("picker") + week("counter", days=DAYS[:6]), (), "nobody at the counter on sun, when pickers work"),
    (week("picker") + week("counter") + [f"S02,{day},picker,10:00,22:00,1" for day in DAYS], (), "S02: nobody at the counter all week"),
    (week("staff"), (), "row 2: bad choice"),
    (week("staff"), (), "staff, one pool of all, only with network.operations.pooled_staff=true"),
    ([f"{row[:-1]}0" for row in week("staff")], (POOL,), "nobody at the counter all week"),
    (week("picker", store="S01") + week("counter", store="S01"), (), "Empty the column store of a file of one store"),
])  # fmt: skip
def test_a_store_without_people_is_refused(tmp_path: Path, rows: list[str], words: tuple[str, ...], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compose("run", [*words, given(tmp_path, *rows)])
    assert says in str(caught.value), caught.value


def test_one_pool_needs_no_roles(tmp_path: Path) -> None:
    for role in ("staff", "picker", "counter"):
        composed = compose("run", [POOL, given(tmp_path, *week(role))])
        assert "nobody" not in " ".join(composed.notes) and list(composed.settings.network.stores.roster.stores) == ["*"]


def test_the_rota_of_a_plan_for_every_store(tmp_path: Path) -> None:
    """Its columns, with that of the store emptied as docs/network.md says; and as the workbook that a spreadsheet saves."""
    head = ("store", "weekday", "role", "person", "from", "to", "break_from", "break_to", "paid_h")
    rows = [("", day, role, name, "10:00", "22:00", "13:00", "13:30", "11.5") for day in DAYS for role, name in (("picker", "P1"), ("counter", "C1"), ("counter", "C2"))]
    rows = [row if row[3] != "C2" else (*row[:6], "", "", "12.0") for row in rows]
    path = tmp_path / "rota.csv"
    path.write_text("\ufeff" + "\n".join(",".join(row) for row in (head, *rows)) + "\n", encoding="utf-8")
    write_xlsx(tmp_path / "rota.xlsx", {"rota": {name: [row[i] for row in rows] for i, name in enumerate(head)}})
    rosters = [compose("run", [f"network.stores.roster={tmp_path / name}"]).settings.network.stores.roster for name in ("rota.csv", "rota.xlsx")]
    assert rosters[0].stores == rosters[1].stores and rosters[0].told == ""
    assert rosters[0].stores["*"].counter == ["10:00=2 13:00=1 13:30=2 22:00=0"] * 7


def told(tmp_path: Path, *rows: str) -> str:
    return compose("run", [given(tmp_path, *rows)]).settings.network.stores.roster.told


def test_hours_without_people_are_told(tmp_path: Path) -> None:
    whole = week("picker") + week("counter")
    assert told(tmp_path, *whole) == ""
    assert told(tmp_path, *week("picker", "10:00,21:00"), *week("counter", "10:00,21:00")) == "nobody at work 21:00-22:00"
    some = told(tmp_path, *week("picker"), *week("counter", "12:00,22:00"), *week("counter", "10:00,12:00", days=DAYS[2:]))
    assert some == "nobody at the counter mon, tue 10:00-12:00"
    own = [*week("picker", store="S01"), *week("counter", "11:00,14:00", "S01"), *week("counter", "15:00,22:00", "S01")]
    assert told(tmp_path, *whole, *own) == "S01: nobody at the counter 10:00-11:00 and 14:00-15:00"


def test_a_weekday_may_be_off(tmp_path: Path) -> None:
    rows = [*week("picker", days=DAYS[:6]), *week("counter", days=DAYS[:6]), ",sun,counter,10:00,22:00,0"]
    composed = compose("run", [given(tmp_path, *rows)])
    roster = composed.settings.network.stores.roster
    assert roster.stores["*"].counter[6] == roster.stores["*"].pickers[6] == "" and roster.stores["*"].counter[5] == "10:00=1 22:00=0"
    assert any(note == "roster shifts.csv: nobody at work sun 10:00-22:00" for note in composed.notes)


def test_the_first_strategy_is_the_baseline_where_none_is_named() -> None:
    composed = compose("compare", ["strategies=[multichannel,omo]"])
    assert composed.compare is not None and composed.compare.baseline == composed.options["baseline"] == "multichannel"
    assert composed.settings.strategy.name == "multichannel"
    assert "baseline=multichannel, the first of the strategies, as o2o is not among them" in composed.notes
    same = compose("compare", ["strategies=[multichannel,omo]", "baseline=multichannel"])
    assert same.hash == composed.hash and not any("baseline" in note for note in same.notes)
    plain = compose("compare", ["strategies=[omo,o2o]"])
    assert plain.compare is not None and plain.compare.baseline == "o2o" and not any("baseline" in note for note in plain.notes)
    with pytest.raises(ConfigError, match="not among the strategies"):
        compose("compare", ["strategies=[multichannel,omo]", "baseline=o2o"])


@pytest.mark.parametrize("word", ["saturday", "Saturday", "SAT", "satur"])
def test_a_weekday_written_out_is_understood(word: str) -> None:
    assert nearest(word, ("all", *DAYS)) == "sat"
    with pytest.raises(ConfigError, match="Did you mean 'sat'"):
        compose("bopis", [f"day={word}"])
