"""On what a real QEMU said; the texts in registers/ were taken from one, in each of the processor's modes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from unilab.errors import LayoutError
from unilab.spaces.registers import Registers, parse_info_registers

TEXTS = Path(__file__).parent / "registers"


def test_16_bit_mode_right_after_a_reset() -> None:
    said = parse_info_registers((TEXTS / "16-bit.txt").read_text())
    assert replace(said, general=()) == Registers(0xFFF0, 0, 2, 0x6000_0010, 0, 0, 0, 0, 0)
    assert not said.paging
    assert not said.long_mode


def test_32_bit_mode_where_a_pvh_kernel_begins() -> None:
    said = parse_info_registers((TEXTS / "32-bit.txt").read_text())
    assert (said.rip, said.rsp, said.rflags, said.cr0) == (0x10_000C, 0x7B60, 0x86, 0x11)
    assert [name for name, _ in said.general] == ["EAX", "EBX", "ECX", "EDX", "ESI", "EDI", "EBP", "ESP"]
    assert not said.paging
    assert not said.long_mode


def test_64_bit_mode_in_a_unikernels_main() -> None:
    said = parse_info_registers((TEXTS / "64-bit.txt").read_text())
    plain = replace(said, general=())
    assert plain == Registers(0x10_3B65, 0x7FFF_FFFF_EF18, 2, 0x8001_0013, 0, 0x10_C000, 0x620, 0xD00, 0)
    general = dict(said.general)
    assert len(general) == 16
    assert (general["RAX"], general["RSP"], general["R8"], general["R15"]) == (0x10_3D77, said.rsp, 0x80_0000, 1)
    assert (said.paging, said.long_mode, said.no_execute, said.levels) == (True, True, True, 4)


def test_line_endings_of_a_terminal_do_not_matter() -> None:
    text = (TEXTS / "64-bit.txt").read_text()
    assert parse_info_registers(text.replace("\n", "\r\n")) == parse_info_registers(text)


@pytest.mark.parametrize(
    ("was", "becomes", "attribute", "value"),
    [
        ("CR4=00000620", "CR4=00001620", "levels", 5),
        ("EFER=0000000000000d00", "EFER=0000000000000500", "no_execute", False),
        ("EFER=0000000000000d00", "EFER=0000000000000900", "long_mode", False),
        ("CR0=80010013", "CR0=00010013", "paging", False),
        ("CPL=0", "CPL=3", "privilege_level", 3),
    ],
)
def test_each_bit_that_decides_how_memory_is_seen(was: str, becomes: str, attribute: str, value: object) -> None:
    text = (TEXTS / "64-bit.txt").read_text()
    assert was in text
    assert getattr(parse_info_registers(text), attribute) != value
    assert getattr(parse_info_registers(text.replace(was, becomes)), attribute) == value


@pytest.mark.parametrize("missing", ["CR3=", "EFER=", "CPL=", "RIP="])
def test_a_register_that_is_not_there_is_named(missing: str) -> None:
    text = (TEXTS / "64-bit.txt").read_text().replace(missing, "XX=")
    with pytest.raises(LayoutError, match=f"lack {missing[:-1]}"):
        parse_info_registers(text)
