"""``course lab``: JupyterLab on the first notebook."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import quote

import click

from unilab.cli.checkout import checkout
from unilab.errors import CourseError

#: Settings of JupyterLab's that have no command-line option, in the folders it expects.
_CONFIG = Path(__file__).with_name("jupyter")


@click.command()
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--port", type=click.IntRange(1, 65535), help="TCP port. Without it: 8888, or the next free one.")
def lab(no_browser: bool, port: int | None) -> None:
    """Open notebook 00 in JupyterLab.

    The server listens on this host only. Ctrl-C ends it.
    """
    from unilab import toolchain  # noqa: PLC0415

    root = checkout()
    notebook = next(iter(sorted((root / "notebooks").glob("00-*.ipynb"))), None)
    if notebook is None:
        raise CourseError("notebook 00 is missing", remedy="git restore notebooks")
    toolchain.prepare()
    # Replaced, not started: signals and the terminal are then JupyterLab's own.
    os.execve(sys.executable, command(root, notebook, no_browser=no_browser, port=port), environment())


def command(root: Path, notebook: Path, *, no_browser: bool, port: int | None) -> list[str]:
    """The command that runs JupyterLab on a notebook.

    Args:
        root: What its file browser shows.
        notebook: A file below ``root``.
        no_browser: Open no browser.
        port: Just this TCP port; None lets JupyterLab look for a free one.
    """
    from unilab.toolchain import cache  # noqa: PLC0415

    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.root_dir": str(root),
        "ServerApp.allow_root": "True",  # in a container there is nobody else
        "ServerApp.open_browser": str(not no_browser),
        "ServerApp.log_level": "WARN",  # the address is printed at any level
        "LabApp.log_level": "WARN",
        "LabApp.extension_manager": "readonly",  # the other one asks the network
        "LabApp.default_url": "/lab/tree/" + quote(notebook.relative_to(root).as_posix()),
        # Open tabs are kept per user, not per folder: ours are no business of the learner's other work.
        "LabApp.workspaces_dir": str(cache.root() / "jupyterlab-workspaces"),
    }
    if port is not None:
        options |= {"ServerApp.port": str(port), "ServerApp.port_retries": "0"}
    return [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]


def environment() -> dict[str, str]:
    """This process's environment, with our settings and our kernel before any other of the user's."""
    paths = [str(_CONFIG), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    return os.environ | {
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths)),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
