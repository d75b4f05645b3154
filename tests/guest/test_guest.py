"""Every folder here is one program, booted for real. What it must do is in its ``expect.toml``; without one, it must
print SUCCESS as its last line and exit 0.

Keys that go in: args, env, input, memory (MiB), cpu_without, and machines (the types to boot it on).
Devices: disk is the size of a fresh image of zeros, such as "64K", or a table of size, content (the text it begins
with) and read_only, or a list of such; initrd is the text of one; entropy = true; network is "user", or "raw": then the
folder's peer.py has a function peer(wire), which plays the rest of the network and must return; so it has, as
peer(socket), with second_console = true.
inside = true: it is compiled so that it may use the library OS's own headers.
services: what it is built with beside what it calls, such as ["disk"].
files is a table: path, where the program starts, -> text. scratch = true: TMPDIR is a folder it may write to.
differential = true: it also runs as a process of this host, which must print the same and end with the same status.
Keys that must come out: exit_status, console_ends, console_matches (regular expressions), console_counts (how often a
text occurs).
"""

from __future__ import annotations

import importlib.util
import os
import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from unilab import machines, toolchain
from unilab.machines import Disk, Machine, RawNetwork, Result, UserNetwork

_FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/*.c"))
_UNITS = {"K": 1 << 10, "M": 1 << 20}
_NETWORKS = {"user": UserNetwork(), "raw": RawNetwork()}


def _expected(folder: Path) -> dict[str, Any]:
    file = folder / "expect.toml"
    return tomllib.loads(file.read_text()) if file.exists() else {}


def _cases() -> Iterator[Any]:
    for folder in _FOLDERS:
        for machine in _expected(folder).get("machines", ["microvm", "q35"]):
            yield pytest.param(folder, machine, id=f"{folder.name}-{machine}")


@pytest.mark.parametrize(("folder", "machine"), list(_cases()))
def test_guest(folder: Path, machine: str, tmp_path: Path) -> None:
    expected = _expected(folder)
    args = [word.format(host_seconds=int(time.time())) if "{" in word else word for word in expected.get("args", [])]
    options: dict[str, Any] = {
        "args": args,
        "env": _environment(expected, "/tmp"),
        "files": expected.get("files"),
        "memory": expected.get("memory", 64),
        "machine": machine,
        "cpu_without": expected.get("cpu_without", ()),
        **_devices(expected, tmp_path),
    }
    source = folder / f"{folder.name}.c"
    services = expected.get("services", [])
    program = toolchain.build(source, cflags=toolchain.inside() if expected.get("inside") else (), services=services)
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


@pytest.mark.parametrize("folder", [pytest.param(f, id=f.name) for f in _FOLDERS if _expected(f).get("differential")])
def test_as_a_process(folder: Path, tmp_path: Path) -> None:
    expected = _expected(folder)
    options = {"args": expected.get("args", []), "input": expected.get("input", ""), "files": expected.get("files")}
    memory = {"memory": expected.get("memory", 64)}
    program = folder / f"{folder.name}.c"
    process = machines.run(program, "process", check=False, env=_environment(expected, str(tmp_path)), **options)
    unikernel = machines.run(program, "unikernel", check=False, env=_environment(expected, "/tmp"), **options, **memory)
    assert (process.console, process.exit_status) == (unikernel.console, unikernel.exit_status)


def _environment(expected: dict[str, Any], scratch: str) -> dict[str, str]:
    soak = {"UNILAB_SOAK": "1"} if "UNILAB_SOAK" in os.environ else {}
    return {**expected.get("env", {}), **({"TMPDIR": scratch} if expected.get("scratch") else {}), **soak}


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
