"""The walker against a reference that translates one address at a time, in another way, on tables of all shapes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.spaces import paging

PRESENT, WRITABLE, USER, LARGE, GLOBAL, NO_EXECUTE = 1, 2, 4, 0x80, 0x100, 1 << 63
PAGE = 4096


@dataclass(frozen=True)
class Tables:
    """Physical memory that holds page tables: by address, the entries that are not zero. The top one is at PAGE."""

    levels: int
    no_execute: bool
    entries: dict[int, dict[int, int]]

    def read(self, table: int) -> bytes:
        words = [0] * 512
        for index, entry in self.entries.get(table, {}).items():
            words[index] = entry
        return struct.pack("<512Q", *words)

    def probes(self) -> list[int]:
        """The first address below every combination of indices in use, and addresses inside and around it."""
        used = sorted({index for table in self.entries.values() for index in table})
        firsts = []
        for indices in product(used, repeat=self.levels):
            address = 0
            for index in indices:
                address = address << 9 | index
            firsts.append(sign_extended(address << 12, 12 + 9 * self.levels))
        return [(first + offset) % (1 << 64) for first in firsts for offset in (0, 0xABC, PAGE, -1)]


def sign_extended(address: int, width: int) -> int:
    return (address ^ (1 << (width - 1))) - (1 << (width - 1)) & (1 << 64) - 1


def reference(tables: Tables, address: int) -> tuple[int, str, bool, bool] | None:
    """Physical address, letters, whether users may, whether it is global: from the manual's text, level by level."""
    width = 12 + 9 * tables.levels
    if sign_extended(address % (1 << width), width) != address:
        return None
    table, size = PAGE, PAGE * 512 ** (tables.levels - 1)
    writable = user = executable = True
    for level in reversed(range(1, tables.levels + 1)):
        entry = tables.entries.get(table, {}).get(address // size % 512, 0)
        if not entry & PRESENT:
            return None
        writable = writable and bool(entry & WRITABLE)
        user = user and bool(entry & USER)
        executable = executable and not (tables.no_execute and entry & NO_EXECUTE)
        target = entry >> 12 & (1 << 40) - 1
        if level == 1 or (level in (2, 3) and entry & LARGE):
            physical = target * PAGE // size * size + address % size
            letters = f"r{'w' if writable else '-'}{'x' if executable else '-'}"
            return physical, letters, user, bool(entry & GLOBAL)
        table, size = target * PAGE, size // 512
    raise AssertionError("the lowest level ends the walk")


flags = st.lists(st.sampled_from([WRITABLE, USER, LARGE, NO_EXECUTE, 0x20, 0x40, GLOBAL]), unique=True).map(sum)
targets = st.one_of(st.integers(1, 4), st.integers(0, (1 << 40) - 1)).map(lambda page: page * PAGE)
entries = st.builds(lambda flag, target: PRESENT | flag | target, flags, targets) | st.just(WRITABLE | USER)
indices = st.sampled_from([0, 1, 2, 255, 256, 510, 511])
memories = st.builds(
    Tables,
    st.sampled_from([4, 5]),
    st.booleans(),
    st.dictionaries(
        st.integers(1, 4).map(lambda page: page * PAGE),
        st.dictionaries(indices, entries, max_size=3),
        min_size=1,
    ),
)


def walked(tables: Tables) -> list[paging.Mapping]:
    return list(paging.walk(PAGE | 0xFFF, tables.read, levels=tables.levels, no_execute=tables.no_execute))


@given(memories)
def test_the_walk_finds_what_the_processor_would_and_nothing_else(tables: Tables) -> None:
    mappings = walked(tables)
    for address in tables.probes():
        found = [run for run in mappings if run.start <= address < run.end]
        assert len(found) <= 1
        run = found[0] if found else None
        seen = (run.physical + address - run.start, run.permissions, run.user, run.stays) if run else None
        assert seen == reference(tables, address)


@given(memories)
def test_translate_agrees_with_the_processor(tables: Tables) -> None:
    for address in tables.probes():
        found = paging.translate(address, PAGE, tables.read, levels=tables.levels, no_execute=tables.no_execute)
        expected = reference(tables, address)
        assert found == (expected[:2] if expected else None)


@given(memories)
def test_a_page_walk_tells_each_entry_on_the_way(tables: Tables) -> None:
    for address in tables.probes():
        walk = paging.page_walk(
            address, PAGE | 0xFFF, tables.read, levels=tables.levels, no_execute=tables.no_execute, space="a test"
        )
        assert (walk.space, walk.virtual, walk.root) == ("a test", address, PAGE)
        expected, table = reference(tables, address), PAGE
        for level, entry in zip(range(tables.levels, 0, -1), walk.entries, strict=False):
            index = address >> (3 + 9 * level) & 511
            assert (entry.level, entry.table, entry.index) == (level, table, index)
            assert entry.value == tables.entries.get(table, {}).get(index, 0)
            table = entry.value & (1 << 52) - PAGE
        if expected is None:
            assert (walk.physical, walk.page_size, walk.permissions, walk.user) == (None, 0, "", False)
            assert not walk.entries or not walk.entries[-1].value & PRESENT
        else:
            assert (walk.physical, walk.permissions, walk.user) == expected[:3]
            assert walk.page_size == PAGE * 512 ** (walk.entries[-1].level - 1)


@given(memories)
def test_mappings_are_in_order_apart_and_joined_as_far_as_they_go(tables: Tables) -> None:
    mappings = walked(tables)
    for run in mappings:
        assert run.start < run.end
        assert (run.end - run.start) % run.page_size == 0
    for low, high in pairwise(mappings):
        assert low.end <= high.start
        if low.end == high.start and low.physical + low.end - low.start == high.physical:
            looks = [(run.permissions, run.user, run.page_size, run.stays) for run in (low, high)]
            assert looks[0] != looks[1]


@given(memories)
def test_tables_are_the_pages_that_walking_reads(tables: Tables) -> None:
    reads = set()

    def read(table: int) -> bytes:
        reads.add(table)
        return tables.read(table)

    list(paging.walk(PAGE, read, levels=tables.levels))
    assert paging.tables(PAGE, tables.read, levels=tables.levels) == reads


def test_every_page_size_has_its_place() -> None:
    low_levels = {
        PAGE: {0: 2 * PAGE | PRESENT | WRITABLE},
        2 * PAGE: {0: 3 * PAGE | PRESENT | WRITABLE, 1: 0x4000_0000 | PRESENT | LARGE},
        3 * PAGE: {0: 4 * PAGE | PRESENT | WRITABLE, 1: 0x20_0000 | PRESENT | LARGE | WRITABLE},
        4 * PAGE: {1: 0x1000 | PRESENT | WRITABLE | NO_EXECUTE},
    }
    assert walked(Tables(4, True, low_levels)) == [
        paging.Mapping(0x1000, 0x2000, 0x1000, "rw-", False, 0x1000),
        paging.Mapping(0x20_0000, 0x40_0000, 0x20_0000, "rwx", False, 0x20_0000),
        paging.Mapping(0x4000_0000, 0x8000_0000, 0x4000_0000, "r-x", False, 0x4000_0000),
    ]


def test_a_slot_that_points_at_the_top_table_shows_the_tables_themselves() -> None:
    tables = Tables(
        4,
        True,
        {
            PAGE: {0: 2 * PAGE | PRESENT, 510: PAGE | PRESENT | WRITABLE},
            2 * PAGE: {0: 3 * PAGE | PRESENT},
            3 * PAGE: {0: 4 * PAGE | PRESENT},
            4 * PAGE: {0: 5 * PAGE | PRESENT},
        },
    )
    physical = {run.start: run.physical for run in walked(tables)}
    assert physical[0xFFFF_FF7F_BFDF_E000] == PAGE  # 510, four times over: the top table itself
    assert physical[0xFFFF_FF00_0000_0000] == 4 * PAGE  # 510 once: the lowest tables, in the order of their addresses
    assert paging.tables(PAGE, tables.read) == {PAGE, 2 * PAGE, 3 * PAGE, 4 * PAGE}


@pytest.mark.parametrize("address", [0x8000_0000_0000, 0xFFFF_7FFF_FFFF_FFFF, 1 << 63])
def test_an_address_that_is_not_canonical_leads_nowhere(address: int) -> None:
    everything = {PAGE: dict.fromkeys(range(512), PAGE | PRESENT)}
    assert paging.translate(address, PAGE, Tables(4, True, everything).read) is None


@given(st.integers(0, (1 << 64) - 1), st.sampled_from([48, 57]))
def test_canonical_copies_the_highest_bit_that_counts(address: int, width: int) -> None:
    assert paging.canonical(address, width) == sign_extended(address % (1 << width), width)
