"""The state a processor starts a guest in: real mode as after power-on, or long mode with everything set up.

On real hardware a kernel works its way from the first to the second (libos/arch/x86_64/boot.S does);
a hypervisor can write the registers of its guest, so here a few lines of Python do the same.

Sources: Intel SDM vol. 3A, "Mode Switching" and "4-Level Paging"; vol. 3C, "Guest Register State", for what a
segment register holds beside its selector.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass

#: Where guests are loaded and entered; their stack grows down from there.
ENTRY = 0x8000

#: Page tables for long mode: one PML4, one page-directory-pointer table, four page directories, below the stack.
_PML4, _POINTERS, _DIRECTORIES = 0x1000, 0x2000, 0x3000
_PRESENT, _WRITABLE, _LARGE = 1 << 0, 1 << 1, 1 << 7
_GIB, _LARGE_PAGE = 1 << 30, 2 << 20
_MAPPED_GIB = 4

CR0_PE, CR0_ET, CR0_PG = 1 << 0, 1 << 4, 1 << 31
CR4_PAE = 1 << 5
EFER_LME, EFER_LMA = 1 << 8, 1 << 10

#: Segment types: data that may be written, code that may be read; both "accessed", as the processor would mark them.
_DATA, _CODE = 0x3, 0xB


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment register with the part that instructions do not see.

    Attributes:
        selector: What ``mov %cs, %ax`` reads.
        base: Added to every offset, bytes.
        limit: The last offset, bytes.
        type: Four bits: code or data, and what may be done with it.
        wide: Whether its default operand size is 32 bits (D/B).
        long: Whether its code is 64-bit code (L).
        pages: Whether its descriptor counts the limit in pages (G).
    """

    selector: int
    base: int
    limit: int
    type: int
    wide: bool = False
    long: bool = False
    pages: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What a guest's processor holds when it starts.

    Attributes:
        mode: ``real`` or ``long``.
        code: CS.
        data: DS, ES, FS, GS and SS.
        cr0: Control register 0: protection and paging.
        cr3: Physical address of the top page table.
        cr4: Control register 4: physical address extension.
        efer: Long mode.
        rip: The first instruction.
        rsp: The stack pointer.

    The interrupt table is empty in both modes, so that any exception ends in a triple fault.
    """

    mode: str
    code: Segment
    data: Segment
    cr0: int
    cr3: int = 0
    cr4: int = 0
    efer: int = 0
    rip: int = ENTRY
    rsp: int = ENTRY


def real_mode() -> State:
    """16-bit code, no protection, no paging: what the first x86 processor had, and all begin in."""
    flat = Segment(selector=0, base=0, limit=0xFFFF, type=_DATA)
    return State("real", code=Segment(0, 0, 0xFFFF, _CODE), data=flat, cr0=CR0_ET)


def long_mode(memory: mmap.mmap) -> State:
    """64-bit code with paging on. Writes the page tables that it needs into the guest's memory.

    Args:
        memory: The guest's RAM from physical address 0 on.
    """
    return State(
        "long",
        code=Segment(selector=0x08, base=0, limit=0xFFFFFFFF, type=_CODE, long=True, pages=True),
        data=Segment(selector=0x10, base=0, limit=0xFFFFFFFF, type=_DATA, wide=True, pages=True),
        cr0=CR0_PE | CR0_ET | CR0_PG,
        cr3=identity_tables(memory),
        cr4=CR4_PAE,
        efer=EFER_LME | EFER_LMA,
    )


def identity_tables(memory: mmap.mmap) -> int:
    """Page tables by which the first 4 GiB of virtual addresses are the physical ones, in pages of 2 MiB.

    Args:
        memory: The guest's RAM from physical address 0 on; the tables fill 0x1000 to 0x7000.

    Returns:
        Physical address of the top one, for CR3.
    """

    def entry(table: int, index: int, value: int) -> None:
        struct.pack_into("<Q", memory, table + 8 * index, value)

    entry(_PML4, 0, _POINTERS | _WRITABLE | _PRESENT)
    for gib in range(_MAPPED_GIB):
        directory = _DIRECTORIES + 4096 * gib
        entry(_POINTERS, gib, directory | _WRITABLE | _PRESENT)
        for i in range(512):
            entry(directory, i, gib * _GIB + i * _LARGE_PAGE | _LARGE | _WRITABLE | _PRESENT)
    return _PML4
