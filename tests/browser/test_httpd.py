"""The web server as a unikernel, with a real browser as its client."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import ARTEFACTS
from unilab import machines

_PROGRAMS = Path(__file__).resolve().parents[2] / "notebooks" / "programs"


@pytest.mark.parametrize(
    ("files", "title", "text"),
    [
        (_PROGRAMS / "www", "One Address Space", "This page was served by httpd.c. Its status is JSON."),
        (None, "httpd", "It serves."),
    ],
    ids=["files", "none"],
)
def test_a_browser_shows_what_it_serves(browser: Browser, files: Path | None, title: str, text: str) -> None:
    with machines.start(
        _PROGRAMS / "httpd.c", files=files, network=machines.UserNetwork((machines.Forward(0, 80),))
    ) as running:
        assert running.console.wait_for("serving", 30), running.console
        page = browser.new_page()
        failed: list[str] = []
        page.on("requestfailed", lambda request: failed.append(request.url))
        response = page.goto(f"http://127.0.0.1:{running.host_port(80)}/")
        assert response is not None
        assert response.status == 200
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"httpd-{'files' if files else 'none'}.png")
        assert page.title() == title
        assert text in page.locator("body").inner_text()
        page.get_by_role("link").click()
        page.wait_for_url("**/status")
        assert '"program": "httpd"' in page.locator("body").inner_text()
        assert not failed
        page.close()
