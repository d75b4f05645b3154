"""What the segment registers and the tables behind them say: above all, in which mode the processor is.

Source: Intel SDM vol. 3A, sections "Modes of Operation" and "Code- and Data-Segment Descriptor Types"; for the
register ``CS`` in IA-32e mode "IA-32e Mode Code-Segment Descriptors".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from unilab.errors import LayoutError
from unilab.spaces.registers import Registers

#: Of the upper half of a descriptor. QEMU gives it as it is in the table.
_CODE, _PRESENT, _LONG, _WIDE = 1 << 11, 1 << 15, 1 << 21, 1 << 22
_CR0_PE = 1
_SEGMENTS = ("CS", "SS", "DS", "ES", "TR")
_SEGMENT = re.compile(r"^(\w\w) *= *([0-9a-f]{4}) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", re.MULTILINE)
_TABLE = re.compile(r"^([GI]DT) *= *([0-9a-f]+) ([0-9a-f]+)", re.MULTILINE)


class Mode(StrEnum):
    """A mode of the processor, by the names that the manual gives them."""

    REAL = "real-address mode"
    PROTECTED = "protected mode"
    COMPATIBILITY = "compatibility mode"
    LONG = "64-bit mode"


#: In the order in which a boot goes through them.
MODES = tuple(Mode)


@dataclass(frozen=True, slots=True)
class SegmentRegister:
    """A segment register: what was loaded, and what of the descriptor the processor keeps beside it.

    Attributes:
        name: ``CS``.
        selector: What a program sees of it: the descriptor's place in the table, and a privilege level.
        base: Where the segment begins, bytes.
        limit: The offset of its last byte.
        attributes: The upper half of the descriptor.
    """

    name: str
    selector: int
    base: int
    limit: int
    attributes: int

    @property
    def is_code(self) -> bool:
        """Whether it holds code."""
        return bool(self.attributes & _CODE)

    @property
    def bits(self) -> int:
        """For code: how wide addresses and operands are where the instruction does not say: 16, 32 or 64."""
        if self.attributes & _LONG:
            return 64
        return 32 if self.attributes & _WIDE else 16

    @property
    def is_loaded(self) -> bool:
        """Whether a descriptor has been read into it that is there."""
        return bool(self.attributes & _PRESENT)


@dataclass(frozen=True, slots=True)
class DescriptorTable:
    """A register that says where a table of descriptors is: GDT for segments, IDT for exceptions and interrupts.

    Attributes:
        name: ``GDT`` or ``IDT``.
        base: Where it begins, bytes.
        limit: The offset of its last byte.
    """

    name: str
    base: int
    limit: int


@dataclass(frozen=True, slots=True)
class Segments:
    """All of them that matter here.

    Attributes:
        registers: CS, SS, DS, ES and TR.
        gdt: Where the segment descriptors are.
        idt: Where the gates are through which exceptions and interrupts go.
    """

    registers: tuple[SegmentRegister, ...]
    gdt: DescriptorTable
    idt: DescriptorTable

    def __getitem__(self, name: str) -> SegmentRegister:
        """The register of a name."""
        return next(each for each in self.registers if each.name == name)


def parse_segments(text: str) -> Segments:
    """Read the segments out of what QEMU's monitor answers to ``info registers`` for an x86 processor.

    Raises:
        LayoutError: A register is missing.

    Source:
        QEMU, target/i386/cpu-dump.c.
    """
    said = {name: tuple(int(word, 16) for word in words) for name, *words in _SEGMENT.findall(text)}
    tables = {name: DescriptorTable(name, int(base, 16), int(limit, 16)) for name, base, limit in _TABLE.findall(text)}
    if missing := [name for name in (*_SEGMENTS, "GDT", "IDT") if name not in said and name not in tables]:
        raise LayoutError(f"QEMU's registers lack {', '.join(missing)}")
    return Segments(tuple(SegmentRegister(name, *said[name]) for name in _SEGMENTS), tables["GDT"], tables["IDT"])


def mode(registers: Registers, segments: Segments) -> Mode:
    """The mode that the processor is in.

    Long mode has two faces, and the code segment decides between them: 64-bit mode, or compatibility mode.
    """
    if not registers.cr0 & _CR0_PE:
        return Mode.REAL
    if not registers.long_mode:
        return Mode.PROTECTED
    return Mode.LONG if segments["CS"].bits == 64 else Mode.COMPATIBILITY
