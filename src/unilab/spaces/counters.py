"""How much memory a process has, and how often it had to ask for a page: plain values to subtract from each other."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from pathlib import Path

from unilab.errors import MachineError

_AMOUNT = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
#: Fields of /proc/PID/stat after the command's name, counted from 0: proc_pid_stat(5), where they are 10 and 12.
_MINOR_FAULTS, _MAJOR_FAULTS = 7, 9


@dataclass(frozen=True, slots=True)
class MemoryCounters:
    """A process's memory at one moment, or the difference of two moments.

    Attributes:
        mapped: Bytes of addresses that are mapped to something.
        resident: Bytes that are in memory; pages shared with others count whole.
        proportional: The same, but a page that n processes share counts one n-th.
        anonymous: Bytes in memory that no file is behind.
        page_tables: Bytes of the page tables themselves.
        swapped: Bytes in swap space.
        minor_faults: Page faults that were served from memory.
        major_faults: Page faults that had to wait for a disk.
    """

    mapped: int
    resident: int
    proportional: int
    anonymous: int
    page_tables: int
    swapped: int
    minor_faults: int
    major_faults: int

    def __sub__(self, earlier: MemoryCounters) -> MemoryCounters:
        """What has changed since an earlier moment."""
        return MemoryCounters(*(now - then for now, then in zip(astuple(self), astuple(earlier), strict=True)))


def read(pid: int) -> MemoryCounters:
    """The counters of a process now.

    Raises:
        MachineError: It has gone, or is none of ours to look at.

    Source:
        proc_pid_smaps(5) (smaps_rollup: the kernel counts pages for it, while its own counters lag behind),
        proc_pid_status(5), proc_pid_stat(5).
    """
    process = Path(f"/proc/{pid}")
    try:
        memory = _amounts((process / "smaps_rollup").read_text())
        status = _amounts((process / "status").read_text())
        faults = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError as error:
        raise MachineError(f"the memory of process {pid} cannot be read: {error}") from error
    return MemoryCounters(
        mapped=status.get("VmSize", 0),
        resident=memory.get("Rss", 0),
        proportional=memory.get("Pss", 0),
        anonymous=memory.get("Anonymous", 0),
        page_tables=status.get("VmPTE", 0),
        swapped=memory.get("Swap", 0),
        minor_faults=int(faults[_MINOR_FAULTS]),
        major_faults=int(faults[_MAJOR_FAULTS]),
    )


def _amounts(text: str) -> dict[str, int]:
    return {name: int(value) << 10 for name, value in _AMOUNT.findall(text)}
