"""Every folder here is one program, booted for real. What it must do is in its ``expect.toml``; unless that says
otherwise, it must print SUCCESS as its last line and exit 0.

One of these two must be there:
differential = true: it also runs as a process of this host, which must print the same and end with the same status.
What the library OS itself says on the console, in lines that begin with "libos: ", is left out of the comparison. With
unordered = true, the lines may come in any order. With differential = "SIGSEGV", the name of a signal, it ends in the
library OS's report, and as a process says the same up to there and is ended by that signal. With differential =
"linux" it runs in a Linux guest, which programs share, and which gives it the root directory, terminal, card and disks
that its unikernel has, and the same peer (linux_stage.py).
only_unikernel = "why": it cannot run on Linux.
A table process or linux says what is otherwise there: args, env; and in the guest, files beside its own, mounts (type,
path, options), address ("raw" for none, of a card that is on; NET of the environment unless given), refuse (calls that
fail with ENOSYS), commit (so much of the free memory can be had, in percent), seconds.
Keys that go in: args, env, input, memory (MiB), cpu_without, and machines (the types to boot it on).
xen = true: it runs as a domain of Xen too; with the environment variable UNILAB_SOAK=1, all do that need no device.
Devices: disk is the size of a fresh image of zeros, such as "64K", or a table of size, content (the text it begins
with) and read_only, or a list of such; initrd is the text of one; entropy = true; network is "user", or "raw": then the
folder's peer.py has a function peer(wire), which plays the rest of the network and must return; so it has, as
peer(socket), with second_console = true.
inside = true: it is compiled so that it may use the library OS's own headers; for Linux, with those of the same names
in linux_stage/devices, behind which are Linux's drivers of the same devices.
services: what it is built with beside what it calls, such as ["disk"].
files is a table: path, where the program starts, -> text. scratch = true: TMPDIR is a folder it may write to, in a
unikernel /tmp or what is said in place of true.
Keys that must come out: exit_status, console_ends, console_matches (regular expressions), console_counts (how often a
text occurs).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.guest import cases
from tests.guest.comparison import Run, compare
from tests.guest.linux_stage import Stage
from unilab import machines, toolchain
from unilab.machines import Machine, RawNetwork, Result, UserNetwork

#: What a domain of Xen has not.
_NOT_ON_XEN = {"disk", "initrd", "entropy", "network", "second_console", "services", "files", "cpu_without"}
_NETWORKS = {"user": UserNetwork(), "raw": RawNetwork()}


_needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="Xen comes through apt-get")


def _cases() -> Iterator[Any]:
    soak = "UNILAB_SOAK" in os.environ
    for folder in cases.FOLDERS:
        expected = cases.expected(folder)
        for machine in expected.get("machines", ["microvm", "q35"]):
            yield pytest.param(folder, machine, id=f"{folder.name}-{machine}")
        if expected.get("xen", soak and not _NOT_ON_XEN & expected.keys()):
            yield pytest.param(folder, "xen", id=f"{folder.name}-xen", marks=_needs_apt)


@pytest.mark.parametrize(("folder", "machine"), list(_cases()))
def test_guest(folder: Path, machine: str, tmp_path: Path) -> None:
    expected = cases.expected(folder)
    program, options = _unikernel(folder, machine, tmp_path)
    result = _run_unikernel(folder, program, options)
    assert result.exit_status == expected.get("exit_status", 0), result.console
    patterns = expected.get("console_matches", [])
    if "console_ends" in expected or not patterns:
        assert result.console.endswith(expected.get("console_ends", "SUCCESS\n"))
    for pattern in patterns:
        assert re.search(pattern, result.console), f"{pattern}\n{result.console}"
    for text, count in expected.get("console_counts", {}).items():
        assert result.console.count(text) == count, result.console


def _on_linux(how: str) -> list[Any]:
    return [
        pytest.param(folder, id=folder.name)
        for folder in cases.FOLDERS
        if (on := cases.differential(folder)) and (on == "linux") == (how == "linux")
    ]


@pytest.mark.parametrize("folder", _on_linux("process"))
def test_as_a_process(folder: Path, tmp_path: Path) -> None:
    expected = cases.expected(folder)
    host = tmp_path / "scratch"
    host.mkdir()
    options = _options({**expected, **expected.get("process", {})}, str(host))
    typed = expected.get("input", "")
    process = machines.run(cases.source(folder), "process", input=typed, check=False, **options)
    program, options = _unikernel(folder, "microvm", tmp_path)
    compare(_run(process), _run(machines.run(program, input=typed, check=False, **options)), expected)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("disks")) as running:
        yield running


# One boot for all: they run one after the other.
@pytest.mark.xdist_group("linux")
@pytest.mark.parametrize("folder", _on_linux("linux"))
def test_in_a_linux_guest(folder: Path, stage: Stage, tmp_path: Path) -> None:
    expected = cases.expected(folder)
    program, options = _unikernel(folder, "microvm", tmp_path)
    compare(stage.run(folder), _run(_run_unikernel(folder, program, options)), expected)


def _run(result: Result) -> Run:
    return Run(result.console, result.exit_status)


def _run_unikernel(folder: Path, program: toolchain.Image, options: dict[str, Any]) -> Result:
    """To its end, with its peer if it has one."""
    expected = cases.expected(folder)
    if not (folder / "peer.py").exists():
        return machines.run(program, input=expected.get("input", ""), check=False, **options)
    return _with_peer(machines.start(program, **options), folder, by_console="second_console" in expected)


def _unikernel(folder: Path, machine: str, tmp_path: Path) -> tuple[toolchain.Image, dict[str, Any]]:
    """The program as a unikernel or a domain of Xen, and what ``start`` is to be told of it."""
    expected = cases.expected(folder)
    scratch = expected.get("scratch")
    options = {
        **_options(expected, scratch if isinstance(scratch, str) else "/tmp"),
        **({"deadline": 300.0} if machine == "xen" else {"machine": machine}),
        "cpu_without": expected.get("cpu_without", ()),
        **_devices(expected, tmp_path),
    }
    source, services = cases.source(folder), expected.get("services", [])
    on = "xen" if machine == "xen" else "unikernel"
    cflags = toolchain.inside(on) if expected.get("inside") else ()
    return toolchain.build(source, on, cflags=cflags, services=services), options


def _options(expected: dict[str, Any], scratch: str) -> dict[str, Any]:
    """What ``start`` is to be told of the program, as a process or as a unikernel."""
    args, env = cases.words(expected, scratch)
    return {
        "args": args,
        "env": env,
        "files": expected.get("files"),
        "memory": expected.get("memory", 64),
        **({"deadline": 900.0} if "UNILAB_SOAK" in os.environ else {}),
    }


def _devices(expected: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The options of ``start`` for what the program's machine has, with its files in the folder."""
    initrd = None
    if "initrd" in expected:
        initrd = folder / "initrd"
        initrd.write_text(expected["initrd"])
    network = _NETWORKS.get(expected.get("network", ""))
    plain = {key: expected.get(key, False) for key in ("entropy", "second_console")}
    return {"disks": cases.disks(expected, folder), "initrd": initrd, "network": network, **plain}


def _with_peer(running: Machine, folder: Path, *, by_console: bool) -> Result:
    """The run, with the peer at the other end of cable or second console. If it fails, the console is shown."""
    peer = cases.peer(folder)
    with running:
        try:
            peer(running.second_console if by_console else running.wire)
        except Exception as error:
            raise AssertionError(f"the peer failed; the console:\n{running.console}") from error
        return running.result()
