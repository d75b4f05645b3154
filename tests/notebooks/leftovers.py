"""A plugin of pytest: no notebook that nbval runs leaves a process, a port or a file behind.

When its last cell has run, and its kernel still lives, the kernel has no process below it, and listens where it did
before the first cell. When the kernel has ended, nothing that came from it lives on; there is no file in its home
folder and none among its temporary files, which are folders of this test's own; and the checkout is as it was, but for
``scratch`` folders. The cache is not looked at: that is where a notebook may leave what it has built.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.course import ROOT
from unilab.machines.container import children
from unilab.toolchain import cache

_PR_SET_CHILD_SUBREAPER = 36
#: Folders of the checkout that are not the course's.
_NOT_OURS = {".git", ".venv", "scratch", "test-artefacts", "__pycache__", ".ipynb_checkpoints"} | {
    f".{tool}_cache" for tool in ("pytest", "mypy", "ruff")
}
#: Seconds for what was killed to be gone, on a busy host.
_PATIENCE = 10.0
_LISTENS = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}


class Watch:
    """One notebook, from before its kernel starts until after it has ended."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="unilab-leftovers-"))
        self._home, self._temporary = self._folder / "home", self._folder / "tmp"
        for each in (self._home, self._temporary):
            each.mkdir()
        # What Jupyter and IPython themselves keep has a place of its own.
        own = {name: self._folder / name.lower() for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR")}
        changes = {"HOME": self._home, "TMPDIR": self._temporary, "UNILAB_CACHE": cache.root(), **own}
        changes |= dict.fromkeys([name for name in os.environ if name.startswith("XDG_")])
        self._environment = {name: os.environ.get(name) for name in changes}
        _set({name: None if value is None else str(value) for name, value in changes.items()})
        self._files = _checkout()
        self._children = set(children(os.getpid()))
        self._ports: set[str] = set()
        self._pid = 0

    def kernel_started(self, pid: int) -> None:
        """Before the first cell."""
        self._pid, self._ports = pid, _listening([pid])

    def last_cell_has_run(self) -> list[str]:
        """What the kernel has left, while it lives; it may have been ended by a cell."""
        below = _until_gone(lambda: _below(self._pid))
        ports = _listening([self._pid, *below]) - self._ports
        return [f"a process: {_command(pid)}" for pid in below] + [f"a port: {port}" for port in sorted(ports)]

    def kernel_ended(self) -> list[str]:
        """What is left after it."""

        def orphans() -> list[int]:
            for pid in set(children(os.getpid())) - self._children:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            return [pid for pid in children(os.getpid()) if pid not in self._children]

        there = _until_gone(orphans)
        left = [f"a process without its kernel: {_command(pid)}" for pid in there]
        for pid in there:
            os.kill(pid, signal.SIGKILL)  # it is nobody's now
        for folder, what in ((self._home, "home folder"), (self._temporary, "temporary files")):
            left += [f"a file in the {what}: {path.relative_to(folder)}" for path in sorted(folder.rglob("*"))]
        now = _checkout()
        for path in sorted({path for path, _ in now ^ self._files}):
            left.append(f"a file of the checkout, new, changed or gone: {path}")
        return left

    def close(self) -> None:
        """The environment is as it was."""
        _set(self._environment)
        shutil.rmtree(self._folder, ignore_errors=True)


def _set(environment: dict[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _checkout() -> set[tuple[str, tuple[int, int]]]:
    found = set()
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if name not in _NOT_OURS]
        for name in files:
            with contextlib.suppress(OSError):
                status = os.lstat(Path(folder, name))
                found.add((str(Path(folder, name).relative_to(ROOT)), (status.st_mtime_ns, status.st_size)))
    return found


def _below(pid: int) -> list[int]:
    """All processes that come from one."""
    found, to_ask = [], [pid]
    while to_ask:
        more = children(to_ask.pop())
        found += more
        to_ask += more
    return found


def _until_gone(look: Any) -> list[int]:
    """What is there, once it is nothing, or the time is up."""
    until = time.monotonic() + _PATIENCE
    while (there := look()) and time.monotonic() < until:
        time.sleep(0.05)
    return list(there)


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200]
    return f"number {pid}"


def _listening(pids: list[int]) -> set[str]:
    """Protocols and ports at which some processes wait for others."""
    sockets = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    sockets.add(str(descriptor.readlink()))
    found = set()
    for protocol, state in _LISTENS.items():
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == state and f"socket:[{fields[9]}]" in sockets:
                    found.add(f"{protocol} {int(fields[1].rpartition(':')[2], 16)}")
    return found


_watches: dict[str, Watch] = {}


def _notebook(item: pytest.Item | None) -> str:
    """The file, if the item is a cell of a notebook."""
    return "" if item is None or item.path.suffix != ".ipynb" else str(item.path)


def pytest_configure(config: pytest.Config) -> None:
    """A process whose parent ends becomes this one's child, and is seen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """The first cell's starts the kernel."""
    name = _notebook(item)
    first = bool(name) and name not in _watches
    if first:
        _watches[name] = Watch()
    yield
    if first:
        _watches[name].kernel_started(item.parent.kernel.km.provisioner.pid)  # type: ignore[union-attr]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """The last cell's ends the kernel."""
    name = _notebook(item)
    watch = _watches.pop(name) if name in _watches and _notebook(nextitem) != name else None
    if watch is None:
        yield
        return
    try:
        left = watch.last_cell_has_run()
        yield
        left += watch.kernel_ended()
    finally:
        watch.close()
    if left:
        pytest.fail(f"{item.path.name} leaves behind\n" + "\n".join(left), pytrace=False)
