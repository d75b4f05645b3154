"""What the course needs of this host: what is there, and how to get what is not.

The same on every run: nothing measured, and no paths of this host.
"""

from __future__ import annotations

import html
import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unilab.errors import CourseError, MachineError

#: How each package manager is told to install something, in the order of preference.
MANAGERS = {
    "apt-get": "apt-get install --no-install-recommends",
    "dnf": "dnf install",
    "brew": "brew install",
    "conda": "conda install -c conda-forge",
}

#: What each calls the programs that PyPI lacks. conda-forge has no QEMU system emulator, and no chromium.
PACKAGES = {
    "qemu": {"apt-get": "qemu-system-x86", "dnf": "qemu-system-x86", "brew": "qemu"},
    "graphviz": {"apt-get": "graphviz", "dnf": "graphviz", "brew": "graphviz", "conda": "graphviz"},
    "chromium": {"apt-get": "chromium", "dnf": "chromium", "brew": "--cask chromium"},
    "npm": {"apt-get": "npm", "dnf": "nodejs-npm", "brew": "node", "conda": "nodejs"},
}

#: Names of the browser that the tests drive.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

#: What the caches and a day's work with the notebooks take.
_DISK_GIB = 1

_LEFT = "style='text-align: left'"

#: Without these JupyterLab shows our widgets as text.
_EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the course needs.

    Attributes:
        name: What.
        ok: Whether it is there and good.
        found: What there is, in a few words.
        remedy: What to type or change; None if it is ok.
        needed: False for what only some commands need: a warning.
    """

    name: str
    ok: bool
    found: str
    remedy: str | None = None
    needed: bool = True

    @property
    def status(self) -> str:
        """``ok``, ``missing`` or ``warning``."""
        return "ok" if self.ok else "missing" if self.needed else "warning"


@dataclass(frozen=True, slots=True)
class Report:
    """All checks. As text an aligned table, in a notebook a table."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing that is needed is missing."""
        return all(check.ok or not check.needed for check in self.checks)

    def __str__(self) -> str:
        width = max(len(check.name) for check in self.checks)
        lines = []
        for check in self.checks:
            lines.append(f"{check.status:<7}  {check.name:<{width}}  {check.found}")
            if check.remedy is not None:
                lines.append(f"{'':<7}  {'':<{width}}  to mend it: {check.remedy}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td {_LEFT}>{check.status}</td><th scope='row' {_LEFT}>{html.escape(check.name)}</th>"
            f"<td {_LEFT}>{html.escape(check.found)}{_remedy_html(check)}</td></tr>"
            for check in self.checks
        )
        head = "".join(f"<th scope='col' {_LEFT}>{word}</th>" for word in ("state", "needed", "found"))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _remedy_html(check: Check) -> str:
    return "" if check.remedy is None else f"<br>to mend it: <code>{html.escape(check.remedy)}</code>"


def report() -> Report:
    """Look at this host. The accelerator's trial takes seconds, once per boot of the host."""
    return Report(tuple(check() for check in CHECKS))


def browser() -> str | None:
    """Path of the browser that the tests drive; None if there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def install_command(program: str) -> str:
    """What to type here to install a program.

    Args:
        program: A key of PACKAGES.
    """
    names = PACKAGES[program]
    order = list(MANAGERS)
    if "CONDA_PREFIX" in os.environ and not _is_root():
        # Who has activated an environment can install into it, and may be nobody's administrator.
        order.sort(key=lambda manager: manager != "conda")
    for manager in order:
        if manager in names and shutil.which(manager):
            sudo = "sudo " if manager in ("apt-get", "dnf") and not _is_root() else ""
            return f"{sudo}{MANAGERS[manager]} {names[manager]}"
    known = ", ".join(f"{MANAGERS[manager].split()[0]}: {name}" for manager, name in names.items())
    none = "" if "conda" in names else "; conda-forge has none"
    return f"install {program} with this system's package manager ({known}{none})"


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


# ---- the checks ------------------------------------------------------------------


def _python() -> Check:
    # Not checked: an older one could not have read this file.
    return Check("Python", True, platform.python_version())


def _compiler() -> Check:
    from unilab.toolchain import zig  # noqa: PLC0415 - a broken package is what this looks for

    try:
        ran = zig.run(["version"])
    except CourseError as error:
        return Check("compiler", False, error.message, _reinstall())
    if ran.returncode:
        return Check("compiler", False, f"it fails: {ran.stderr.strip()[:200]}", _reinstall())
    return Check("compiler", True, f"ziglang {zig.version()}")


def _qemu() -> Check:
    from unilab.machines import qemu  # noqa: PLC0415

    try:
        found = qemu.find()
    except MachineError as error:
        return Check("QEMU", False, error.message, install_command("qemu"))
    return Check("QEMU", True, ".".join(map(str, found.version)))


def _accelerator() -> Check:
    from unilab.machines import accelerator  # noqa: PLC0415

    try:
        probe = accelerator.probe()
    except MachineError:
        return Check("accelerator", False, "unknown without QEMU", install_command("qemu"), needed=False)
    except CourseError as error:
        return Check("accelerator", False, error.message, error.remedy or _reinstall(), needed=False)
    # The reason may name the seconds measured, which differ between two boots of the same host.
    reason = re.sub(r": [\d.]+ s against [\d.]+ s$", "", probe.reason)
    return Check("accelerator", True, f"{probe.name} ({reason})")


def _graphviz() -> Check:
    if shutil.which("dot"):
        return Check("graphviz", True, "dot")
    return Check("graphviz", False, "there is no dot in PATH", install_command("graphviz"))


def _disk() -> Check:
    from unilab.toolchain import cache  # noqa: PLC0415

    folder = cache.root()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 2**30
    if not os.access(folder, os.W_OK):
        return Check("disk", False, f"the cache cannot be written in {folder}", "set UNILAB_CACHE to your own folder")
    if free < _DISK_GIB:
        remedy = f"free {_DISK_GIB} GiB, or set UNILAB_CACHE to a folder on another disk"
        return Check("disk", False, f"less than {_DISK_GIB} GiB is free for the cache", remedy)
    return Check("disk", True, f"more than {_DISK_GIB} GiB is free for the cache")


def _widgets() -> Check:
    from jupyter_core.paths import jupyter_path  # noqa: PLC0415

    try:
        versions = [f"{name} {importlib.metadata.version(name)}" for name in ("anywidget", "ipywidgets")]
    except importlib.metadata.PackageNotFoundError as error:
        return Check("widgets", False, f"the Python package {error.name} is missing", _reinstall())
    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    for extension in _EXTENSIONS:
        if not any((folder / extension / "package.json").is_file() for folder in folders):
            return Check("widgets", False, f"JupyterLab lacks the extension {extension}", _reinstall())
    return Check("widgets", True, ", ".join(versions))


def _browser() -> Check:
    if browser() is not None:
        return Check("browser", True, "chromium, for the tests")
    # Any browser of the learner's opens the notebooks, on this host or elsewhere: not needed.
    found = "no chromium, which ./course test browser needs"
    return Check("browser", False, found, install_command("chromium"), needed=False)


def _reinstall() -> str:
    """How to mend the Python environment this runs in."""
    if Path(sys.prefix).name == ".venv":
        return "rm -r .venv && ./course doctor"
    return "python -m pip install --force-reinstall -e '.[test]'"


CHECKS: Sequence[Callable[[], Check]] = (
    _python,
    _compiler,
    _qemu,
    _accelerator,
    _graphviz,
    _disk,
    _widgets,
    _browser,
)
