"""Registers in words: their bits by name.

Source: Intel SDM vol. 1, section "EFLAGS Register"; vol. 3A, sections "Control Registers" and "IA32_EFER MSR".
"""

from __future__ import annotations

from unilab.spaces.registers import Registers
from unilab.views.words import address_text

_RFLAGS = {
    0: "CF",
    2: "PF",
    4: "AF",
    6: "ZF",
    7: "SF",
    8: "TF",
    9: "IF",
    10: "DF",
    11: "OF",
    14: "NT",
    16: "RF",
    18: "AC",
}
_CR0 = {0: "PE", 1: "MP", 2: "EM", 3: "TS", 5: "NE", 16: "WP", 18: "AM", 30: "CD", 31: "PG"}
_CR4 = {
    4: "PSE",
    5: "PAE",
    7: "PGE",
    9: "OSFXSR",
    10: "OSXMMEXCPT",
    12: "LA57",
    16: "FSGSBASE",
    17: "PCIDE",
    18: "OSXSAVE",
    20: "SMEP",
    21: "SMAP",
}
_EFER = {0: "SCE", 8: "LME", 10: "LMA", 11: "NXE"}
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
        ("RFLAGS", address_text(registers.rflags), _bits(registers.rflags, _RFLAGS)),
        ("CPL", str(ring), _RINGS.get(ring, "")),
        *((name, address_text(value), _number(value)) for name, value in registers.general),
        ("CR0", address_text(registers.cr0), _bits(registers.cr0, _CR0)),
        ("CR2", address_text(registers.cr2), "address of the last page fault" if registers.cr2 else ""),
        ("CR3", address_text(registers.cr3), "where the page tables begin" if registers.paging else "paging is off"),
        ("CR4", address_text(registers.cr4), _bits(registers.cr4, _CR4)),
        ("EFER", address_text(registers.efer), _bits(registers.efer, _EFER)),
    ]


def _bits(value: int, names: dict[int, str]) -> str:
    return " ".join(name for bit, name in names.items() if value >> bit & 1)


def _number(value: int) -> str:
    """The value as a signed decimal, where somebody can make something of it."""
    signed = value - (1 << 64) if value >> 63 else value
    return str(signed) if 9 < signed < _LEGIBLE or -_LEGIBLE < signed < 0 else ""
