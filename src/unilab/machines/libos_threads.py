"""The threads of a unikernel by its library OS's own list, libos/core/thread.c."""

from __future__ import annotations

from unilab.errors import LayoutError
from unilab.spaces.registers import Registers
from unilab.spaces.virtual_memory import ReadMemory, VirtualMemory
from unilab.toolchain.structures import structure
from unilab.toolchain.symbols import SymbolTable

_LIST = "libos_all_threads"
#: The library OS has no more: libos/core/thread.c, MAX_THREADS.
_MOST = 1024


def thread_pointers(symbols: SymbolTable, registers: Registers, memory: ReadMemory) -> dict[int, int]:
    """Number of each thread, and its thread pointer; empty where no scheduler is linked, or it still boots.

    Args:
        symbols: Of the unstripped image.
        registers: The processor's, while it is stopped.
        memory: Reads the guest's RAM.
    """
    if _LIST not in symbols.names() or not (registers.paging and registers.long_mode):
        return {}
    virtual = VirtualMemory(registers.cr3 & ~0xFFF, memory, levels=registers.levels)
    found: dict[int, int] = {}
    try:
        shape = structure(symbols.path, "thread")
        thread = virtual.unsigned(symbols.address(_LIST))
        while thread and len(found) < _MOST:
            tid = virtual.unsigned(thread + shape.offset("tid"), shape.field_size("tid"))
            found[tid] = virtual.unsigned(thread + shape.offset("fs_base"))
            thread = virtual.unsigned(thread + shape.offset("all_next"))
    except LayoutError:
        pass  # a list that was destroyed ends where it cannot be read
    return found
