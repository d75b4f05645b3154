"""Page tables of x86-64, walked as the processor walks them.

Source: Intel SDM vol. 3A, chapter "Paging", sections "4-Level Paging and 5-Level
Paging" and "Access Rights": a right must be given at every level, execution must
be denied at none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

_PRESENT, _WRITABLE, _USER, _LARGE = 1, 1 << 1, 1 << 2, 1 << 7
_NO_EXECUTE = 1 << 63
_ADDRESS = 0x000F_FFFF_FFFF_F000
_PAGE_SHIFT, _INDEX_BITS = 12, 9
#: The highest level whose entries may map a page themselves: 1 GiB.
_LARGE_LEVEL = 3

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
    """

    start: int
    end: int
    physical: int
    permissions: str
    user: bool
    page_size: int


def walk(root: int, read: ReadTable, *, levels: int = 4, no_execute: bool = True) -> Iterator[Mapping]:
    """Every mapping of an address space, in address order, neighbours joined where nothing changes.

    Args:
        root: CR3; its low bits do not matter.
        read: Reads a table.
        levels: 4 or 5.
        no_execute: Whether bit 63 counts (EFER.NXE).
    """
    run: Mapping | None = None
    for start, size, physical, rights in _leaves(root, read, levels, no_execute):
        page = Mapping(start, start + size, physical, _letters(rights), bool(rights & _USER), size)
        if run is not None and _continues(run, page):
            run = Mapping(run.start, page.end, run.physical, run.permissions, run.user, size)
            continue
        if run is not None:
            yield run
        run = page
    if run is not None:
        yield run


def tables(root: int, read: ReadTable, *, levels: int = 4) -> set[int]:
    """The physical address of every page that holds a table, the top one included."""
    found = {root & _ADDRESS}
    level = set(found)
    for height in range(levels, 1, -1):
        level = {
            entry & _ADDRESS
            for table in level
            for entry in memoryview(read(table)).cast("Q")
            if entry & _PRESENT and not (height <= _LARGE_LEVEL and entry & _LARGE)
        }
        found |= level
    return found


def translate(
    address: int, root: int, read: ReadTable, *, levels: int = 4, no_execute: bool = True
) -> tuple[int, str] | None:
    """Where one virtual address leads.

    Returns:
        Its physical address and the ``rwx`` letters there; None where nothing is mapped, or where the address is
        not canonical.
    """
    width = _PAGE_SHIFT + _INDEX_BITS * levels
    if canonical(address, width) != address:
        return None
    table, rights = root & _ADDRESS, _WRITABLE | _USER
    for level in range(levels, 0, -1):
        shift = _PAGE_SHIFT + _INDEX_BITS * (level - 1)
        index = address >> shift & 511
        entry = memoryview(read(table)).cast("Q")[index]
        if not entry & _PRESENT:
            return None
        rights = _narrowed(rights, entry, no_execute)
        if level == 1 or (level <= _LARGE_LEVEL and entry & _LARGE):
            inside = (1 << shift) - 1
            return (entry & _ADDRESS & ~inside) | (address & inside), _letters(rights)
        table = entry & _ADDRESS
    return None


def canonical(address: int, width: int = 48) -> int:
    """The address with its upper bits all copies of bit ``width - 1``, as the processor demands.

    >>> hex(canonical(0x8000_0000_0000))
    '0xffff800000000000'
    """
    address &= (1 << width) - 1
    return address | (1 << 64) - (1 << width) if address >> (width - 1) else address


def _leaves(root: int, read: ReadTable, levels: int, no_execute: bool) -> Iterator[tuple[int, int, int, int]]:
    """(virtual address, size, physical address, rights) of every page, in address order."""
    width = _PAGE_SHIFT + _INDEX_BITS * levels

    def descend(table: int, level: int, base: int, above: int) -> Iterator[tuple[int, int, int, int]]:
        shift = _PAGE_SHIFT + _INDEX_BITS * (level - 1)
        for index, entry in enumerate(memoryview(read(table)).cast("Q")):
            if not entry & _PRESENT:
                continue
            start = base | index << shift
            rights = _narrowed(above, entry, no_execute)
            if level == 1 or (level <= _LARGE_LEVEL and entry & _LARGE):
                yield canonical(start, width), 1 << shift, entry & _ADDRESS & -(1 << shift), rights
            else:
                yield from descend(entry & _ADDRESS, level - 1, start, rights)

    return descend(root & _ADDRESS, levels, 0, _WRITABLE | _USER)


def _narrowed(above: int, entry: int, no_execute: bool) -> int:
    """The rights that are left below an entry: W and U are anded, no-execute is ored."""
    denied = (above | (entry if no_execute else 0)) & _NO_EXECUTE
    return (above & entry & (_WRITABLE | _USER)) | denied


def _letters(rights: int) -> str:
    return "r" + ("w" if rights & _WRITABLE else "-") + ("-" if rights & _NO_EXECUTE else "x")


def _continues(run: Mapping, page: Mapping) -> bool:
    return (
        run.end == page.start
        and run.physical + (run.end - run.start) == page.physical
        and (run.permissions, run.user, run.page_size) == (page.permissions, page.user, page.page_size)
    )
