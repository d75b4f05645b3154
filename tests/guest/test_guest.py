"""Every folder here is one program, booted for real. What it must do is in its ``expect.toml``; unless that says
otherwise, it must print SUCCESS as its last line and exit 0.

One of these two must be there:
differential = true: it also runs as a process of this host, which must print the same and end with the same status.
What the library OS itself says on the console, in lines that begin with "libos: ", is left out of the comparison. With
unordered = true, the lines may come in any order. With differential = "SIGSEGV", the name of a signal, it ends in the
library OS's report, and as a process says the same up to there and is ended by that signal. With differential =
"linux" it runs in a Linux guest with the same network and the same peer.
only_unikernel = "why": it cannot run as a process.
Keys that go in: args, env, input, memory (MiB), cpu_without, and machines (the types to boot it on).
xen = true: it runs as a domain of Xen too; with the environment variable UNILAB_SOAK=1, all do that need no device.
Devices: disk is the size of a fresh image of zeros, such as "64K", or a table of size, content (the text it begins
with) and read_only, or a list of such; initrd is the text of one; entropy = true; network is "user", or "raw": then the
folder's peer.py has a function peer(wire), which plays the rest of the network and must return; so it has, as
peer(socket), with second_console = true.
inside = true: it is compiled so that it may use the library OS's own headers.
services: what it is built with beside what it calls, such as ["disk"].
files is a table: path, where the program starts, -> text. scratch = true: TMPDIR is a folder it may write to, in a
unikernel /tmp or what is said in place of true.
Keys that must come out: exit_status, console_ends, console_matches (regular expressions), console_counts (how often a
text occurs).
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from unilab import machines, toolchain
from unilab.machines import Disk, Machine, RawNetwork, Result, UserNetwork

_FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/*.c"))
#: What the library OS says, not the program: of the end by a signal after an empty line.
_LIBRARY_OS = re.compile(r"(?m)^(\n(?=libos: ended by ))?libos: .*\n")
#: What a domain of Xen has not.
_NOT_ON_XEN = {"disk", "initrd", "entropy", "network", "second_console", "services", "files", "cpu_without"}
#: Where the library OS's report begins, with an empty line before it if the program has said something.
_REPORT = re.compile(r"(?m)\n?^libos: panic: ")
_UNITS = {"K": 1 << 10, "M": 1 << 20}
_NETWORKS = {"user": UserNetwork(), "raw": RawNetwork()}


_needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="Xen comes through apt-get")


def _expected(folder: Path) -> dict[str, Any]:
    file = folder / "expect.toml"
    return tomllib.loads(file.read_text()) if file.exists() else {}


def _cases() -> Iterator[Any]:
    soak = "UNILAB_SOAK" in os.environ
    for folder in _FOLDERS:
        expected = _expected(folder)
        for machine in expected.get("machines", ["microvm", "q35"]):
            yield pytest.param(folder, machine, id=f"{folder.name}-{machine}")
        if expected.get("xen", soak and not _NOT_ON_XEN & expected.keys()):
            yield pytest.param(folder, "xen", id=f"{folder.name}-xen", marks=_needs_apt)


def _differential(folder: Path) -> bool:
    """Whether the program runs as a process too; ValueError if nothing is said of it."""
    match _expected(folder):
        case {"differential": _, "only_unikernel": _}:
            raise ValueError(f"{folder.name} cannot run as a process and as a unikernel only")
        case {"differential": True}:
            return True
        case {"differential": str(name)} if name == "linux" or name in signal.Signals.__members__:
            return True
        case {"only_unikernel": str(reason)} if len(reason.split()) > 3:
            return False
    raise ValueError(f"{folder.name}/expect.toml says neither differential = true nor why not (only_unikernel)")


@pytest.mark.parametrize(("folder", "machine"), list(_cases()))
def test_guest(folder: Path, machine: str, tmp_path: Path) -> None:
    expected = _expected(folder)
    program, options = _unikernel(folder, machine, tmp_path)
    typed = expected.get("input", "")
    if expected.get("network") == "raw" or expected.get("second_console"):
        result = _with_peer(
            machines.start(program, **options), folder / "peer.py", by_console="second_console" in expected
        )
    else:
        result = machines.run(program, input=typed, check=False, **options)
    assert result.exit_status == expected.get("exit_status", 0), result.console
    patterns = expected.get("console_matches", [])
    if "console_ends" in expected or not patterns:
        assert result.console.endswith(expected.get("console_ends", "SUCCESS\n"))
    for pattern in patterns:
        assert re.search(pattern, result.console), f"{pattern}\n{result.console}"
    for text, count in expected.get("console_counts", {}).items():
        assert result.console.count(text) == count, result.console


@pytest.mark.parametrize("folder", [pytest.param(f, id=f.name) for f in _FOLDERS if _differential(f)])
def test_as_a_process(folder: Path, tmp_path: Path) -> None:
    expected = _expected(folder)
    if expected["differential"] == "linux":
        _same_in_a_linux_guest(folder)
        return
    source, typed = folder / f"{folder.name}.c", expected.get("input", "")
    host = tmp_path / "scratch"
    host.mkdir()
    process = machines.run(source, "process", input=typed, check=False, **_options(expected, str(host)))
    program, options = _unikernel(folder, "microvm", tmp_path)
    unikernel = machines.run(program, input=typed, check=False, **options)
    said, report = unikernel.console, None
    if isinstance(expected["differential"], str):
        report = _REPORT.search(unikernel.console)
        assert report, unikernel.console
        said = said[: report.start()]
    said = _LIBRARY_OS.sub("", said)
    if expected.get("unordered"):
        assert sorted(process.console.splitlines()) == sorted(said.splitlines())
    else:
        assert process.console == said
    if report:
        assert process.exit_status == 128 + signal.Signals[expected["differential"]]
    else:
        assert process.exit_status == unikernel.exit_status


def _same_in_a_linux_guest(folder: Path) -> None:
    expected = _expected(folder)
    network, env = _NETWORKS[expected["network"]], expected["env"]
    results = [
        _with_peer(
            machines.start(folder / f"{folder.name}.c", on, network=network, env=env, deadline=600.0),
            folder / "peer.py",
            by_console=False,
        )
        for on in ("linux", "unikernel")
    ]
    assert results[0].console == results[1].console
    assert results[0].exit_status == results[1].exit_status


def _unikernel(folder: Path, machine: str, tmp_path: Path) -> tuple[toolchain.Image, dict[str, Any]]:
    """The program as a unikernel or a domain of Xen, and what ``start`` is to be told of it."""
    expected = _expected(folder)
    scratch = expected.get("scratch")
    options = {
        **_options(expected, scratch if isinstance(scratch, str) else "/tmp"),
        **({"deadline": 300.0} if machine == "xen" else {"machine": machine}),
        "cpu_without": expected.get("cpu_without", ()),
        **_devices(expected, tmp_path),
    }
    source, services = folder / f"{folder.name}.c", expected.get("services", [])
    on = "xen" if machine == "xen" else "unikernel"
    cflags = toolchain.inside(on) if expected.get("inside") else ()
    return toolchain.build(source, on, cflags=cflags, services=services), options


def _options(expected: dict[str, Any], scratch: str) -> dict[str, Any]:
    """What ``start`` is to be told of the program, however it runs."""
    words = expected.get("args", [])
    soak = {"UNILAB_SOAK": "1"} if "UNILAB_SOAK" in os.environ else {}
    return {
        "args": [word.format(host_seconds=int(time.time())) if "{" in word else word for word in words],
        "env": {**expected.get("env", {}), **({"TMPDIR": scratch} if expected.get("scratch") else {}), **soak},
        "files": expected.get("files"),
        "memory": expected.get("memory", 64),
        **({"deadline": 900.0} if soak else {}),
    }


def _devices(expected: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The options of ``start`` for what the program's machine has, with its files in the folder."""
    wanted = expected.get("disk", [])
    disks = [
        _disk(disk, folder / f"disk{i}") for i, disk in enumerate(wanted if isinstance(wanted, list) else [wanted])
    ]
    initrd = None
    if "initrd" in expected:
        initrd = folder / "initrd"
        initrd.write_text(expected["initrd"])
    network = _NETWORKS.get(expected.get("network", ""))
    plain = {key: expected.get(key, False) for key in ("entropy", "second_console")}
    return {"disks": disks, "initrd": initrd, "network": network, **plain}


def _disk(wanted: str | dict[str, Any], path: Path) -> Disk:
    wanted = {"size": wanted} if isinstance(wanted, str) else wanted
    size = int(wanted["size"][:-1]) * _UNITS[wanted["size"][-1]]
    path.write_bytes(wanted.get("content", "").encode().ljust(size, b"\0"))
    return Disk(path, wanted.get("read_only", False))


def _with_peer(running: Machine, file: Path, *, by_console: bool) -> Result:
    """The run, with the peer at the other end of cable or second console. If it fails, the console is shown."""
    spec = importlib.util.spec_from_file_location("peer", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with running:
        try:
            module.peer(running.second_console if by_console else running.wire)
        except Exception as error:
            raise AssertionError(f"the peer failed; the console:\n{running.console}") from error
        return running.result()
