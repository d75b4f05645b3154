"""What is in tests/guest: a folder for each program, and what its ``expect.toml`` says of it."""

from __future__ import annotations

import importlib.util
import os
import signal
import time
import tomllib
from pathlib import Path
from typing import Any

from unilab.machines import Disk

_HERE = Path(__file__).parent
FOLDERS = sorted(path.parent for path in _HERE.glob("*/*.c") if path.stem == path.parent.name)
_UNITS = {"K": 1 << 10, "M": 1 << 20}


def expected(folder: Path) -> dict[str, Any]:
    """What is said of a program; nothing, if there is no file."""
    file = folder / "expect.toml"
    return tomllib.loads(file.read_text()) if file.exists() else {}


def source(folder: Path) -> Path:
    """The program itself."""
    return folder / f"{folder.name}.c"


def differential(folder: Path) -> str | bool:
    """How the program runs on Linux: True or a signal's name for as a process, ``linux``, or False for not at all.

    Raises:
        ValueError: Nothing is said of it, or too much.
    """
    match expected(folder):
        case {"differential": _, "only_unikernel": _}:
            raise ValueError(f"{folder.name} cannot run on Linux and as a unikernel only")
        case {"differential": True}:
            return True
        case {"differential": str(name)} if name == "linux" or name in signal.Signals.__members__:
            return name
        case {"only_unikernel": str(reason)} if len(reason.split()) > 3:
            return False
    raise ValueError(f"{folder.name}/expect.toml says neither differential = true nor why not (only_unikernel)")


def words(said: dict[str, Any], scratch: str) -> tuple[list[str], dict[str, str]]:
    """A program's arguments and environment."""
    soak = {"UNILAB_SOAK": "1"} if "UNILAB_SOAK" in os.environ else {}
    args = [word.format(host_seconds=int(time.time())) if "{" in word else word for word in said.get("args", [])]
    return args, {**said.get("env", {}), **({"TMPDIR": scratch} if said.get("scratch") else {}), **soak}


def disks(said: dict[str, Any], folder: Path, name: str = "disk") -> list[Disk]:
    """A program's disks, made in a folder."""
    wanted = said.get("disk", [])
    listed = wanted if isinstance(wanted, list) else [wanted]
    return [_disk(disk, folder / f"{name}{i}") for i, disk in enumerate(listed)]


def _disk(wanted: str | dict[str, Any], path: Path) -> Disk:
    wanted = {"size": wanted} if isinstance(wanted, str) else wanted
    size = int(wanted["size"][:-1]) * _UNITS[wanted["size"][-1]]
    path.write_bytes(wanted.get("content", "").encode().ljust(size, b"\0"))
    return Disk(path, wanted.get("read_only", False))


def peer(folder: Path) -> Any:
    """The function that plays the other end of a program's cable or second console."""
    spec = importlib.util.spec_from_file_location("peer", folder / "peer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.peer
