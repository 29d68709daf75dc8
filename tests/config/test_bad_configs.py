"""Bad configurations: each is refused before a run starts, with exit code 2, its place, its value and the cure."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

Edit = Callable[[str], str | bytes]


def swap(old: str, new: str, count: int = 1) -> Edit:
    """Replace a text that must be there."""

    def edit(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, count)

    return edit


def value(key: str, new: str) -> Edit:
    """Replace the value of the first key of that name, keeping the comment."""

    def edit(text: str) -> str:
        pattern = re.compile(rf"^(\s*(?:- )?{key}: )([^#\n]*?)(\s*(?:#.*)?)$", re.MULTILINE)
        assert pattern.search(text), key
        return pattern.sub(lambda m: m.group(1) + new + m.group(3), text, count=1)

    return edit


def drop(key: str) -> Edit:
    """Remove the first line with the key."""

    def edit(text: str) -> str:
        pattern = re.compile(rf"^\s*{key}:.*\n", re.MULTILINE)
        assert pattern.search(text), key
        return pattern.sub("", text, count=1)

    return edit


def again(line: str) -> Edit:
    """Put a line at the end of the file."""
    return lambda text: text + line + "\n"


def whole(text: str | bytes) -> Edit:
    """Another file altogether."""
    return lambda _: text


def after(key: str, lines: str) -> Edit:
    """Put lines behind the first line with the key."""

    def edit(text: str) -> str:
        pattern = re.compile(rf"^(\s*{key}:.*\n)", re.MULTILINE)
        assert pattern.search(text), key
        return pattern.sub(lambda m: m.group(1) + lines + "\n", text, count=1)

    return edit


BOMB = "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n"
DEEP = "name: x\ntitle: t\ninterventions: " + "[" * 40 + "]" * 40 + "\n"
ROW = "  - what: need_rate\n    times: 1.1\n    from_day: 0\n"

# name, file, edit, words that the answer must hold (a regular expression each)
FILES: list[tuple[str, str, Edit, list[str]]] = [
    # names of keys
    ("typo in a key", "market.yaml", swap("  radius_km:", "  radius_kmm:"), [r"market\.geography\.radius_kmm: unknown key", "Did you mean 'radius_km'"]),
    ("typo in a group", "market.yaml", swap("\nrival:", "\nrivals:"), ["market.rivals: unknown key", "Did you mean 'rival'", "market.rival: missing"]),
    ("missing key", "market.yaml", drop("speed_kmh"), ["market.geography.speed_kmh: missing", "door-to-door speed"]),
    ("key of another level", "market.yaml", again("days: 28"), ["market.days: unknown key"]),
    ("unknown section of the network", "market.yaml", swap("  carrier:", "  carriers:"), ["network.carriers: unknown key", "Did you mean 'carrier'"]),
    # wrong types
    ("word for a number", "market.yaml", value("radius_km", "six"), ["market.geography.radius_km = 'six'", "is text, not a number", "Write a number"]),
    ("number in quotes", "market.yaml", value("radius_km", '"6.0"'), ["radius_km = '6.0'", "without quotes: 6.0"]),
    ("2.5 staff", "market.yaml", value("pickers", "2.5"), ["network.stores.pickers = 2.5", "not a whole number", "Write 2 or 3"]),
    ("list for a number", "market.yaml", value("radius_km", "[1, 2]"), ["radius_km = a list", "a number"]),
    ("number for a section", "market.yaml", value("touchpoints", "7"), ["touchpoints = 7", "no such touchpoints"]),
    ("number for a name", "market.yaml", value("timezone", "9"), ["market.timezone = 9", "is not text", "Put it in quotes: '9'"]),
    ("nothing for a number", "market.yaml", value("radius_km", ""), ["radius_km = None", "Give a value"]),
    ("section without keys", "market.yaml", swap("touchpoints: default", "touchpoints: [a]"), ["touchpoints = .'a'.", "a name"]),
    ("too few hours", "market.yaml", value("hour_of_day", "[1, 1, 1]"), ["demand.hour_of_day", "has 3 entries", "24 entries at least"]),
    ("too many days", "market.yaml", value("day_of_week", "[1, 1, 1, 1, 1, 1, 1, 1]"), ["demand.day_of_week", "7 entries at most"]),
    ("all weights zero", "market.yaml", value("day_of_week", "[0, 0, 0, 0, 0, 0, 0]"), ["all weights are 0"]),
    ("negative weight", "market.yaml", value("day_of_week", "[1, 1, 1, -1, 1, 1, 1]"), [r"day_of_week\[3\] = -1", "negative weight"]),
    # numbers that are none
    ("NaN", "market.yaml", value("radius_km", ".nan"), ["radius_km = '.nan'", "finite number"]),
    ("inf", "market.yaml", value("radius_km", ".inf"), ["radius_km = '.inf'", "finite number"]),
    ("1e999", "market.yaml", value("radius_km", "1e999"), ["radius_km = '1e999'"]),
    ("leading zero", "market.yaml", value("zones", "0123"), ["zones = '0123'", "without the leading zero: 123"]),
    ("thousands comma", "market.yaml", value("rent_per_day", "700,000"), ["rent_per_day = '700,000'", "without separators: 700000"]),
    ("underscore", "market.yaml", value("rent_per_day", "700_000"), ["rent_per_day = '700_000'", "without separators: 700000"]),
    ("decimal comma", "market.yaml", value("radius_km", "6,5"), ["radius_km = '6,5'", "decimal point: 6.5"]),
    ("full-width digits", "market.yaml", value("zones", "４８"), ["zones = '４８'", "ordinary digits: 48"]),
    ("hexadecimal", "market.yaml", value("zones", "0x30"), ["zones = '0x30'", "not a number"]),
    ("percent", "market.yaml", value("initial", "35%"), ["awareness.initial = '35%'", "Write the share: 0.35"]),
    ("number with unit", "market.yaml", value("radius_km", "6 km"), ["radius_km = '6 km'", "number alone: 6"]),
    ("won sign", "market.yaml", value("rent_per_day", "₩700000"), ["rent_per_day = '₩700000'", "number alone: 700000"]),
    ("share in percent", "market.yaml", value("initial", "35"), ["awareness.initial = 35", "too large", "write 0.35 for 35 %"]),
    ("negative share", "market.yaml", value("initial", "-0.1"), ["awareness.initial = -0.1", "too small", "from 0 to 1"]),
    ("10:30 for a number", "market.yaml", value("radius_km", "10:30"), ["radius_km = '10:30'", "This is a time"]),
    # words that YAML 1.1 reads as booleans
    ("no", "market.yaml", value("backorders", "no"), ["network.backorders = 'no'", "is not true or false", "Write false"]),
    ("yes", "market.yaml", value("backorders", "yes"), ["network.backorders = 'yes'", "Write true"]),
    ("off", "market.yaml", value("backorders", "off"), ["network.backorders = 'off'", "Write false"]),
    ("True", "market.yaml", value("backorders", "True"), ["network.backorders = 'True'", "Write true"]),
    ("0 for false", "market.yaml", value("backorders", "0"), ["network.backorders = 0", "true or false"]),
    # times and dates
    ("25:00", "market.yaml", value("opens", '"25:00"'), ["network.stores.opens = '25:00'", "HH:MM"]),
    ("24:30", "market.yaml", value("closes", '"24:30"'), ["network.stores.closes = '24:30'", "no time of day", "24:00"]),
    ("9:00", "market.yaml", value("opens", "9:00"), ["network.stores.opens = '9:00'", "Write '09:00'"]),
    ("close before open", "market.yaml", value("closes", '"09:00"'), ["network.stores.closes = '09:00'", "not after opens = 10:00"]),
    ("peak backwards", "market.yaml", value("peak_to", '"17:00"'), ["network.stores.peak_to = '17:00'", "before peak_from"]),
    ("peak before opening", "market.yaml", value("peak_from", '"08:00"'), ["peak_from = '08:00'", "outside the opening hours"]),
    ("courier at 25:10", "market.yaml", value("waves", '["11:00", "25:10"]'), [r"waves\[1\] = '25:10'", "no time of day"]),
    ("couriers not in order", "market.yaml", value("waves", '["15:00", "11:00"]'), [r"waves\[1\] = '11:00'", "not after the wave before"]),
    ("29 February 2025", "market.yaml", value("start_date", '"2025-02-29"'), ["market.start_date = '2025-02-29'", "no such day"]),
    ("day first", "market.yaml", value("start_date", "02.03.2026"), ["market.start_date = '02.03.2026'", "2025-03-01"]),
    ("unknown time zone", "market.yaml", value("timezone", "Asia/Soul"), ["market.timezone = 'Asia/Soul'", "no such time zone", "Did you mean 'Asia/Seoul'"]),
    ("KST", "market.yaml", value("timezone", "KST"), ["market.timezone = 'KST'", "Did you mean 'Asia/Seoul'"]),
    ("unknown currency", "market.yaml", value("currency", "KWR"), ["market.currency = 'KWR'", "KRW \\| USD", "Did you mean 'KRW'"]),
    # rules between keys
    ("segments do not sum to 1", "market.yaml", value("share", "0.5"), ["market.segments", r"sum to 1\.16", "a sum of 1"]),
    ("need shares do not sum to 1", "market.yaml", value("need_share", "0.9"), ["catalogue.categories", "need_share", "a sum of 1"]),
    ("scales of the choice", "market.yaml", value("theta_lower", "0.2"), ["market.choice.theta_lower = 0.2", "larger than theta_upper"]),
    ("no stores", "market.yaml", value("count", "0"), ["network.stores.count = 0", "no stores", "1 or more"]),
    ("harmful records", "market.yaml", value("record_harmful", "0.9"), ["record_harmful = 0.9", "more than record_wrong"]),
    # duplicates
    ("key twice", "market.yaml", after("radius_km", "  radius_km: 7"), ["market.geography.radius_km|geography.radius_km", "stands twice .first in line"]),
    ("segment twice", "market.yaml", after("segments", "  working: {}"), ["segments.working: the key stands twice"]),
    ("section twice", "market.yaml", again("currency: KRW"), ["currency: the key stands twice"]),
    # what is not data
    ("_target_", "market.yaml", again("_target_: os.system"), ["'_target_' is not data", "never code"]),
    ("python tag", "market.yaml", value("title", '!!python/object/apply:os.system ["true"]'), ["title", "tag", "plain data"]),
    ("own tag", "market.yaml", value("radius_km", "!float 6"), ["radius_km", "tag"]),
    ("environment", "market.yaml", value("title", '"${oc.env:HOME}"'), [r"reference '\$\{…\}'", "not evaluated"]),
    ("reference", "market.yaml", value("radius_km", "${shoppers}"), [r"reference '\$\{…\}'", r"radius_km = '\$\{shoppers\}'"]),
    ("hydra block", "market.yaml", again("hydra:\n  run:\n    dir: x"), ["'hydra' block", "command line"]),
    ("alias bomb", "scenario.yaml", whole(BOMB), ["anchor &a", r"alias \*a", "Write the value out"]),
    ("merge key", "scenario.yaml", whole("name: x\ntitle: t\nexpect:\n  <<: {orders: '+'}\n"), ["merge key '<<'"]),
    ("deep nesting", "scenario.yaml", whole(DEEP), ["deeper than 20 levels"]),
    # the file itself
    ("tabs", "market.yaml", swap("  radius_km", "\tradius_km"), ["tab in the indentation", "Use spaces"]),
    ("two documents", "scenario.yaml", again("---\nname: y"), ["a second document", "Keep one document"]),
    ("list at the root", "scenario.yaml", whole("- a\n- b\n"), ["a list at the top", "one mapping"]),
    ("a word", "scenario.yaml", whole("hello\n"), ["a single value at the top"]),
    ("empty", "scenario.yaml", whole(""), ["empty file"]),
    ("comments only", "scenario.yaml", whole("# nothing\n"), ["empty file"]),
    ("UTF-16", "scenario.yaml", lambda t: str(t).encode("utf-16"), ["UTF-16", "Save the file as UTF-8"]),
    ("CP949", "scenario.yaml", whole("name: x\ntitle: 서울\n".encode("cp949")), ["is not UTF-8", "CP949"]),
    ("NUL", "scenario.yaml", whole(b"name: x\ntitle: a\0b\n"), ["NUL byte"]),
    ("control character", "scenario.yaml", whole("name: x\ntitle: a\x1b[31mb\n"), [r"control character U\+001B"]),
    ("open quote", "scenario.yaml", value("title", '"The rival'), ["not readable as YAML", "Check|Close"]),
    ("wrong indentation", "market.yaml", swap("  radius_km", "   radius_km"), ["not readable as YAML", "indentation"]),
    ("too large", "scenario.yaml", whole("name: x\n" + "# filler\n" * 150_000), ["larger than 1,000,000 bytes"]),
    ("too many values", "scenario.yaml", whole("x: [" + "1," * 210_000 + "1]\n"), ["more than 200,000 values"]),
    ("key that is a list", "scenario.yaml", whole("? [a, b]\n: c\n"), ["a key that is no single word"]),
    ("dot in a key", "market.yaml", after("segments", "  a.b: {}"), ["not usable as a key"]),
    # scenario and strategy
    ("unknown quantity", "scenario.yaml", value("what", "rival_prices"), [r"interventions\[0\]\.what = 'rival_prices'", "Did you mean 'rival_price'"]),
    ("set and times", "scenario.yaml", after("    times", "    set: 2"), [r"interventions\[0\]", "both 'set' and 'times'"]),
    ("neither set nor times", "scenario.yaml", drop("times"), [r"interventions\[0\]", "neither 'set' nor 'times'"]),
    ("ends before it begins", "scenario.yaml", value("to_day", "3"), [r"interventions\[0\]\.to_day = 3", "not after from_day = 7"]),
    ("unknown store", "scenario.yaml", after("    times", "    stores: [S99]"), [r"stores\[0\] = 'S99'", "no such store", "S01 to S24"]),
    ("unknown zone", "scenario.yaml", after("    times", "    zones: [999]"), [r"zones\[0\] = 999", "0 to 47"]),
    ("unknown category", "scenario.yaml", after("    times", "    categories: [skincar]"), [r"categories\[0\] = 'skincar'", "no such category"]),
    ("unknown channel", "scenario.yaml", after("    times", "    channels: [shop]"), [r"channels\[0\] = 'shop'", r"web \| store"]),
    ("capability unnamed", "scenario.yaml", value("what", "capability"), ["no capability named"]),
    ("half open", "scenario.yaml", lambda t: value("times", "0.5")(str(value("what", "store_open")(t))), ["'store_open' is on or off", "set: 1"]),
    ("no sign", "scenario.yaml", again("expect:\n  orders: up"), ["scenario.expect.orders = 'up'", "'\\+'"]),
    ("typo in an intervention", "scenario.yaml", swap("    times:", "    time:"), [r"interventions\[0\]\.time: unknown key", "Did you mean 'times'"]),
    ("scenario key", "scenario.yaml", again("strategy: omo"), ["scenario.strategy: unknown key"]),
    ("unknown capability", "strategy.yaml", swap("  bopis:", "  bopi:"), ["no such capability", "Did you mean 'bopis'"]),
    ("unknown level", "strategy.yaml", swap("promise_h", "promis_h"), ["'bopis' has no such level", "Did you mean 'promise_h'"]),
    ("level out of range", "strategy.yaml", value("latency_s", "-1"), ["levels.latency_s = -1", "too small"]),
    ("needs another", "strategy.yaml", swap("  bopis:\n    enabled: true", "  bopis:\n    enabled: false"), ["'fitting_pickup' needs 'bopis'"]),
    ("unknown default", "strategy.yaml", again("defaults:\n  - capability@capabilities.x: bopiss"), ["no 'bopiss' in strategy/capability", "Did you mean 'bopis'"]),
]  # fmt: skip


@pytest.mark.parametrize(("file", "edit", "words"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_bad_file_is_refused(shop, omosim, started, file: str, edit: Edit, words: list[str]) -> None:
    good = (shop / file).read_text(encoding="utf-8")
    bad = edit(good)
    (shop / file).write_bytes(bad if isinstance(bad, bytes) else bad.encode("utf-8"))
    group = file.removesuffix(".yaml")
    answer = omosim("run", f"{group}={file}")
    refused(answer, started, words)
    assert re.search(rf"^  {file}(:\d+)?: ", answer.err, re.MULTILINE), answer.err


def refused(answer, started, words: list[str]) -> None:
    """Exit code 2, nothing started, no traceback, nothing on stdout, and every word there."""
    assert answer.code == 2, answer
    assert not started
    assert "Traceback" not in answer.err
    assert answer.out == ""
    assert "nothing was run" in answer.err
    for word in words:
        assert re.search(word, answer.err), f"{word!r} not in\n{answer.err}"


WORDS: list[tuple[str, list[str], list[str]]] = [
    ("typo in a key", ["run", "shopers=500"], ["shopers = '500': unknown key", "Did you mean 'shoppers'"]),
    ("typo below", ["run", "network.stores.pickerz=2"], ["network.stores has no 'pickerz'", "Did you mean 'network.stores.pickers'"]),
    ("key of another place", ["run", "pickers=2"], ["Did you mean 'network.stores.pickers'"]),
    ("unknown strategy", ["run", "strategy=omoo"], ["strategy = 'omoo': no such strategy", "Did you mean 'omo'"]),
    ("unknown market", ["run", "market=soul_beauty"], ["no such market", "Did you mean 'seoul_beauty'"]),
    ("unknown scenario", ["run", "scenario=flashsale"], ["no such scenario", "Did you mean 'flash_sale'"]),
    ("unknown engine", ["run", "engine.fulfilment=fast"], ["engine.fulfilment = 'fast'", r"kernel \| reference"]),
    ("no file", ["run", "market=nowhere/market.yaml"], ["nowhere/market.yaml: no such file"]),
    ("a folder", ["run", "market=./"], ["./: is a folder"]),
    ("thousands", ["run", "shoppers=5,000"], ["shoppers = '5,000': several values", "Write shoppers=5000"]),
    ("sweep without the flag", ["run", "seed=1,2,3"], ["seed = '1,2,3': several values", "--multirun"]),
    ("negative seed", ["run", "seed=-1"], ["seed = -1: too small", "from 0 to"]),
    ("huge seed", ["run", "seed=99999999999999999999"], ["seed = 99999999999999999999: too large"]),
    ("half a day", ["run", "days=2.5"], ["days = 2.5: not a whole number", "Write 2 or 3"]),
    ("no day", ["run", "days=0"], ["days = 0: too small"]),
    ("exponent", ["run", "shoppers=2e4"], ["shoppers = 20000.0: not a whole number", "Write 20000"]),
    ("full-width", ["run", "days=２８"], ["days = '２８'", "ordinary digits: 28"]),
    ("leading zero", ["run", "seed=007"], ["seed = '007'", "leading zero: 7"]),
    ("nan", ["run", "market.geography.radius_km=nan"], ["radius_km = nan", "finite number"]),
    ("word", ["run", "days=many"], ["days = 'many'", "Write a number"]),
    ("no for a flag", ["run", "output.touches=no"], ["output.touches = 'no'", "Write false"]),
    ("long warm-up", ["run", "days=28", "burn_in_days=60"], ["burn_in_days = 60: longer than the measured window", "burn_in_days=28"]),
    ("negative warm-up", ["run", "burn_in_days=-1"], ["burn_in_days = -1: too small"]),
    ("no equals sign", ["run", "shoppers"], ["'shoppers': is not key=value", "Did you mean 'shoppers=…'"]),
    ("given twice", ["run", "seed=1", "seed=2"], ["seed = '2': given twice", "the other is seed=1"]),
    ("environment", ["run", "market.title=${oc.env:HOME}"], ["reference", "Write the value itself"]),
    ("hydra", ["run", "hydra.run.dir=x"], ["hydra.run.dir = 'x': is not set here", "output.dir=DIR"]),
    ("_target_", ["run", "+market._target_=os.system"], ["market._target_ = 'os.system'", "never code"]),
    ("future layout", ["run", "schema_version=2"], ["schema_version = 2", "another version"]),
    ("unknown segment", ["run", "market.segments.yung_mobile.share=.3"], ["no 'yung_mobile' in market.segments", "'young_mobile'"]),
    ("unknown capability", ["run", "strategy.capabilities.bopiss=false"], ["no such capability", "Did you mean 'bopis'"]),
    ("level without capability", ["run", "strategy=store_only", "strategy.capabilities.bopis.levels.fee=1"], ["has no capability 'bopis'", "bopis=true"]),
    ("unknown level", ["run", "strategy.capabilities.bopis.levels.feee=1"], ["'bopis' has no such level", "Did you mean 'fee'"]),
    ("pulls the floor away", ["run", "strategy.capabilities.bopis=false", "strategy.capabilities.fitting_pickup=true"], ["'fitting_pickup' needs 'bopis'"]),
    ("open bracket", ["run", "network.carrier.waves=[10:30"], ["network.carrier.waves", "cannot be read"]),
    ("strategy in compare", ["compare", "strategy=omo"], ["compare takes several strategies", r"strategies=\[o2o,omo\]"]),
    ("unknown arm", ["compare", "strategies=[o2o,omno]"], ["strategies = 'omno': no such strategy", "Did you mean 'omo'"]),
    ("baseline not an arm", ["compare", "strategies=[o2o,omo]", "baseline=store_only"], ["baseline = 'store_only': not among the strategies"]),
    ("arm twice", ["compare", "strategies=[o2o,omo,omo]"], ["stands twice"]),
    ("one arm as a word", ["compare", "strategies=omo"], ["strategies = 'omo': is not a list", r"brackets: \[a, b\]"]),
    ("one replication", ["compare", "replications=1"], ["replications = 1: too small"]),
    ("no precision", ["compare", "precision=0"], ["precision = 0: too small"]),
    ("no jobs", ["compare", "jobs=0"], ["jobs = 0: too small"]),
    ("compare's key in run", ["run", "replications=3"], ["replications = '3': unknown key"]),
    ("orders missing", ["calibrate"], ["orders: missing", "Add orders=VALUE"]),
    ("orders not there", ["calibrate", "orders=none.csv"], ["orders = 'none.csv': no such file"]),
    ("one arm alone", ["compare", "strategies=[omo]", "baseline=omo"], ["one strategy alone", "omosim run"]),
    ("nobody picks in the centre", ["run", "network.work.centre_pickers=0"], ["centre_pickers = 0: nobody picks", "'web_shop'"]),
    ("nobody picks in stores", ["run", "strategy=o2o", "network.stores.pickers=0"], ["pickers = 0: nobody picks", "'bopis'"]),
    ("weights without end", ["run", "market.demand.day_of_week=[1e308,1,1,1,1,1,1]"], ["day_of_week.* = 1e\\+308: too large", "1 is the usual pace"]),
    ("a zone of this machine", ["run", "market.timezone=localtime"], ["timezone = 'localtime': no such time zone"]),
    ("capability by number", ["run", "strategy.capabilities.bopis=0"], ["switched by true or false", "strategy.capabilities.bopis=false"]),
    ("rent beyond books", ["run", "network.stores.rent_per_day=1000000000000"], ["rent_per_day = 1000000000000: too large"]),
    ("explain what", ["explain", "pickerz"], ["'pickerz': no such setting", "network.stores.pickers"]),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), [row[1:] for row in WORDS], ids=[row[0] for row in WORDS])
def test_bad_words_are_refused(tmp_path: Path, monkeypatch, omosim, started, call: list[str], words: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    refused(omosim(*call), started, words)


CHANGES = [
    ("what: staff, set: 0.5, from_day: 0", ["set = 0.5: 'staff' is counted in whole numbers", "times: FACTOR"]),
    ("what: bins, set: 0, stores: [S01], from_day: 0", ["set = 0: 0 bins stand for as many as are needed", "close the offer"]),
    ("what: price, times: 0, from_day: 0", ["times = 0: goods for nothing"]),
    ("what: price, set: -5, from_day: 0", ["set = -5: below 0"]),
    ("what: rival_price, times: 1.1, stores: [S01], from_day: 0", ["'rival_price' cannot be narrowed by stores", "or drop stores", "zones, categories"]),
    ("what: delivery_cost, times: 1.1, stores: [S01], from_day: -3650", ["cannot be narrowed by stores", "Drop stores"]),
    ("what: staff, times: 2, from_day: 0, ab: {name: x, share: 0.5}", [r"\.ab: 'staff' cannot be narrowed by ab", "the same for all"]),
    ("what: price, times: 0.9, from_day: 0, ab: {name: x, share: 1.5}", [r"ab\.share = 1\.5: too large"]),
    ("what: price, times: 0.9, from_day: 0, ab: {share: 0.5}", [r"ab\.name: .*missing"]),
    ("what: price, times: 0.9, from_day: 0, ab: {name: 'a b', share: 0.5}", ["not a plain word"]),
    ("what: price, times: 0.9, from_day: 0, ab: {name: x, share: 0.5, group: control}", ["whom no change reaches"]),
    ("what: price, times: 0.9, from_day: 0, ab: {name: x, shares: 0.5}", [r"ab\.shares: unknown key", "Did you mean 'share'"]),
    ("what: price, times: 0.9, from_day: 0, segments: [famly]", [r"segments\[0\] = 'famly': no such segment", "Did you mean 'family'"]),
    ("what: media, times: 2, from_day: 0, touchpoints: [emial]", ["no such touchpoint", "Did you mean 'email'"]),
    ("what: media, times: 2, from_day: 0, touchpoints: [email, email]", ["email stands twice"]),
    ("what: capability, capability: ship_from_store, set: 1, from_day: 0, ab: {name: x, share: 0.5}", ["acts on the network", "Drop ab"]),
    ("what: level, capability: stock_feed, level: publish_s, set: 600, from_day: 0, segments: [family]", ["level 'publish_s' of 'stock_feed' acts on the network"]),
    ("what: level, capability: live_commerce, level: intensit, set: 0.2, from_day: 0", [r"level = 'intensit'", "Did you mean 'intensity'"]),
    ("what: level, capability: live_commerce, level: intensity, set: 9, from_day: 0", ["set = 9: not a value of 'intensity'", "0 to 2"]),
    ("what: level, capability: live_commerce, set: 1, from_day: 0", ["no level named", "intensity"]),
    ("what: price, level: rate, times: 0.9, from_day: 0", ["has no meaning for what: 'price'"]),
    ("what: accuracy, set: 0.5, channels: [store], from_day: 0", ["goods themselves are seen"]),
    ("what: accuracy, set: 2, from_day: 0", ["set = 2: too large", "0 to 1"]),
    ("what: assortment, times: 0.5, from_day: 0", ["'assortment' has no factor", "set: NEW VALUE"]),
    ("what: assortment, set: 0.5, from_day: 0, ab: {name: x, share: 0.5}", ["shelves are the same for all", "Name channels on line"]),
    ("what: assortment, set: 0, items: [0, 99999], categories: [masks], from_day: 0", ["no item 99999 in 'masks'", "0 to "]),
    ("what: assortment, set: 0, items: [0], from_day: 0", ["items are places in a category"]),
    ("what: assortment, set: 0, stores: [S01], channels: [web], from_day: 0", ["stores are not on line"]),
    ("what: reach_growth, set: 0.5, channels: [social], from_day: 0", ["'reach_growth' has no absolute value"]),
    ("what: rival_store, set: 1, from_day: 0", ["no zones named"]),
    ("what: rival_store, set: 0.5, zones: [2], from_day: 0", ["'rival_store' is on or off"]),
    ("what: lead_time, times: 2, categories: [masks], from_day: 0", ["cannot be narrowed by categories", "zones"]),
    ("what: misfit, times: 2, from_day: 0", ["'misfit' holds for a whole run", "from_day: -3650"]),
    ("what: goods_cost, set: 2, from_day: -3650", ["'goods_cost' has no absolute value", "times: FACTOR"]),
    ("what: store_open, set: 0, from_day: 0", ["no stores named", r"stores: \[S01"]),
    ("what: staff, times: 2, stores: [S01, S01], from_day: 0", ["S01 stands twice"]),
]


@pytest.mark.parametrize(("row", "words"), CHANGES, ids=[row for row, _ in CHANGES])
def test_changes_that_cannot_be_carried_out_are_refused(shop, omosim, started, row: str, words: list[str]) -> None:
    (shop / "mine.yaml").write_text(f"name: mine\ntitle: mine\ninterventions:\n  - {{{row}}}\n", encoding="utf-8")
    refused(omosim("run", "scenario=mine.yaml"), started, [r"mine\.yaml:4", *words])


def test_groups_that_do_not_fit_together_are_refused(shop, omosim, started) -> None:
    rows = "".join(f"  - {{what: fee, times: 0.5, from_day: 0, ab: {{name: x, group: {group}, share: {share}}}}}\n"
                   for group, share in (("a", 0.5), ("b", 0.4), ("a", 0.3), ("c", 0.2)))  # fmt: skip
    (shop / "mine.yaml").write_text(f"name: mine\ntitle: mine\ninterventions:\n{rows}", encoding="utf-8")
    words = [r"mine\.yaml:6.*group 'a' of 'x' has the share 0\.5 above", r"mine\.yaml:7.*the groups of 'x' add up to 1\.1"]
    refused(omosim("run", "scenario=mine.yaml"), started, words)


def test_a_further_store_can_be_opened_at_a_place(shop, omosim) -> None:
    rows = "  - {what: store_open, set: 1, stores: [S30], zones: [3], from_day: 2}\n  - {what: staff, times: 2, stores: [S30], from_day: 4}\n"
    (shop / "mine.yaml").write_text(f"name: mine\ntitle: mine\ninterventions:\n{rows}", encoding="utf-8")
    answer = omosim("run", "scenario=mine.yaml", "--cfg", "job")
    assert answer.code == 0, answer.err


def test_a_pipe_is_no_configuration(shop, omosim, started) -> None:
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(shop / "pipe.yaml")
    refused(omosim("run", "scenario=pipe.yaml"), started, ["is no ordinary file"])


def test_all_problems_come_at_once(shop, omosim, started) -> None:
    """Three planted in three places, one of them in a rule between keys: three reported."""
    market = (shop / "market.yaml").read_text(encoding="utf-8")
    market = str(value("radius_km", "six")(market))
    market = str(value("closes", '"09:00"')(market))
    (shop / "market.yaml").write_text(market, encoding="utf-8")
    answer = omosim("run", "market=market.yaml", "shopers=5")
    refused(answer, started, ["^3 problems; nothing was run", "shopers", "radius_km = 'six'", "closes = '09:00'"])


def test_line_numbers_are_those_of_the_file(shop, omosim) -> None:
    text = (shop / "market.yaml").read_text(encoding="utf-8")
    bad = str(value("waves", '["11:00", "25:10"]')(str(value("pickers", "-3")(text))))
    (shop / "market.yaml").write_text(bad, encoding="utf-8")
    lines = bad.splitlines()
    answer = omosim("run", "market=market.yaml")
    for key in ("pickers", "waves"):
        line = 1 + next(i for i, row in enumerate(lines) if row.strip().startswith(key + ":"))
        assert f"market.yaml:{line}: network." in answer.err


def test_the_first_twenty_are_shown_and_the_rest_counted(shop, omosim) -> None:
    lines = "\n".join(f"wrong_{i}: 1" for i in range(33))
    (shop / "market.yaml").write_text(
        (shop / "market.yaml").read_text(encoding="utf-8") + lines + "\n", encoding="utf-8"
    )
    answer = omosim("run", "market=market.yaml")
    assert answer.err.startswith("33 problems")
    assert answer.err.count("unknown key") == 20
    assert "and 13 more (13 in market.yaml)" in answer.err


def test_errors_cannot_steer_the_terminal(shop, omosim) -> None:
    """Escape sequences and bidirectional marks in values are shown as codes."""
    text = (shop / "scenario.yaml").read_text(encoding="utf-8")
    (shop / "scenario.yaml").write_text(str(value("what", '"\\e[31mred\\u202e"')(text)), encoding="utf-8")
    answer = omosim("run", "scenario=scenario.yaml")
    assert answer.code == 2
    assert "\x1b" not in answer.err and "\u202e" not in answer.err
    assert "\\x1b[31mred\\u202e" in answer.err


def test_problems_of_two_files_are_told_together(shop, omosim) -> None:
    for file, key in (("market.yaml", "radius_km"), ("strategy.yaml", "capital")):
        text = (shop / file).read_text(encoding="utf-8")
        (shop / file).write_text(str(value(key, "much")(text)), encoding="utf-8")
    answer = omosim("run", "market=market.yaml", "strategy=strategy.yaml")
    assert answer.err.startswith("2 problems")
    assert "market.yaml:" in answer.err and "strategy.yaml:" in answer.err


def test_users_configs_folder_is_read_strictly(shop, omosim, started) -> None:
    """A group option in ./configs is data too."""
    (shop / "configs" / "engine").mkdir(parents=True)
    (shop / "configs" / "engine" / "fast.yaml").write_text("fulfilment: ${oc.env:HOME}\n", encoding="utf-8")
    refused(omosim("run", "engine=fast"), started, [r"configs/engine/fast.yaml:1: fulfilment", "reference"])


def test_through_a_process_of_its_own(shop) -> None:
    """The same through the shell's eyes: exit code 2, words on stderr, no traceback."""
    import os
    import subprocess
    import sys

    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "omosim.cli.main", "run", "shopers=5", "days=-1"],
        capture_output=True,
        text=True,
        env=env,
        cwd=shop,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("2 problems; nothing was run")
    assert "Traceback" not in done.stderr
    assert not (shop / "outputs").exists()
