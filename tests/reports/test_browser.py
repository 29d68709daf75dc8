"""Reports opened from disk in a headless browser: nothing runs, nothing is asked of any server, nothing is complained about."""

from __future__ import annotations

import http.server
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import hostile_names
import pytest
import twin_samples
from hostile_names import FOLDERS, NAMES
from plan_sample import plan_folder

from omosim.reports.language import translate_page, using
from omosim.reports.twin_report import twin_page
from omosim.reports.write import report_html

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")]
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync", "--disable-component-update"]  # fmt: skip
#: every name but this machine's canary is unknown, as without a network
OFFLINE = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """An address that notes whoever asks for it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def opened(page: Path, profile: Path, *more: str) -> tuple[str, str]:
    """The document after loading, and what the browser wrote about it."""
    assert BROWSER is not None
    words = [BROWSER, *QUIET, *OFFLINE, f"--user-data-dir={profile}", "--enable-logging=stderr", "--v=0", "--virtual-time-budget=3000", *more, page.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout, done.stderr


def complaints(log: str) -> list[str]:
    return [line for line in log.splitlines() if "CONSOLE" in line]


def test_the_watch_sees_a_page_that_does_run_and_fetch(tmp_path: Path, canary: tuple[str, list[str]]) -> None:
    address, asked = canary
    page = tmp_path / "bad.html"
    page.write_text(f"<title>calm</title><img src='{address}/img'><script>document.title='ran';console.error('heard')</script>", encoding="utf-8")
    document, log = opened(page, tmp_path / "profile", "--dump-dom")
    assert asked == ["/img"] and "<title>ran</title>" in document and complaints(log)


def _page(kind: str, place: Path, names: list[str]) -> str:
    if kind == "twin":
        return translate_page(twin_page(**twin_samples.whole(" ".join(names)[:400], names[0], names[1], names[3], names[18])))
    return report_html(plan_folder(place, " ".join(names)) if kind == "bopis" else FOLDERS[kind](place))


@pytest.mark.parametrize("kind", [*FOLDERS, "bopis", "twin"])
def test_hostile_pages_are_calm(tmp_path: Path, canary: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    address, asked = canary
    names = [n.replace("http://x.test", address).replace("//x.test", address.removeprefix("http:")) for n in NAMES]
    names[1] = f"\"><img src={address}/img onerror=document.title='ran'>"
    names[18] = f"javascript:fetch('{address}/js')//](data:text/html,x)"
    monkeypatch.setattr(hostile_names, "NAMES", names)
    page = tmp_path / "report.html"
    with using("ko" if kind in ("run", "twin") else "en"):
        page.write_text(_page(kind, tmp_path / "x", names), encoding="utf-8")
    document, log = opened(page, tmp_path / "profile", "--dump-dom")
    assert asked == [] and complaints(log) == []
    title = re.search(r"<title>(.*?)</title>", document, flags=re.S)
    assert title and title[1].strip() != "ran" and "· omosim" in title[1]
    printed = tmp_path / "report.pdf"
    _, log = opened(page, tmp_path / "profile", f"--print-to-pdf={printed}")
    assert printed.read_bytes().startswith(b"%PDF") and asked == [] and complaints(log) == []
