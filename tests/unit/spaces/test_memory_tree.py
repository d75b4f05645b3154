"""QEMU's list of what is where, as its monitor prints it."""

from __future__ import annotations

import pytest

from unilab.errors import LayoutError
from unilab.spaces import memory_tree
from unilab.spaces.memory_tree import Range

_TEXT = """FlatView #0
 AS "I/O", root: io
 Root memory region: io
  0000000000000020-0000000000000021 (prio 0, i/o): pic
  0000000000000022-000000000000003f (prio 0, i/o): io @0000000000000022

FlatView #1
 AS "memory", root: system
 AS "cpu-memory-0", root: system
 Root memory region: system
  0000000000000000-00000000000c2fff (prio 0, ram): ram
  00000000000c3000-00000000000e7fff (prio 0, rom): ram @00000000000c3000
  00000000febff000-00000000febfffff (prio 1, i/o): a device of two words @0000000000000010
  00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi
  00000000fffc0000-00000000ffffffff (prio 0, romd): pc.bios KVM

"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_processors_view_is_read(end: str) -> None:
    ranges = memory_tree.parse_flat_view(_TEXT.replace("\n", end))
    assert ranges == (
        Range(0, 0xC3000, "ram", "ram", 0),
        Range(0xC3000, 0xE8000, "rom", "ram", 0xC3000),
        Range(0xFEBF_F000, 0xFEC0_0000, "i/o", "a device of two words", 0x10),
        Range(0xFEE0_0000, 0xFEF0_0000, "i/o", "apic-msi", 0),
        Range(0xFFFC_0000, 1 << 32, "romd", "pc.bios", 0),
    )
    space = memory_tree.physical_space(ranges, name="physical", origin="here", address_bits=40)
    assert [(r.label, r.kind, r.permissions, r.owner) for r in space.regions] == [
        ("RAM", "memory", "rwx", "hardware"),
        ("locked RAM", "ROM", "r-x", "hardware"),
        ("a device of two words", "device", "rw-", "hardware"),
        ("local APIC", "device", "rw-", "hardware"),
        ("firmware", "ROM", "r-x", "hardware"),
    ]
    assert space.regions[1].backing == "QEMU's ram from 0xc3000 on"
    assert (space.address_bits, space.translation.scheme) == (40, "none")


def test_ports_are_another_view() -> None:
    assert [found.name for found in memory_tree.parse_flat_view(_TEXT, "I/O")] == ["pic", "io"]


def test_a_view_that_is_not_there_is_said() -> None:
    with pytest.raises(LayoutError, match="has no cpu-memory-7"):
        memory_tree.parse_flat_view(_TEXT, "cpu-memory-7")
