"""The address space of a guest, from its page tables."""

from __future__ import annotations

from collections.abc import Callable

from unilab.errors import LayoutError
from unilab.spaces import labels, paging
from unilab.spaces.model import AddressSpace, Privilege, Source, Translation
from unilab.spaces.registers import Registers
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import SymbolTable

_TABLE_BYTES = 4096
_ADDRESS_BITS = {4: 48, 5: 57}

#: Gives so many bytes of the guest's RAM from a physical address on.
ReadMemory = Callable[[int, int], bytes]


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

    def read(table: int) -> bytes:
        return memory(table, _TABLE_BYTES)

    levels = registers.levels
    pieces = [
        labels.Piece(
            run.start,
            run.end,
            run.permissions,
            Privilege.USER if run.user else Privilege.KERNEL,
            run.page_size,
            run.physical,
        )
        for run in paging.walk(registers.cr3, read, levels=levels, no_execute=registers.no_execute)
    ]
    return AddressSpace(
        name,
        labels.apply(pieces, labels.of_image(symbols, link_map)),
        Translation(
            f"x86-64, {levels} levels",
            registers.cr3 & -_TABLE_BYTES,
            len(paging.tables(registers.cr3, read, levels=levels)),
        ),
        Source.LIVE,
        origin,
        _ADDRESS_BITS[levels],
    )
