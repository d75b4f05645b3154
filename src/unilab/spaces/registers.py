"""The registers that decide how an x86-64 processor sees memory."""

from __future__ import annotations

import re
from dataclasses import dataclass

from unilab.errors import LayoutError

_CR0_PG = 1 << 31
_CR4_PGE, _CR4_LA57 = 1 << 7, 1 << 12
_EFER_LMA, _EFER_NXE = 1 << 10, 1 << 11
#: QEMU's names, in the order of the attributes of Registers.
_NAMES = ("RIP", "RSP", "RFL", "CR0", "CR2", "CR3", "CR4", "EFER", "CPL")
#: General registers: the eight of 32-bit modes by either of their names, and those that 64-bit mode adds.
_GENERAL = [prefix + name for prefix in "RE" for name in ("AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP")]
_GENERAL += [f"R{number}" for number in range(8, 16)]


@dataclass(frozen=True, slots=True)
class Registers:
    """A processor's state, as far as addresses depend on it. Numbers are the registers' whole values.

    Attributes:
        rip: The next instruction.
        rsp: The stack pointer.
        rflags: Flags.
        cr0: Control register 0: whether paging is on.
        cr2: The address of the last page fault.
        cr3: Where the page tables begin.
        cr4: Control register 4: how many levels they have.
        efer: Extended features: long mode, no-execute pages.
        privilege_level: 0 (kernel) to 3 (user).
        general: The general registers by name, ``RAX`` to ``R15``; in 32-bit modes the eight that there are.
        halted: Whether it executes nothing until an interrupt comes.
    """

    rip: int
    rsp: int
    rflags: int
    cr0: int
    cr2: int
    cr3: int
    cr4: int
    efer: int
    privilege_level: int
    general: tuple[tuple[str, int], ...] = ()
    halted: bool = False

    @property
    def paging(self) -> bool:
        """Whether addresses are translated."""
        return bool(self.cr0 & _CR0_PG)

    @property
    def long_mode(self) -> bool:
        """Whether 64-bit page tables are in use."""
        return bool(self.efer & _EFER_LMA)

    @property
    def levels(self) -> int:
        """Levels of page tables: 4, or 5 with LA57."""
        return 5 if self.cr4 & _CR4_LA57 else 4

    @property
    def global_pages(self) -> bool:
        """Whether an entry's global bit counts."""
        return bool(self.cr4 & _CR4_PGE)

    @property
    def no_execute(self) -> bool:
        """Whether bit 63 of an entry forbids execution."""
        return bool(self.efer & _EFER_NXE)


def parse_info_registers(text: str) -> Registers:
    """Read what QEMU's monitor answers to ``info registers`` for an x86 processor.

    Raises:
        LayoutError: A register is missing.

    Source:
        QEMU, target/i386/cpu-dump.c. In 32-bit modes it writes EIP, ESP and EFL.
    """
    said = dict(re.findall(r"\b([A-Z][A-Z0-9]+)\s*=\s*([0-9a-fA-F]+)", text))
    general = tuple((name, int(said[name], 16)) for name in _GENERAL if name in said)
    for short, name in (("EIP", "RIP"), ("ESP", "RSP"), ("EFL", "RFL")):
        if short in said:
            said.setdefault(name, said[short])
    if missing := [name for name in _NAMES if name not in said]:
        raise LayoutError(f"QEMU's registers lack {', '.join(missing)}")
    rip, rsp, rflags, cr0, cr2, cr3, cr4, efer, level = (int(said[name], 16) for name in _NAMES)
    return Registers(rip, rsp, rflags, cr0, cr2, cr3, cr4, efer, level, general, said.get("HLT") == "1")
