"""The commands of docs/twin.md run in their order on a small shop's files; codes and columns are as the page says."""

import re
from pathlib import Path

import pytest

from omosim.results.tables import read_columns
from tests.conftest import module_at
from tests.docs.test_readme import omosim

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "twin.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S) for line in block.splitlines() if line.strip()]
shop = module_at(ROOT / "tests" / "twin" / "small_shop.py")


@pytest.mark.slow
def test_the_commands_work_in_their_order(tmp_path):
    assert len(COMMANDS) == 8
    orders = shop.orders(days=84)
    day = shop.day_of(orders)
    counts, came = shop.stock_and_deliveries(orders, 84)
    for frame, name in ((orders[day < shop.date(77)], "orders"), (orders[day >= shop.date(70)], "this_week"), (shop.traffic(77), "traffic"), (counts, "stock"), (came, "deliveries")):
        shop.write(frame, tmp_path / f"{name}.csv")
    for line in COMMANDS:  # a fortnight in twenty worlds, or a week in ten: the words are the page's
        small = re.sub(r"members=\d+ horizon=\d+", "members=10 horizon=7", line)
        done = omosim(small, tmp_path, *(("jobs=1",) if " decide " in line else ()))  # where worlds are run decides nothing
        assert done.returncode == 0, done.stderr + done.stdout
    place = tmp_path / "mytwin"
    for name, columns in re.findall(r"^\| `(\w+)\.parquet` \| ((?:`\w+`,? ?)+)", PAGE, re.M):
        if (place / f"{name}.parquet").is_file():
            told = re.findall(r"`(\w+)`", columns)
            assert list(read_columns(place / f"{name}.parquet"))[: len(told)] == told, name
    assert {"panel.parquet", "quality.parquet", "report.html", "twin.json", "config.yaml"} <= {p.name for p in place.iterdir()}
    assert "stock_unreconciled" not in read_columns(place / "quality.parquet")["code"]


def test_every_finding_of_the_code_is_on_the_page_and_the_other_way_round():
    code = "".join((ROOT / "omosim" / p).read_text(encoding="utf-8") for p in ("twin/quality.py", "ingest/further.py", "ingest/values.py", "twin/tables.py", "twin/standing.py", "api/twin.py"))
    told = set(re.findall(r"`(\w+)`", " ".join(line.split("|")[1] for line in PAGE.split("## What is odd")[1].split("## The folder")[0].splitlines() if line.startswith("| `"))))
    assert told and all(re.search(rf"[\"']{name}\b", code) for name in told)
    made = set(re.findall(r"Finding\(\s*\"(\w+)\"", code)) | {"price_jump", "price_step", "order_unknown", "delivered_before_placed"}
    assert made - told == {"store_without_orders", "covers_part", "no_rows", "stock_without_deliveries"}
