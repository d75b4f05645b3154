"""What the bits of flags, control registers and EFER are called, and what they say.

Source: Intel SDM vol. 1, section "EFLAGS Register"; vol. 3A, sections "Control Registers" and "IA32_EFER MSR".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bit:
    """One bit of a register.

    Attributes:
        name: As the manual writes it: ``PG``.
        meaning: What it says when it is 1, in a few words.
    """

    name: str
    meaning: str


RFLAGS: Mapping[int, Bit] = {
    0: Bit("CF", "carry"),
    2: Bit("PF", "parity"),
    4: Bit("AF", "carry out of four bits"),
    6: Bit("ZF", "zero"),
    7: Bit("SF", "sign"),
    8: Bit("TF", "an exception after each instruction"),
    9: Bit("IF", "interrupts come through"),
    10: Bit("DF", "strings go downwards"),
    11: Bit("OF", "overflow"),
    14: Bit("NT", "nested task"),
    16: Bit("RF", "no breakpoint at the next instruction"),
    18: Bit("AC", "alignment is checked"),
}

CR0: Mapping[int, Bit] = {
    0: Bit("PE", "protection: not real-address mode"),
    1: Bit("MP", "wait watches the floating-point unit"),
    2: Bit("EM", "no floating-point unit: its instructions raise an exception"),
    3: Bit("TS", "the next floating-point instruction raises an exception"),
    4: Bit("ET", "always 1: a floating-point unit of 32 bits"),
    5: Bit("NE", "floating-point errors are exceptions"),
    16: Bit("WP", "read-only pages are read-only for the kernel, too"),
    18: Bit("AM", "alignment may be checked"),
    29: Bit("NW", "no write-through"),
    30: Bit("CD", "caches are off"),
    31: Bit("PG", "paging: addresses go through page tables"),
}

CR4: Mapping[int, Bit] = {
    4: Bit("PSE", "large pages with 32-bit tables"),
    5: Bit("PAE", "page-table entries of 64 bits"),
    7: Bit("PGE", "global pages"),
    9: Bit("OSFXSR", "SSE instructions work"),
    10: Bit("OSXMMEXCPT", "SSE errors are exceptions of their own"),
    12: Bit("LA57", "page tables of five levels"),
    16: Bit("FSGSBASE", "programs may set FS and GS"),
    17: Bit("PCIDE", "the TLB tells address spaces apart"),
    18: Bit("OSXSAVE", "XSAVE and AVX work"),
    20: Bit("SMEP", "the kernel may not execute user pages"),
    21: Bit("SMAP", "the kernel may not touch user pages"),
}

EFER: Mapping[int, Bit] = {
    0: Bit("SCE", "syscall works"),
    8: Bit("LME", "long mode from when paging goes on"),
    10: Bit("LMA", "long mode is active: the processor sets this bit itself"),
    11: Bit("NXE", "bit 63 of a page-table entry forbids execution"),
}

#: The registers whose bits have names, by QEMU's names for the registers.
NAMED: Mapping[str, Mapping[int, Bit]] = {"RFLAGS": RFLAGS, "CR0": CR0, "CR4": CR4, "EFER": EFER}


def set_bits(value: int, bits: Mapping[int, Bit]) -> tuple[Bit, ...]:
    """The bits of a value that are 1 and have a name, lowest first.

    >>> [bit.name for bit in set_bits(0x80000011, CR0)]
    ['PE', 'ET', 'PG']
    """
    return tuple(bit for position, bit in bits.items() if value >> position & 1)
