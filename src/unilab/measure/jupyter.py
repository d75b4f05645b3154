"""A real JupyterLab and a real Chromium, for what can only be seen or measured there.

Both are on this host alone. Playwright, which drives the browser, comes with the test tools.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unilab import doctor
from unilab.cli.lab import command, environment
from unilab.errors import MachineError, Unavailable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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
#: The kernel of the notebook on the page, as JavaScript.
KERNEL = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel"


@dataclass(frozen=True, slots=True)
class Lab:
    """A server.

    Attributes:
        url: Where it listens.
        token: Its key.
        folder: What it serves.
    """

    url: str
    token: str
    folder: Path

    def open(self, page: Page, notebook: str) -> None:
        """Open a notebook on a page, and wait for its kernel.

        Args:
            page: Which then shows it, with every cell in it, also those out of sight.
            notebook: Its path in the folder.
        """
        workspace = f"lab/workspaces/{secrets.token_hex(4)}/tree/{notebook}"
        self._open(page, f"{workspace}?token={self.token}&reset")

    def open_in_notebook(self, page: Page, notebook: str) -> None:
        """The same in Notebook 7, which the same server serves."""
        self._open(page, f"notebooks/{notebook}?token={self.token}")

    def _open(self, page: Page, address: str) -> None:
        page.goto(f"{self.url}/{address}")
        page.wait_for_function(f"() => {KERNEL}?.status === 'idle' && {KERNEL}?.connectionStatus === 'connected'")
        page.evaluate(
            "() => { const n = window.jupyterapp.shell.currentWidget.content;"
            " n.notebookConfig = {...n.notebookConfig, windowingMode: 'none'}; }"
        )


@contextlib.contextmanager
def lab(folder: Path, notebook: Path, private: Path) -> Iterator[Lab]:
    """A JupyterLab that serves a folder, until the block ends.

    Args:
        folder: What it serves.
        notebook: A file below it.
        private: A folder of its own for settings and its log; not below ``folder``.

    Raises:
        MachineError: It does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    words = [
        *command(folder, notebook, no_browser=True, port=port),
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]
    own = {f"JUPYTER_{kind}_DIR": str(private / kind.lower()) for kind in ("CONFIG", "RUNTIME", "DATA")}
    log = private / "log"
    with log.open("w") as said:
        server = subprocess.Popen(words, env=environment() | own, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(f"{url}/api/status?token={token}", server, log)
        yield Lab(url, token, folder)
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
        except OSError as error:
            if server.poll() is not None or time.monotonic() > until:
                raise MachineError(f"JupyterLab does not answer. It said:\n{log.read_text()}") from error
            time.sleep(0.1)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, until the block ends.

    Raises:
        Unavailable: It or Playwright is missing.
    """
    path = doctor.browser()
    if path is None:
        raise Unavailable("Chromium is missing", remedy=doctor.install_command("chromium"))
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415
    except ImportError as error:
        raise Unavailable("Playwright is missing", remedy="install the course with its test tools") from error
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
