"""The week's rota in files: the same shifts in every one of them."""

import csv
import json

import pytest
from openpyxl import load_workbook

from omosim.cli.main import main
from tests.planning.make import write

DAYS = {"sat": (2, 9, 16, 23, 30), "sun": (3, 10, 17, 24, 31)}  # of May 2026


@pytest.fixture(scope="module")
def weekend(tmp_path_factory):
    """A store that sells on Saturdays and Sundays only."""
    place = tmp_path_factory.mktemp("weekend")
    rows = [(f"{d}-{k}", f"2026-05-{d:02d}T{11 + k % 9}:{7 * k % 60:02d}:00+09:00", 1, 1000) for days in DAYS.values() for d in days for k in range(30 if d in DAYS["sat"] else 15)]
    path = write(place / "o.csv", ("order_id", "placed_at", "units", "unit_price"), rows)
    words = ["max_hours_week=8", "rest_hours=11", "days_off=2", "shift_max_h=8"]
    assert main(["bopis", f"orders={path}", *words, f"output.dir={place / 'out'}"]) == 0
    return place / "out"


def test_the_week_is_the_same_in_every_file(weekend):
    plan = json.loads((weekend / "plan.json").read_text(encoding="utf-8"))
    week = plan["week"]
    assert week["weekdays"] == ["sat", "sun"] and set(plan["refused"]) == {"mon", "tue", "wed", "thu", "fri"}
    assert (week["max_hours_week"], week["days_off"], week["rest_hours"]) == (8, 2, 11)
    with open(weekend / "rota.csv", encoding="utf-8-sig", newline="") as file:
        rota = list(csv.DictReader(file))
    sheet = list(load_workbook(weekend / "rota.xlsx")["week"].values)
    table = [dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]]
    people = week["pickers"]["rota"] + week["counter"]["rota"]
    assert [{k: v or "" for k, v in row.items()} for row in table] == people
    for row in people:
        mine = [r for r in rota if r["person"] == row["person"]]
        assert {r["weekday"]: f"{r['from']}-{r['to']}" for r in mine} == {d: row[d] for d in ("sat", "sun") if row[d]}
        assert sum(float(r["paid_h"]) for r in mine) == row["paid_h"] <= 8 and row["shifts"] == len(mine)
    assert len(rota) == sum(row["shifts"] for row in people)
    assert sum(row["paid_h"] for row in people) == sum(day["cost"]["paid_hours"] for day in plan["days"].values())
    for pool in ("pickers", "counter"):
        assert week[pool]["people"] == len(week[pool]["rota"]) >= week[pool]["at_least"] == max(week[pool]["bounds"].values())
    said = json.loads((weekend / "summary.json").read_text(encoding="utf-8"))["answer"]
    assert f"shifts take {len(people)} people" in said
    page = (weekend / "report.html").read_text(encoding="utf-8")
    assert "The week's rota" in page and "Not planned: Mon, Tue, Wed, Thu, Fri" in page


def test_an_hour_limit_below_a_shift_is_refused(capsys, tmp_path):
    assert main(["bopis", "max_hours_week=6", f"output.dir={tmp_path / 'out'}"]) == 2
    assert "max_hours_week = 6.0: less than the longest shift pays. Give 8.0 or more" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["max_hours_week", "days_off", "rest_hours", "bins_overflow", "holidays", "adapter"])
def test_options_of_a_command_are_explained(key, capsys):
    assert main(["explain", key]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{key} = ") and "meaning" in said and "unit" in said and "of       omosim" in said
