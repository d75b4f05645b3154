"""A real JupyterLab in a real Chromium, with the notebooks copied to a folder of their own."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from unilab.measure import jupyter
from unilab.measure.jupyter import Lab

pytest.register_assert_rewrite("tests.browser.every_notebook")

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "test-artefacts" / "browser"

_PATIENCE_MS = 120_000
_CELLS = "window.jupyterapp.shell.currentWidget.content.widgets"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "images"):
        shutil.copytree(ROOT / name, folder / "work" / name, ignore=shutil.ignore_patterns("scratch"))
    for gallery in Path(__file__).parent.glob("*.ipynb"):
        shutil.copy(gallery, folder / "work" / "notebooks")
    notebook = next((folder / "work" / "notebooks").glob("00-*.ipynb"))
    with jupyter.lab(folder / "work", notebook, folder) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with jupyter.chromium() as browser:
        yield browser


@dataclass
class OpenNotebook:
    """A notebook on a page.

    Attributes:
        page: Playwright's page.
        trouble: Errors of the page, and requests that would have left this host.
    """

    page: Page
    trouble: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Errors that code of ours, which anywidget loads from a blob, writes to the console are trouble."""
        if message.type == "error" and "blob:" in f"{message.location.get('url', '')} {message.text}":
            self.trouble.append(message.text)

    def run_all(self) -> None:
        """Run every cell, and fail if one ends in an error."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        # JupyterLab stops at the first error, so look for it before waiting for the last cell.
        errors = self.page.evaluate(
            f"() => {_CELLS}.flatMap(w => w.model.type !== 'code' ? [] : w.model.outputs.toJSON()"
            ".filter(o => o.output_type === 'error').map(o => `${o.ename}: ${o.evalue}`))"
        )
        assert not errors
        self.page.wait_for_function(
            f"() => {_CELLS}.every(w => w.model.type !== 'code' || w.model.executionCount !== null)",
            timeout=_PATIENCE_MS,
        )

    def run(self, source: str) -> Any:
        """Run a line in the notebook's kernel, past its cells, and give back the JSON that it prints."""
        reply = self.page.evaluate(
            f"""async (code) => {{
                const future = {jupyter.KERNEL}.requestExecute({{code, store_history: false}});
                let said = '';
                future.onIOPub = m => {{ if (m.header.msg_type === 'stream') said += m.content.text; }};
                const done = await future.done;
                return done.content.status === 'ok' ? said : JSON.stringify(done.content);
            }}""",
            source,
        )
        return json.loads(reply)

    def set_theme(self, theme: str) -> None:
        """Make the page light or dark. JupyterLab keeps it for what is opened later, too.

        Args:
            theme: ``light`` or ``dark``.
        """
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
            f"JupyterLab {theme.title()}",
        )
        light = str(theme == "light").lower()
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")

    def screenshot(self, name: str) -> None:
        """Keep what is seen now among the test's artefacts."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png")


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What all pages have in common. It caches JupyterLab's scripts: only the first page has to wait for them."""
    context = browser.new_context(viewport={"width": 1400, "height": 1100}, reduced_motion="reduce")
    yield context
    context.close()


def _opener(lab: Lab, context: BrowserContext) -> Iterator[Callable[..., OpenNotebook]]:
    pages: list[Page] = []

    def open_(name: str) -> OpenNotebook:
        page = context.new_page()
        pages.append(page)
        page.set_default_timeout(20_000)
        notebook = OpenNotebook(page)
        page.on("pageerror", lambda error: notebook.trouble.append(str(error)))
        page.on("console", notebook.hear)
        page.on(
            "request",
            lambda request: (
                notebook.trouble.append(f"left the host: {request.url}")
                if re.match("(http|ws)", request.url) and lab.url.split("//")[1] not in request.url
                else None
            ),
        )
        # A name of its own: JupyterLab gives a notebook that is opened again the kernel it had before.
        key = secrets.token_hex(4)
        copy = shutil.copy(lab.folder / "notebooks" / name, lab.folder / "notebooks" / f"{key}-{name}")
        lab.open(page, f"notebooks/{Path(copy).name}")
        notebook.set_theme("light")  # another test may have left it dark
        return notebook

    yield open_
    for page in pages:
        page.evaluate("() => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
        page.close()


#: Opens a notebook, and closes it when the test ends.
open_notebook = pytest.fixture(_opener)
#: The same for tests that share what they open: it is closed after the last test of the module.
open_for_module = pytest.fixture(_opener, scope="module")
