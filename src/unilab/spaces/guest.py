"""The address space of a guest, from its page tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unilab.errors import LayoutError
from unilab.spaces import labels, paging
from unilab.spaces.model import AddressSpace, Privilege, Source, Translation
from unilab.spaces.registers import Registers
from unilab.spaces.virtual_memory import ReadMemory
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import SymbolTable

_TABLE_BYTES = 4096
#: So often must a page be mapped in a row to be shown as one region.
_MANY = 64
_ADDRESS_BITS = {4: 48, 5: 57}


def unikernel(
    registers: Registers,
    memory: ReadMemory,
    symbols: SymbolTable,
    link_map: LinkMap,
    *,
    name: str,
    origin: str,
) -> AddressSpace:
    """A unikernel's one address space, named from its image.

    Args:
        registers: The processor's, while it is stopped.
        memory: Reads the guest's RAM.
        symbols: Of the unstripped image.
        link_map: Of the image.
        name: What to call it.
        origin: Where and when it was read.

    Raises:
        LayoutError: The processor is not in long mode with paging on, so there are no page tables to walk.
    """
    if not (registers.paging and registers.long_mode):
        raise LayoutError(
            "the guest has no 64-bit page tables yet: it is still booting", remedy="stop it later, at main for instance"
        )

    return labelled(registers, memory, labels.of_image(symbols, link_map), name=name, origin=origin)


def labelled(
    registers: Registers,
    memory: ReadMemory,
    names: Sequence[labels.Label],
    *,
    name: str,
    origin: str,
    root: int | None = None,
) -> AddressSpace:
    """An address space of a guest's, by its page tables.

    Args:
        registers: The processor's, while it is stopped and 64-bit page tables are in use.
        memory: Reads the guest's RAM.
        names: What its parts are.
        name: What to call it.
        origin: Where and when it was read.
        root: Physical address of the top table; CR3 unless given.
    """
    levels = registers.levels
    top = (registers.cr3 if root is None else root) & -_TABLE_BYTES
    mappings, tables = paging.survey(
        top, lambda table: memory(table, _TABLE_BYTES), levels=levels, no_execute=registers.no_execute
    )
    pieces = [
        labels.Piece(
            first.start,
            last.end,
            first.permissions,
            Privilege.USER if first.user else Privilege.KERNEL,
            first.page_size,
            first.physical if times == 1 else None,
            "" if times == 1 else f"physical {first.physical:#x}, {times} times, with gaps",
            stays=first.stays and registers.global_pages,
        )
        for first, last, times in _folded(mappings)
    ]
    return AddressSpace(
        name,
        labels.apply(pieces, names),
        Translation(f"x86-64, {levels} levels", top, len(tables)),
        Source.LIVE,
        origin,
        _ADDRESS_BITS[levels],
    )


def _folded(mappings: Sequence[paging.Mapping]) -> Iterator[tuple[paging.Mapping, paging.Mapping, int]]:
    """First, last and number of mappings: one each, but many of the same page in a row are taken together.

    Linux maps one page of its stacks for 16-bit code ("espfix") at 65,536 addresses.
    """

    def same(run: paging.Mapping) -> tuple[object, ...]:
        return run.physical, run.end - run.start, run.permissions, run.user, run.stays

    begin = 0
    while begin < len(mappings):
        end, looks = begin + 1, same(mappings[begin])
        while end < len(mappings) and same(mappings[end]) == looks:
            end += 1
        if end - begin >= _MANY:
            yield mappings[begin], mappings[end - 1], end - begin
        else:
            yield from ((run, run, 1) for run in mappings[begin:end])
        begin = end
