"""Answers of studies in Korean, over the branches of the functions that make them: no sentence stays half English."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from omosim.reports.language import say, using
from omosim.study import flip_words, value_words, verdicts
from omosim.study.attribute_summary import _all_paid, _earns, _near, _no_budget, _says
from omosim.study.uncertain import NOISE
from omosim.validation import readings

UNIT = "minor KRW"
#: words that stay: names of strategies, capabilities and keys, codes, names of methods
STAY = re.compile(r"`[^`]*`|(?<![A-Za-z])(?:o2o|omo|live_commerce|push|cap\d|KRW|Morris|Sobol|Kim|Nelson|Markov|Shapley|TV|replications|indifference|strategy|a|b)(?![A-Za-z])|[a-z_]+\.[a-z_]+(?:\.[a-z_]+)*")


def future(strategy: str, share: float, low: float | None, high: float | None, regret: float = 1.0, points: int = 24) -> dict[str, Any]:
    return {"strategy": strategy, "points": points, "share_best": share, "share_best_low": low, "share_best_high": high, "regret": regret, "regret_worst_decile": 5e5}


def studied(better: int = 20, told: int = 4, mean: float = 1e6, low: float | None = 1e5, high: float | None = 2e6, **more: Any) -> dict[str, Any]:
    return {"strategy": "omo", "baseline": "o2o", "points": {"better": better, "worse": 0, "cannot_tell": told}, "gain": {"mean": mean, "ci_low": low, "ci_high": high}, "method": "linear fit", "sensitivity": [], "tornado": [], "box": None, "needed": None, **more}


def of_sweeps() -> Iterator[str]:
    over_all = [
        [future("o2o", 0.2, 0.1, 0.3, 2e5), future("omo", 0.8, 0.6, 0.9, 1e4)], [future("o2o", 0.2, 0.1, 0.3, 1e3), future("omo", 0.8, 0.6, 0.9, 1e4)],
        [future("o2o", 0.45, 0.3, 0.6), future("omo", 0.55, 0.3, 0.7)], [future("o2o", 0.45, None, None), future("omo", 0.55, None, None)], [future("omo", 1, 1, 1)], [],
    ]  # fmt: skip
    gains = [studied(), studied(mean=-5e5, low=-1e6, high=-2e5), studied(low=-1e5), studied(low=None, high=None), studied(low=None, high=None, told=0), studied(told=0)]
    for what, rows, gain in itertools.product(("futures", "points"), over_all, gains):
        yield verdicts.answer(rows, [gain], "o2o", UNIT, what) + " Money is over 14 days, 2,000 of the retailer's 500,000 shoppers."
    single = [future("omo", 1, None, None, points=1), future("o2o", 0, None, None, points=1)]
    yield from (verdicts.answer(single, [row], "o2o", UNIT, "points") for row in (studied(), studied(better=0)))
    for of, told, text in itertools.product(("loses", "wins"), (4, 80), ("network.stores.count at most 12", "network.stores.count below 12.5 and market.choice.wait_per_day from 0.001 to 0.002")):
        yield verdicts.box_words(studied(told=told, box={"of": of, "limits": [1], "text": text, "coverage": 0.8, "density": 0.7}), "futures")
        yield verdicts.box_words(studied(box={"of": of, "limits": []}), "futures")
    top, noise = {"input": "network.stores.count", "effect": 0.6, "ci": 0.1, "first": 0.5, "p_value": 1e-4}, {"input": NOISE, "effect": 0.1, "ci": None, "first": None, "p_value": None}
    for method in ("linear fit", "morris", "saltelli"):
        yield verdicts.first_thing(studied(method=method, sensitivity=[top, noise], tornado=[{"input": "network.stores.count", "low": -1, "high": 1, "flips_at": 12.3}]))
        yield verdicts.first_thing(studied(method=method, sensitivity=[{**top, "p_value": 0.9, "effect": 0.05}, noise]))
    yield verdicts.first_thing(studied(sensitivity=[top]))
    yield from (verdicts.needed_words(studied(needed={"pairs": n, "have": 4, "points": 6, "half_width": 1e5}), 1, "DIR", UNIT) for n in (None, 40, 40_000))


def of_values() -> Iterator[str]:
    row = lambda name, value, verdict: {"capability": name, "per_year": value, "verdict": verdict, "change": "added"}
    values = [
        [row("live_commerce", 5e4, "better"), row("push", 2e4, "better"), row("the other 13", 1e3, "better")], [row("live_commerce", 5e4, "better"), row("push", -2e4, "worse"), row("the other 13", -1e3, "worse")],
        [row("live_commerce", 5e4, "cannot_tell"), row("the other 13", -1e3, "cannot_tell")], [*(row(f"cap{i}", 1e4, "better") for i in range(6)), row("push", -2.0, "worse")], [row("the other 13", -5.0, "worse")],
    ]  # fmt: skip
    steps: list[list[dict[str, Any]]] = [[]]
    for name, ends, verdict, (second, lead) in itertools.product(("live_commerce", "live_commerce with push", "the other 13"), ((1.0, 200.0), (None, None)), ("better", "worse", "cannot_tell"), (("", None), ("push", -1), ("the other 13", -1))):
        steps.append([{"capability": name, "gain": 100.0, "ci_low": ends[0], "ci_high": ends[1], "verdict": verdict, "runner_up": second, "lead_low": lead}])
    for low, shoppers, rows, ladder in itertools.product((5.0, -5.0, None), (500, 2000), values, steps):
        known = low is not None
        total = {"per_year": 1e6, "per_year_low": 1e5 if known else None, "per_year_high": 2e6 if known else None, "ci_low": low, "ci_high": 9.0 if known else None}
        yield value_words.answer({"from": "o2o", "to": "omo", "unit": "KRW", "days": 14, "total": total, "values": rows, "ladder": ladder, "shoppers": shoppers, "shoppers_of_retailer": 2000})


def of_maps() -> Iterator[str]:
    stores = {"key": "network.stores.count", "unit": "stores", "whole": True, "low": 5, "high": 40}
    wait = {"key": "market.choice.wait_per_day", "unit": "1", "whole": False, "low": 5, "high": 40}
    stretch = lambda winner, low, high: {"winner": winner, "low": low, "high": high}
    one = {"below": "o2o", "above": "omo", "low": 14.0, "high": 20.0, "value": 17.0, "ci_low": 15.0, "ci_high": 19.0}
    two = {**one, "low": 25.0, "high": 30.0, "value": 27.0, "ci_low": 26.0, "ci_high": 28.0}
    lines = [
        ([stretch(None, 5, 40)], []), ([stretch("omo", 5, 40)], []), ([stretch("o2o", 5, 14), stretch("omo", 20, 40)], [one]), ([stretch(None, 5, 10), stretch("o2o", 12, 14), stretch("omo", 20, 40)], [one]),
        ([stretch("o2o", 5, 14), stretch("omo", 20, 25), stretch("o2o", 30, 40)], [one, two]), ([stretch("o2o", 5, 14), stretch("omo", 20, 25), stretch(None, 25, 40)], [one]),
        ([stretch("o2o", 5, 14), stretch(None, 14, 20), stretch("omo", 20, 40)], []), ([stretch(None, 5, 10), stretch("omo", 12, 12), stretch(None, 12, 40)], []),
    ]  # fmt: skip
    shares = [{"o2o": 0.3, "omo": 0.5, "cannot_tell": 0.2}, {"o2o": 0.0, "omo": 1.0, "cannot_tell": 0.0}, {"o2o": 0.0, "omo": 0.0, "cannot_tell": 1.0}]
    for axis, (stretches, flips), ends in itertools.product((stores, wait), lines, ((1e3, 2e4), (None, None))):
        line = {"stretches": stretches, "flips": flips, "axis": 0, "first": True, "fixed": None}
        at = [{"value": v, "best": "omo", "second": "o2o", "margin": 12345.0, "ci_low": ends[0], "ci_high": ends[1]} for v in (5.0, 40.0)]
        flat = {"unit": "KRW", "ranges": [axis], "lines": [line], "ends": at, "confidence": 0.99, "shoppers": 100, "shoppers_of_retailer": 2000, "shares": {}}
        yield flip_words.answer(flat)
        for share, other in itertools.product(shares, (stores, wait)):
            yield flip_words.answer({**flat, "ranges": [axis, other], "lines": [{**line, "fixed": f} for f in (5.0, 40.0)], "shares": share})


def of_attribution() -> Iterator[str]:
    titles = {"search_ads": "Search ads", "tv": "Flyers and TV", "display": "Display ads and retargeting"}
    why = "the model credits none of the touchpoints that count: no shares"
    for low, reason in ((0.4, ""), (None, ""), (0.4, why)):
        rows = [{"model": m, "level": "market", "share_error": None if reason and m == "last_touch" else 0.5, "share_error_low": low, "share_error_high": None if low is None else 0.6, "reason": reason if m == "last_touch" else ""} for m in ("first_touch", "last_touch", "markov")]
        for sure, same in ((True, []), (False, ["first_touch", "last_touch"]), (False, [])):
            yield _near({"model": "markov", "not_told_from": same, "sure": sure, "touchpoints": 9}, rows)
    yield _near(None, [{"model": "linear", "level": "market", "reason": "no pair of runs is complete"}])
    for value, low, high in ((0.021, 0.01, 0.03), (0.02, -0.01, 0.03), (0.02, None, None), (0.0, 0.0, 0.0)):
        yield _says({"title": "Search ads", "credit": 0.2, "true": value, "low": low, "high": high})
        for names, all_paid in ((["search_ads", "tv", "display"], True), (["search_ads", "tv", "display"], False), (["tv"], False)):
            yield _all_paid({"paid_together": {"revenue": value, "low": low, "high": high, "touchpoints": names, "all_paid": all_paid, "credit": {"markov": 0.3}}, "net_revenue": 1.0}, {"model": "markov"}, titles)
    shift = {"money": 1000.0, "from": "search_ads, tv", "to": "display", "promised_gross_profit": 5e4, "earned_gross_profit": -100.0, "earned_gross_profit_low": -500.0, "earned_gross_profit_high": 200.0, "unit": UNIT, "reason": ""}
    none = {"money": None, "reason": "no paid touchpoint has any credit"}
    for mine, true in itertools.product(({}, {"from": "tv", "earned_gross_profit_high": -50.0}, {"earned_gross_profit": None}, none), ({}, {"from": "display", "to": "tv"}, {**none, "reason": "no paid touchpoint has an effect"})):
        yield _earns({"model": "markov"}, [{**shift, "model": "markov", "level": "market", **mine}, {**shift, "model": "truth", "level": "truth", **true}], titles)
    yield from (_no_budget({"media_cost": cost}) for cost in (0, 1))


def of_claims() -> Iterator[str]:
    row = lambda finding, fitted=False: {"finding": finding, "simulated_causal": 0.1, "simulated_raw": 0.3, "fitted": fitted, "form": "change"}
    every = [row(f) for f in ("reached", "part", "part_or_more", "next_to_nothing", "opposite", "effect", "cannot_tell", "cannot_speak")]
    for rows in (every, [*every, row("reached", True)], [row("reached", True)] * 2, every[-1:], every[-1:] * 2, [every[1], *every[-1:] * 2], every[:1]):
        yield readings.answer(rows)


@pytest.mark.parametrize("made", [of_sweeps, of_values, of_maps, of_attribution, of_claims])
def test_no_answer_stays_english_in_any_part(made: Any) -> None:
    sentences = {s for text in made() if text for s in re.split(r"(?<=[.!?]) ", text)}
    assert len(sentences) > 8
    with using("ko"):
        left = {s: told for s in sorted(sentences) if re.search(r"[A-Za-z]{2}", STAY.sub("", told := say(s)))}
    assert left == {}


def test_every_figure_of_an_answer_stands_in_korean_too() -> None:
    figures = lambda text: sorted(re.findall(r"[-+]?\d[\d,.]*\d|\d", text.replace("o2o", "")))
    with using("ko"):
        for text in {*of_sweeps(), *of_maps(), *of_attribution()} - {""}:
            assert set(figures(text)) <= set(figures(say(text))), text


def test_every_finding_has_words_on_the_screen_and_the_page() -> None:
    from omosim.reports.claims_screen import FINDINGS

    assert set(FINDINGS) == set(readings.FINDINGS)
    with using("ko"):
        assert all(say(words) != words and say(words.capitalize()) != words.capitalize() for words in FINDINGS.values())


# ---- shipped claims and experiments ----
CONFIGS = Path(__file__).parents[2] / "configs"
#: words that stay in them: names of firms, scenarios, keys and commands
NAMED = re.compile(r"\bomosim [a-z]+(?: [a-z_.]+=[a-z]+)?|[a-z]+_[a-z_]+|\b[a-z_]+/[a-z_/.]+\.yaml|(?:Animals Matter|Filling Pieces|Aje|ICSC|IKEA|KRW|SE|km|Halo effect studies|o2o|sd|pp|V\d+|N\d+)(?![a-z])|3D")


def shipped(group: str) -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((CONFIGS / group).glob("*.yaml"))]


def test_every_word_of_a_shipped_claim_is_korean_in_every_reading() -> None:
    """Texts of the files, and the sentences that are made of them, over the branches of `readings.reading`."""
    from omosim.validation.claim import Row
    from omosim.validation.effects import Estimate

    def estimate(value: float | None, low: float | None = None, high: float | None = None, reason: str = "") -> Estimate:
        return Estimate(value, low, high, reason=reason, replications=12)

    texts: set[str] = set()
    for claim in shipped("claim"):
        texts |= {claim["title"], *(f"Read in: {claim[k]}." for k in ("scenario",) if claim.get(k))} | ({f"Assumed: {'; '.join(claim['assumed'])}."} if claim.get("assumed") else set())
        for one in claim["rows"]:
            row = Row.model_validate(one)
            texts |= {row.claim, *([row.note] if row.note else [])}
            for raw, causal, anyway in itertools.product((0.5, None), ((0.1, 0.05, 0.2), (0.6, 0.4, 0.9), (0.1, -0.1, 0.3), (0.001, -0.002, 0.003), (-0.3, -0.4, -0.2), (None, None, None)), (0.2, None)):
                texts.add(readings.reading(row, "share", estimate(raw, reason="no orders"), estimate(*causal), estimate(anyway), 0.7))
    sentences = {s for text in texts for s in re.split(r"(?<=[.!?]) ", text)}
    assert len(sentences) > 150
    with using("ko"):
        left = {s: told for s in sorted(sentences) if re.search(r"[A-Za-z]{2}", NAMED.sub("", told := say(s)).replace("no orders", ""))}
    assert left == {}


def test_every_title_and_figure_of_a_shipped_experiment_is_korean() -> None:
    texts = {str(t) for e in shipped("experiment") for t in (e["title"], e.get("published"), e.get("horizon"), *(o["name"] for o in e["outcomes"])) if t}
    texts |= {o["note"] for e in shipped("experiment") for o in e["outcomes"] if o.get("note")}
    with using("ko"):
        left = {t: told for t in sorted(texts) if re.search(r"[A-Za-z]{2}", NAMED.sub("", told := say(t)))}
    assert left == {}
