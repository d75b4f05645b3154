"""Page tables of x86-64, walked as the processor walks them.

Source: Intel SDM vol. 3A, chapter "Paging", sections "4-Level Paging and 5-Level
Paging" and "Access Rights": a right must be given at every level, execution must
be denied at none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from unilab.spaces.page_walk import Entry, PageWalk

_PRESENT, _WRITABLE, _USER, _LARGE, _GLOBAL = 1, 1 << 1, 1 << 2, 1 << 7, 1 << 8
_NO_EXECUTE = 1 << 63
_ADDRESS = 0x000F_FFFF_FFFF_F000
_PAGE_SHIFT, _INDEX_BITS = 12, 9
#: The highest level whose entries may map a page themselves: 1 GiB.
_LARGE_LEVEL = 3
#: From this entry of the top table on, addresses are of the upper half.
_HALF = 256
#: Bytes of a table.
TABLE_BYTES = 4096
_EMPTY = bytes(TABLE_BYTES)

#: Gives the 4096 bytes of the table at a physical address.
ReadTable = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A run of pages mapped alike, onto physical memory without a break.

    Attributes:
        start: Virtual address, bytes; canonical, so the upper half begins with ones.
        end: One past the last, bytes.
        physical: Physical address of ``start``, bytes.
        permissions: ``rwx`` letters.
        user: Whether privilege level 3 may touch it.
        page_size: Bytes in one page: 4096, 2 MiB or 1 GiB.
        stays: Whether its entries are global: what the processor remembers of them outlives a change of CR3.
    """

    start: int
    end: int
    physical: int
    permissions: str
    user: bool
    page_size: int
    stays: bool = False


def walk(root: int, read: ReadTable, *, levels: int = 4, no_execute: bool = True) -> Iterator[Mapping]:
    """Every mapping of an address space, in address order, neighbours joined where nothing changes.

    Args:
        root: CR3; its low bits do not matter.
        read: Reads a table.
        levels: 4 or 5.
        no_execute: Whether bit 63 counts (EFER.NXE).
    """
    return iter(survey(root, read, levels=levels, no_execute=no_execute)[0])


def tables(root: int, read: ReadTable, *, levels: int = 4) -> set[int]:
    """The physical address of every page that holds a table, the top one included."""
    return survey(root, read, levels=levels)[1]


def survey(root: int, read: ReadTable, *, levels: int = 4, no_execute: bool = True) -> tuple[list[Mapping], set[int]]:
    """What ``walk`` and ``tables`` give, found in one go; arguments as for ``walk``."""
    found = _Survey(read, no_execute)
    found.descend(root & _ADDRESS, levels, 0, _WRITABLE | _USER, 1 << (_PAGE_SHIFT + _INDEX_BITS * levels))
    found.end_run()
    return found.mappings, found.tables


class _Survey:
    """A walk under way: what has been found, and the run that may still go on.

    A guest's tables have tens of thousands of entries, so what happens for each is written out here, in its loop.
    """

    def __init__(self, read: ReadTable, no_execute: bool) -> None:
        self.mappings: list[Mapping] = []
        self.tables: set[int] = set()
        self._read = read
        self._counts = -1 if no_execute else ~_NO_EXECUTE
        self._start = self._end = self._physical = self._looks = self._size = 0

    def descend(self, table: int, level: int, base: int, above: int, beyond: int) -> None:
        """Go through one table, and through those below it.

        Args:
            table: Its physical address.
            level: 5 to 1.
            base: The virtual address of its first entry.
            above: Rights that the entries above leave.
            beyond: At the top table, one past the largest address that can be written in its bits; else 0.
        """
        self.tables.add(table)
        data = self._read(table)
        if data == _EMPTY:
            return
        size = 1 << (_PAGE_SHIFT + _INDEX_BITS * (level - 1))
        if level == 1:
            self._pages(data, base, above)
            return
        for index, value in enumerate(memoryview(data).cast("Q")):
            if not value & _PRESENT:
                continue
            start = base + index * size
            if beyond and index >= _HALF:
                start += (1 << 64) - beyond
            entry = value & self._counts
            rights = (above & entry & (_WRITABLE | _USER)) | ((above | entry) & _NO_EXECUTE)
            if level <= _LARGE_LEVEL and entry & _LARGE:
                self._page(start, size, entry & _ADDRESS & -size, rights | entry & _GLOBAL)
            else:
                self.descend(entry & _ADDRESS, level - 1, start, rights, 0)

    def _pages(self, data: bytes, base: int, above: int) -> None:
        """Go through a table of the lowest level."""
        kept = _ADDRESS | _PRESENT | _WRITABLE | _USER | _GLOBAL | (_NO_EXECUTE & self._counts)
        following = 0
        for index, value in enumerate(memoryview(data).cast("Q")):
            if not value & _PRESENT:
                following = 0
                continue
            entry = value & kept
            if entry == following:
                self._end += 1 << _PAGE_SHIFT
            else:
                rights = (above & entry & (_WRITABLE | _USER)) | ((above | entry) & _NO_EXECUTE)
                address = base + (index << _PAGE_SHIFT)
                self._page(address, 1 << _PAGE_SHIFT, entry & _ADDRESS, rights | entry & _GLOBAL)
            following = entry + (1 << _PAGE_SHIFT)

    def _page(self, start: int, size: int, physical: int, looks: int) -> None:
        """Take one page: it continues the run, or begins another."""
        if (
            self._end == start
            and self._size == size
            and self._looks == looks
            and self._physical + (start - self._start) == physical
        ):
            self._end += size
            return
        self.end_run()
        self._start, self._end, self._physical, self._looks, self._size = start, start + size, physical, looks, size

    def end_run(self) -> None:
        """Keep the run."""
        if self._size:
            looks = self._looks
            self.mappings.append(
                Mapping(
                    self._start,
                    self._end,
                    self._physical,
                    _letters(looks),
                    bool(looks & _USER),
                    self._size,
                    bool(looks & _GLOBAL),
                )
            )
            self._size = 0


def translate(
    address: int, root: int, read: ReadTable, *, levels: int = 4, no_execute: bool = True
) -> tuple[int, str] | None:
    """Where one virtual address leads.

    Returns:
        Its physical address and the ``rwx`` letters there; None where nothing is mapped, or where the address is
        not canonical.
    """
    found = page_walk(address, root, read, levels=levels, no_execute=no_execute)
    return None if found.physical is None else (found.physical, found.permissions)


def page_walk(
    address: int, root: int, read: ReadTable, *, levels: int = 4, no_execute: bool = True, space: str = ""
) -> PageWalk:
    """Translate one virtual address, and tell each entry that the processor reads for it.

    Args:
        address: Virtual, bytes. Where it is not canonical the processor reads no entry at all.
        root: CR3; its low bits do not matter.
        read: Reads a table.
        levels: 4 or 5.
        no_execute: Whether bit 63 counts (EFER.NXE).
        space: Name of the address space.
    """
    top, entries = root & _ADDRESS, []
    table, rights = top, _WRITABLE | _USER
    walked = range(levels, 0, -1) if canonical(address, _PAGE_SHIFT + _INDEX_BITS * levels) == address else ()
    for level in walked:
        shift = _PAGE_SHIFT + _INDEX_BITS * (level - 1)
        index = address >> shift & 511
        entry = int.from_bytes(read(table)[8 * index : 8 * index + 8], "little")
        entries.append(Entry(level, table, index, entry))
        if not entry & _PRESENT:
            break
        denied = (rights | (entry if no_execute else 0)) & _NO_EXECUTE
        rights = (rights & entry & (_WRITABLE | _USER)) | denied
        if level == 1 or (level <= _LARGE_LEVEL and entry & _LARGE):
            size = 1 << shift
            physical = (entry & _ADDRESS & -size) | address & (size - 1)
            return PageWalk(space, address, top, tuple(entries), physical, size, _letters(rights), bool(rights & _USER))
        table = entry & _ADDRESS
    return PageWalk(space, address, top, tuple(entries), None, 0, "", user=False)


def canonical(address: int, width: int = 48) -> int:
    """The address with its upper bits all copies of bit ``width - 1``, as the processor demands.

    >>> hex(canonical(0x8000_0000_0000))
    '0xffff800000000000'
    """
    address &= (1 << width) - 1
    return address | (1 << 64) - (1 << width) if address >> (width - 1) else address


def _letters(rights: int) -> str:
    return "r" + ("w" if rights & _WRITABLE else "-") + ("-" if rights & _NO_EXECUTE else "x")
