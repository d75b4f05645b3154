"""Looking at any process of this host by its number, whoever started it."""

from __future__ import annotations

from pathlib import Path

from unilab.errors import MachineError
from unilab.spaces import procfs
from unilab.spaces.model import AddressSpace


def process_space(pid: int, *, name: str = "") -> AddressSpace:
    """The address space of a process of this host now: its program, its shared libraries, its stack, the vdso.

    Args:
        pid: Its number.
        name: What to call it; its command and number unless given.

    Raises:
        MachineError: It has gone, or is none of ours to look at.
    """
    try:
        command = Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except OSError as error:
        raise MachineError(f"there is no process {pid} to look at: {error}") from error
    return procfs.read(pid, name=name or f"{command}, process {pid}")
