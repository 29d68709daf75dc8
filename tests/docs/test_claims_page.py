"""Every command of docs/claims.md runs in small, and the page tells every finding."""

import re
from pathlib import Path

from omosim.validation.readings import FINDINGS
from tests.docs.test_readme import omosim

PAGE = (Path(__file__).parents[2] / "docs" / "claims.md").read_text(encoding="utf-8")
COMMANDS = [line.split("#")[0].strip() for line in re.search(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)[1].splitlines()]


def test_the_commands_work(tmp_path):
    (tmp_path / "my_claim.yaml").write_text(PAGE.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    assert len(COMMANDS) == 4
    for line in COMMANDS[1:]:  # all shipped claims compose in tests/validation/test_claims.py
        small = ("--cfg", "job") if "claims " in line and "list" not in line else ()
        done = omosim(line, tmp_path, *small)
        assert done.returncode == 0, done.stderr
        assert ("command: claims" if small else "N14") in done.stdout


def test_the_page_tells_every_finding():
    for name in FINDINGS:
        assert f"\n| {name} |" in PAGE, name
