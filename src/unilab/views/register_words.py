"""Registers in words: their bits by name."""

from __future__ import annotations

from collections.abc import Mapping

from unilab.spaces.register_bits import CR0, CR4, EFER, RFLAGS, Bit, set_bits
from unilab.spaces.registers import Registers
from unilab.views.words import address_text

#: Numbers that are written in decimal, too.
_LEGIBLE = 10**6
_RINGS = {0: "kernel", 3: "user"}


def rows(registers: Registers, place: str = "") -> list[tuple[str, str, str]]:
    """Name, value and meaning of each register.

    Args:
        registers: All of them.
        place: What the program's symbols call the next instruction's address.
    """
    ring = registers.privilege_level
    return [
        ("RIP", address_text(registers.rip), place),
        ("RFLAGS", address_text(registers.rflags), _bits(registers.rflags, RFLAGS)),
        ("CPL", str(ring), _RINGS.get(ring, "")),
        *((name, address_text(value), _number(value)) for name, value in registers.general),
        ("CR0", address_text(registers.cr0), _bits(registers.cr0, CR0)),
        ("CR2", address_text(registers.cr2), "address of the last page fault" if registers.cr2 else ""),
        ("CR3", address_text(registers.cr3), "where the page tables begin" if registers.paging else "paging is off"),
        ("CR4", address_text(registers.cr4), _bits(registers.cr4, CR4)),
        ("EFER", address_text(registers.efer), _bits(registers.efer, EFER)),
    ]


def _bits(value: int, names: Mapping[int, Bit]) -> str:
    return " ".join(bit.name for bit in set_bits(value, names))


def _number(value: int) -> str:
    """The value as a signed decimal, where somebody can make something of it."""
    signed = value - (1 << 64) if value >> 63 else value
    return str(signed) if 9 < signed < _LEGIBLE or -_LEGIBLE < signed < 0 else ""
