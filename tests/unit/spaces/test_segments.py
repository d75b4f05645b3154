"""On what a real QEMU said in each of the processor's modes: the texts in registers/."""

from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import LayoutError
from unilab.spaces.register_bits import CR0, CR4, EFER, NAMED, set_bits
from unilab.spaces.registers import parse_info_registers
from unilab.spaces.segments import DescriptorTable, Mode, SegmentRegister, mode, parse_segments

TEXTS = Path(__file__).parent / "registers"


def _text(name: str) -> str:
    return (TEXTS / f"{name}.txt").read_text()


def _mode(text: str) -> Mode:
    return mode(parse_info_registers(text), parse_segments(text))


@pytest.mark.parametrize(
    ("name", "bits", "expected"),
    [("16-bit", 16, Mode.REAL), ("32-bit", 32, Mode.PROTECTED), ("64-bit", 64, Mode.LONG)],
)
def test_the_mode_is_what_qemu_was_in(name: str, bits: int, expected: Mode) -> None:
    code = parse_segments(_text(name))["CS"]
    assert (code.bits, code.is_code, code.is_loaded) == (bits, True, True)
    assert _mode(_text(name)) is expected


def test_long_mode_with_code_of_32_bits_is_compatibility_mode() -> None:
    text = _text("64-bit")
    wide, narrow = "00209a00 DPL=0 CS64", "00cf9a00 DPL=0 CS32"
    assert wide in text
    assert _mode(text.replace(wide, narrow)) is Mode.COMPATIBILITY


def test_every_part_is_read() -> None:
    said = parse_segments(_text("32-bit"))
    assert said["CS"] == SegmentRegister("CS", 8, 0, 0xFFFF_FFFF, 0xCF9B00)
    assert said["SS"].selector == 0x10 and not said["SS"].is_code
    assert said.gdt == DescriptorTable("GDT", 0xFFFF_FFC1, 0x27)
    assert said.idt == DescriptorTable("IDT", 0, 0xFFFF)
    assert [each.name for each in said.registers] == ["CS", "SS", "DS", "ES", "TR"]


def test_line_endings_of_a_terminal_do_not_matter() -> None:
    text = _text("64-bit")
    assert parse_segments(text.replace("\n", "\r\n")) == parse_segments(text)


@pytest.mark.parametrize("line", ["GDT=", "CS =", "TR ="])
def test_what_is_missing_is_named(line: str) -> None:
    text = "\n".join(each for each in _text("64-bit").splitlines() if not each.startswith(line))
    with pytest.raises(LayoutError, match=line.rstrip("= ")):
        parse_segments(text)


def test_bits_by_name() -> None:
    now = parse_info_registers(_text("64-bit"))
    assert [bit.name for bit in set_bits(now.cr0, CR0)] == ["PE", "MP", "ET", "WP", "PG"]
    assert [bit.name for bit in set_bits(now.cr4, CR4)] == ["PAE", "OSFXSR", "OSXMMEXCPT"]
    assert [bit.name for bit in set_bits(now.efer, EFER)] == ["LME", "LMA", "NXE"]
    assert all(bit.meaning for bits in NAMED.values() for bit in bits.values())
