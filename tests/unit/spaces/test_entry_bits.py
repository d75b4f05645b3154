from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.spaces.entry_bits import address_fields, flags, frame, maps_page, rights_below
from unilab.spaces.page_walk import Entry, PageWalk

NX = 1 << 63


def walk_of(virtual: int, *entries: Entry) -> PageWalk:
    return PageWalk("any", virtual, 0x1000, entries, None, 0, "", False)


def counting(entry: Entry) -> dict[str, bool]:
    return {flag.name: flag.is_set for flag in flags(entry) if flag.counts}


@pytest.mark.parametrize(
    ("level", "value", "expected"),
    [
        (4, 0x10B023, {"P": True, "W": True, "U": False, "A": True, "NX": False}),
        (3, 0x10C023, {"P": True, "W": True, "U": False, "A": True, "PS": False, "NX": False}),
        (2, 0x2000E7 | NX, {"P": True, "W": True, "U": True, "A": True, "D": True, "PS": True, "G": False, "NX": True}),
        (1, 0x103121, {"P": True, "W": False, "U": False, "A": True, "D": False, "G": True, "NX": False}),
        (1, 0xDEADBEE0, {"P": False}),
    ],
)
def test_the_flags_of_each_format(level: int, value: int, expected: dict[str, bool]) -> None:
    assert counting(Entry(level, 0x1000, 0, value)) == expected


@pytest.mark.parametrize(
    ("level", "value", "leads_to", "is_page"),
    [
        (4, 0x10B0A3, 0x10B000, False),  # bit 7 of a PML4 entry is reserved, and no page size
        (3, 0x40000083 | 0x1000, 0x40000000, True),  # bit 12 of a large page's entry is its PAT bit
        (2, 0x600083 | 0x1000, 0x600000, True),
        (2, 0x600003 | NX, 0x600000, False),
        (1, 0x103083, 0x103000, True),
    ],
)
def test_where_an_entry_leads(level: int, value: int, leads_to: int, is_page: bool) -> None:
    entry = Entry(level, 0, 0, value)
    assert (frame(entry), maps_page(entry)) == (leads_to, is_page)


def test_rights_only_ever_get_fewer() -> None:
    values = (0x7, 0x3, 0x7 | NX, 0x5)
    after = rights_below([Entry(4 - i, 0, 0, value) for i, value in enumerate(values)])
    assert [(each.permissions, each.user) for each in after] == [
        ("rwx", True),
        ("rwx", False),
        ("rw-", False),
        ("r--", False),
    ]


@given(st.integers(0, 2**64 - 1), st.sampled_from([(4, 1), (4, 2), (4, 3), (5, 1), (5, 2), (4, 4)]))
def test_the_fields_are_the_address(virtual: int, levels: tuple[int, int]) -> None:
    top, last = levels
    entries = [Entry(level, 0, virtual >> (12 + 9 * (level - 1)) & 511, 1) for level in range(top, last - 1, -1)]
    fields = address_fields(walk_of(virtual, *entries))
    assert sum(field.value << field.low for field in fields) == virtual
    assert fields[0].high == 63
    assert [field.low for field in fields[:-1]] == [field.high + 1 for field in fields[1:]]
    assert [field.value for field in fields if field.level] == [entry.index for entry in entries]
