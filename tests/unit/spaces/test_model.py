from __future__ import annotations

from unilab.spaces.model import AddressSpace, Region


def test_ranges_are_half_open() -> None:
    low, high = Region(0x1000, 0x2000, "r--"), Region(0x2000, 0x3000, "rw-")
    space = AddressSpace("space", (low, high))
    assert [space.at(address) for address in (0xFFF, 0x1000, 0x1FFF, 0x2000, 0x3000)] == [None, low, low, high, None]
    assert low.size == 0x1000
