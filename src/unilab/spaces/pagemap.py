"""Which frames of memory a process's pages are in, where Linux tells, and who shares them.

Source: Linux documentation, "Examining Process Page Tables" (pagemap), and proc_pid_smaps(5). Frames are told to those
with the capability CAP_SYS_ADMIN only; that a page is there is told to the process's owner, too.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unilab.errors import CourseError, MachineError

PAGE = 4096
#: Pages that are read at most at once: 4 GiB of addresses.
MOST_PAGES = 1 << 20
_FRAME = (1 << 55) - 1
_SOFT_DIRTY, _EXCLUSIVE, _FILE_OR_SHARED, _SWAPPED, _PRESENT = (1 << bit for bit in (55, 56, 61, 62, 63))
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) (\S+) (\d+) *(.*)")
_AMOUNT = re.compile(r"(\w+): +(\d+) kB")


@dataclass(frozen=True, slots=True)
class Page:
    """What the kernel tells of one page of a process.

    Attributes:
        address: Its first address, bytes.
        present: Whether it is in memory: touched, and not given back.
        swapped: Whether it is in swap space.
        file_or_shared: Whether it belongs to a file, or to memory made to be shared.
        exclusive: Whether nobody else maps its frame.
        soft_dirty: Whether it was written to since somebody last cleared that mark.
        frame: Physical address of its frame, bytes; None if it has none, or this host does not tell.
    """

    address: int
    present: bool
    swapped: bool
    file_or_shared: bool
    exclusive: bool
    soft_dirty: bool
    frame: int | None


@dataclass(frozen=True, slots=True)
class SharedMapping:
    """A part of a file that two processes map with the same permissions.

    Attributes:
        path: The file, as the first process has it.
        permissions: ``rwx`` letters.
        starts: Where it begins in either address space, bytes.
        pages: How many pages of it both map.
        present: How many of them are in memory in both.
        same_frames: How many of those are in one frame; None where this host does not tell.
        shared_bytes: How much of the first one's whole mapping somebody else has mapped, too, by its smaps.
    """

    path: str
    permissions: str
    starts: tuple[int, int]
    pages: int
    present: int
    same_frames: int | None
    shared_bytes: int


@dataclass(frozen=True, slots=True)
class _Mapping:
    start: int
    end: int
    permissions: str
    offset: int
    file: tuple[str, str]
    path: str


def pages(pid: int, start: int, end: int) -> tuple[Page, ...]:
    """The pages of a process in a range of its addresses.

    Args:
        pid: Its number.
        start: First address, bytes; rounded down to a page.
        end: One past the last; rounded up.

    Raises:
        CourseError: The range is empty, or larger than MOST_PAGES.
        MachineError: It has gone, or is none of ours to look at.
    """
    first, last = start // PAGE, -(-end // PAGE)
    if not 0 <= first < last or last - first > MOST_PAGES:
        raise CourseError(
            f"{start:#x} to {end:#x} is no range of pages to look at", remedy=f"ask for 1 to {MOST_PAGES} pages"
        )
    return tuple(_page(first + i, entry) for i, entry in enumerate(_entries(pid, first, last)))


def sharing(one: int, other: int) -> tuple[SharedMapping, ...]:
    """What of files two processes both map, and whether it is the same memory.

    Args:
        one: Number of the first process.
        other: Of the second.

    Raises:
        MachineError: One has gone, or is none of ours to look at.
    """
    amounts = smaps(one)
    return tuple(
        _compare(one, a, other, b, amounts.get(a.start, {}))
        for a in _file_mappings(one)
        for b in _file_mappings(other)
        if (a.file, a.permissions) == (b.file, b.permissions) and _common(a, b) is not None
    )


def smaps(pid: int) -> dict[int, dict[str, int]]:
    """Amounts of memory by mapping: for its first address, bytes by the kernel's names, such as ``Rss`` and ``Pss``.

    Raises:
        MachineError: The process has gone, or is none of ours to look at.
    """
    found: dict[int, dict[str, int]] = {}
    amounts: dict[str, int] = {}
    for line in _text(pid, "smaps").split("\n"):
        if mapping := _MAPPING.match(line):
            amounts = found[int(mapping[1], 16)] = {}
        elif amount := _AMOUNT.match(line):
            amounts[amount[1]] = int(amount[2]) << 10
    return found


def _compare(one: int, a: _Mapping, other: int, b: _Mapping, amounts: dict[str, int]) -> SharedMapping:
    common = _common(a, b)
    assert common is not None
    starts = a.start + common[0] - a.offset, b.start + common[0] - b.offset
    size = common[1] - common[0]
    both = [
        (x.frame, y.frame)
        for x, y in zip(pages(one, starts[0], starts[0] + size), pages(other, starts[1], starts[1] + size), strict=True)
        if x.present and y.present
    ]
    told = all(x is not None and y is not None for x, y in both)
    return SharedMapping(
        path=a.path,
        permissions=a.permissions[:3],
        starts=starts,
        pages=size // PAGE,
        present=len(both),
        same_frames=sum(x == y for x, y in both) if told else None,
        shared_bytes=amounts.get("Shared_Clean", 0) + amounts.get("Shared_Dirty", 0),
    )


def _common(a: _Mapping, b: _Mapping) -> tuple[int, int] | None:
    """The range of the file that both map, by offsets in it."""
    start = max(a.offset, b.offset)
    end = min(a.offset + a.end - a.start, b.offset + b.end - b.start)
    return (start, end) if start < end else None


def _file_mappings(pid: int) -> Iterator[_Mapping]:
    for line in _text(pid, "maps").split("\n"):
        parts = _MAPPING.fullmatch(line)
        if parts is not None and parts[6] != "0":
            offset, file = int(parts[4], 16), (parts[5], parts[6])
            yield _Mapping(int(parts[1], 16), int(parts[2], 16), parts[3], offset, file, parts[7])


def _entries(pid: int, first: int, last: int) -> tuple[int, ...]:
    try:
        with Path(f"/proc/{pid}/pagemap").open("rb", buffering=0) as file:
            file.seek(first * 8)
            data = file.read((last - first) * 8)
    except OSError as error:
        raise MachineError(f"the pages of process {pid} cannot be read: {error}") from error
    # Where no process has addresses, the file ends; a process that has gone has no pages at all.
    return struct.unpack(f"={last - first}Q", data.ljust((last - first) * 8, b"\0"))


def _page(number: int, entry: int) -> Page:
    present = bool(entry & _PRESENT)
    frame = entry & _FRAME if present else 0
    return Page(
        number * PAGE,
        present,
        bool(entry & _SWAPPED),
        bool(entry & _FILE_OR_SHARED),
        bool(entry & _EXCLUSIVE),
        bool(entry & _SOFT_DIRTY),
        frame * PAGE if frame else None,
    )


def _text(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
    except OSError as error:
        raise MachineError(f"the {name} of process {pid} cannot be read: {error}") from error
