"""A real JupyterLab in a real Chromium, with the notebooks copied to a folder of their own."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from unilab import doctor
from unilab.cli.lab import command, environment

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "test-artefacts" / "browser"

_ARGUMENTS = [
    "--no-sandbox",  # it refuses to start as root otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_START_SECONDS = 60.0
_PATIENCE_MS = 120_000
_KERNEL = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel"
_CELLS = "window.jupyterapp.shell.currentWidget.content.widgets"


@dataclass
class Lab:
    """A server: where it is, its key, and the folder it serves."""

    url: str
    token: str
    folder: Path


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "images"):
        shutil.copytree(ROOT / name, folder / "work" / name, ignore=shutil.ignore_patterns("scratch"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    notebook = next((folder / "work" / "notebooks").glob("00-*.ipynb"))
    words = [
        *command(folder / "work", notebook, no_browser=True, port=port),
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
    ]
    own = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "RUNTIME", "DATA")}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(words, env=environment() | own, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(f"{url}/api/status?token={token}", server, folder / "log")
        yield Lab(url, token, folder / "work")
    finally:
        server.terminate()  # it ends its kernels first
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            assert server.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = doctor.browser()
    assert path, "Chromium is missing: ./course doctor names the command"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class OpenNotebook:
    """A notebook on a page.

    Attributes:
        page: Playwright's page.
        trouble: Errors of the page, and requests that would have left this host.
    """

    page: Page
    trouble: list[str] = field(default_factory=list)

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
                const future = {_KERNEL}.requestExecute({{code, store_history: false}});
                let said = '';
                future.onIOPub = m => {{ if (m.header.msg_type === 'stream') said += m.content.text; }};
                const done = await future.done;
                return done.content.status === 'ok' ? said : JSON.stringify(done.content);
            }}""",
            source,
        )
        return json.loads(reply)

    def screenshot(self, name: str) -> None:
        """Keep what is seen now among the test's artefacts."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png")


@pytest.fixture
def open_notebook(lab: Lab, browser: Browser) -> Iterator[Callable[..., OpenNotebook]]:
    contexts: list[BrowserContext] = []

    def open_(name: str, *, theme: str = "light") -> OpenNotebook:
        context = browser.new_context(viewport={"width": 1400, "height": 1100}, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        notebook = OpenNotebook(page)
        page.on("pageerror", lambda error: notebook.trouble.append(str(error)))
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
        workspace = f"lab/workspaces/{key}/tree/notebooks/{Path(copy).name}"
        page.goto(f"{lab.url}/{workspace}?token={lab.token}&reset")
        page.wait_for_function(f"() => {_KERNEL}?.status === 'idle' && {_KERNEL}?.connectionStatus === 'connected'")
        if theme == "dark":
            page.evaluate(
                "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
            )
            page.wait_for_selector('body[data-jp-theme-light="false"]', state="attached")
        # Every cell in the page, also those out of sight.
        page.evaluate(
            "() => { const n = window.jupyterapp.shell.currentWidget.content;"
            " n.notebookConfig = {...n.notebookConfig, windowingMode: 'none'}; }"
        )
        return notebook

    yield open_
    for context in contexts:
        for page in context.pages:
            page.evaluate("() => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
        context.close()
