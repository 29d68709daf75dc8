"""Claims: shipped files compose and say what they must, faults are told with their line, and no number of a claim is an input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omosim.config.errors import ConfigError
from omosim.model.run import run
from omosim.results import ResultFolder
from omosim.schema.settings import Settings
from omosim.validation.claims import claims, plan
from omosim.validation.validate import cells
from omosim.validation.worker import read

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(p.stem for p in (ROOT / "configs" / "claim").glob("*.yaml"))
OWN = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
#: numbers of the articles that are claims or patterns; inputs stand beside them
NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 23, 26]


def test_every_number_of_the_articles_has_a_file_that_composes(tmp_path: Path) -> None:
    assert {f"N{n}" for n in NUMBERS} == set(FILES)
    made = plan([], tmp_path)
    assert [claim.name for claim in made.claims] == [f"N{n}" for n in NUMBERS]
    for claim in made.claims:
        run_ = next((p for p in made.planned if p.experiment.name == claim.name), None)
        assert claim.source and (run_ is not None) == any(not row.silent for row in claim.rows), claim.name
        assert all(row.silent or row.claimed is None or row.raw for row in claim.rows)
    assert any(row.silent for claim in made.claims if claim.name == "N16" for row in claim.rows)


@pytest.mark.parametrize("name", [f for f in FILES if "outcomes:" in (ROOT / "configs" / "claim" / f"{f}.yaml").read_text(encoding="utf-8")])
def test_shipped_claims_run_three_days(name: str, tmp_path: Path) -> None:
    for text in cells(plan([f"claims={name}"], tmp_path)).full.values():
        asked = json.loads(text)
        settings = Settings.model_validate({**asked["settings"], "shoppers": 200, "days": 3, "burn_in_days": 2})
        found = read(run(settings), asked["readings"])
        assert [row["kpi"] for row in found] == [r["key"] for r in asked["readings"]]


def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setattr("omosim.validation.validate.ENTRY", "fake_claims:run")


def read_out(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    fake(monkeypatch)
    folder.mkdir()
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    made = plan(["claims=c.yaml", "replications=12", "jobs=1"], folder)
    result = ResultFolder.create("claims", made.hash, now=None, output_dir=str(folder / "out"))
    result.begin({"command": "claims", "argv": []}, made.yaml)
    return claims(made, result, code="test").rows


def test_the_way_from_raw_to_caused_on_runs_of_known_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up runs: the market grows by a tenth, the coupons cause +20 %; luck is shared by the arms, and by the days within 1 %."""
    sold, silent = read_out(OWN, tmp_path / "a", monkeypatch)
    assert sold["simulated_causal"] == pytest.approx(0.20, abs=0.005) and sold["ci_low"] < 0.20 < sold["ci_high"]
    assert sold["anyway"] == pytest.approx(0.10, abs=0.02) and sold["simulated_raw"] == pytest.approx(1.1 * 1.2 - 1, abs=0.02)
    assert sold["luckiest"] >= sold["simulated_raw"] and sold["finding"] == "part" and "is caused by the coupons" in sold["reading"]
    assert silent["finding"] == "cannot_speak" and silent["simulated_raw"] is None and silent["reason"] == "it asks nobody what he loves."


def test_no_number_of_a_claim_is_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (read_out(text, tmp_path / name, monkeypatch)[0] for name, text in (("a", OWN), ("b", OWN.replace("claimed: 1.0 ", "claimed: 0.05"))))
    numbers = ("simulated_raw", "simulated_causal", "ci_low", "ci_high", "raw_low", "raw_high", "anyway", "luckiest", "causal_part")
    assert {k: one[k] for k in numbers} == {k: other[k] for k in numbers} and one["finding"] == "part" and other["finding"] == "reached"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("measure: sales, statistic: change", "measure: salse, statistic: change"), "Did you mean 'sales'"),
        (("causal: causal ", "causal: casual "), "Did you mean 'causal'"),
        (("    causal_says: \"the coupons\"\n", ""), "what is switched has no words"),
        (("kind: CLM", "kind: CLAIM"), "kind"),
        (("    silent: \"it asks nobody what he loves.\"\n", ""), "nothing is read"),
        (("claimed: 1.0 ", "claimed: lots"), "claimed"),
        (("against: {when: [-56, 0]}}\n  - {name: anyway", "against: {when: [-99, 0]}}\n  - {name: anyway"), "days beyond the run"),
        (("rows:\n", "rows:\n  - {claim: sales double, silent: twice}\n"), "two rows have these words"),
        (("title:", "tilte:"), "Did you mean 'title'"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_file(change: tuple[str, str], told: str, tmp_path: Path) -> None:
    assert change[0] in OWN
    (tmp_path / "c.yaml").write_text(OWN.replace(*change, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        plan(["claims=c.yaml"], tmp_path)
    assert "c.yaml:" in str(wrong.value) and told in str(wrong.value), str(wrong.value)


def test_no_such_claim(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such claim"):
        plan(["claims=N99"], tmp_path)
