from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.spaces.model import AddressSpace, Privilege, Region
from unilab.views.grouping import LINE_HEIGHT, MAXIMUM_HEIGHT, block_height
from unilab.views.layout import BLOCK_LIMIT, Column, address_gaps, arrange

PAGE = 4096
HALF = {47: 1 << 47, 48: 1 << 47, 57: 1 << 56}


@st.composite
def address_spaces(draw: st.DrawFn) -> AddressSpace:
    """Up to some 80 regions with gaps of any size, in one or both canonical halves."""
    bits = draw(st.sampled_from(sorted(HALF)))
    regions = []
    for offset in (0, 2**64 - HALF[bits]) if bits > 47 else (0,):
        pages = sorted(draw(st.sets(st.integers(0, HALF[bits] // PAGE), max_size=40)))
        for start, end in pairwise(offset + page * PAGE for page in pages):
            if draw(st.booleans()):
                permissions = draw(st.sampled_from(("---", "r--", "r-x", "rw-")))
                privilege = draw(st.sampled_from(Privilege))
                label = draw(st.sampled_from(("", "a", "b", "c")))
                kind = draw(st.sampled_from(("", "stack", "text", "data")))
                regions.append(Region(start, end, permissions, privilege, kind=kind, label=label))
    return AddressSpace("any", tuple(regions), address_bits=bits)


def members(column: Column) -> list[int]:
    return sorted(i for block in column.blocks for i in range(block.first, block.last + 1))


def group_keys(column: Column) -> set[str]:
    return {block.key for block in column.blocks if block.is_group}


def opened_wholly(space: AddressSpace, limit: int) -> tuple[Column, set[str]]:
    opened: set[str] = set()
    while more := group_keys(arrange(space, opened, limit=limit)):
        opened |= more
    return arrange(space, opened, limit=limit), opened


@given(address_spaces())
def test_regions_gaps_and_hole_add_up_to_the_whole_space(space: AddressSpace) -> None:
    gaps = address_gaps(space)
    covered = sorted([(r.start, r.end) for r in space.regions] + [(start, end) for start, end, _ in gaps])
    assert covered[0][0] == 0
    assert all(low[1] == high[0] for low, high in pairwise(covered))
    assert covered[-1][1] == (2**47 if space.address_bits == 47 else 2**64)
    holes = sum(hole for _, _, hole in gaps)
    assert holes == (0 if space.address_bits == 47 else 2**64 - 2 * HALF[space.address_bits])


@given(address_spaces(), st.integers(2, 12))
def test_a_closed_column_holds_every_region_once_within_its_limit(space: AddressSpace, limit: int) -> None:
    column = arrange(space, limit=limit)
    assert members(column) == list(range(len(space.regions)))
    assert len(column.blocks) <= limit
    assert not column.headings


@given(address_spaces(), st.integers(2, 12))
def test_opening_group_after_group_shows_each_region_alone(space: AddressSpace, limit: int) -> None:
    column, opened = opened_wholly(space, limit)
    assert [block.first for block in column.blocks] == list(reversed(range(len(space.regions))))
    assert {heading.key for heading in column.headings} == opened
    for heading in column.headings:
        parts = [*column.blocks, *column.headings]
        inside = [
            p for p in parts if p.depth == heading.depth + 1 and heading.first <= p.first <= p.last <= heading.last
        ]
        assert 2 <= len(inside) <= limit


@given(address_spaces(), st.integers(2, 12), st.booleans())
def test_parts_tile_the_column_with_high_addresses_on_top(space: AddressSpace, limit: int, opened: bool) -> None:
    column = opened_wholly(space, limit)[0] if opened else arrange(space, limit=limit)
    regions = space.regions
    tiles = [(b.y, b.y + b.height, regions[b.last].end, regions[b.first].start) for b in column.blocks]
    tiles += [(g.y, g.y + g.height, g.end, g.start) for g in column.gaps]
    tiles += [(h.y, h.y + LINE_HEIGHT, regions[h.last].end, regions[h.last].end) for h in column.headings]
    tiles.sort()
    assert tiles[0][0] == 0
    assert tiles[-1][1] == pytest.approx(column.height)
    for (_, bottom, _, low), (top, _, high, _) in pairwise(tiles):
        assert top == pytest.approx(bottom)
        assert high <= low


@given(address_spaces())
def test_gaps_drawn_are_gaps_of_the_space(space: AddressSpace) -> None:
    column, _ = opened_wholly(space, 8)
    drawn = [(gap.start, gap.end, gap.hole) for gap in reversed(column.gaps)]
    assert drawn == address_gaps(space)
    assert all(gap.size + gap.hole == gap.end - gap.start for gap in column.gaps)


def test_an_empty_space_is_one_gap() -> None:
    column = arrange(AddressSpace("empty", (), address_bits=48))
    assert column.blocks == ()
    assert [(gap.start, gap.end, gap.size) for gap in column.gaps] == [(0, 2**64, 2**48)]
    assert column.height == column.gaps[0].height


@pytest.mark.parametrize(
    ("bits", "end", "mappable"), [(32, 2**32, 2**32), (47, 2**47, 2**47), (48, 2**64, 2**48), (57, 2**64, 2**57)]
)
def test_what_can_be_mapped_depends_on_the_width(bits: int, end: int, mappable: int) -> None:
    [(start, above, hole)] = address_gaps(AddressSpace("empty", (), address_bits=bits))
    assert (start, above, above - hole) == (0, end, mappable)


def test_the_vsyscall_page_stretches_a_process_to_64_bits(process: AddressSpace) -> None:
    holes = [(start, hole) for start, _, hole in address_gaps(process) if hole]
    assert holes == [(0x7FFC00021000, 2**64 - 2**48)]


def test_few_regions_are_never_grouped(process: AddressSpace, unikernel: AddressSpace) -> None:
    assert not group_keys(arrange(process))
    assert not group_keys(arrange(unikernel))


def test_hundreds_of_regions_are_grouped_by_name(crowded: AddressSpace) -> None:
    column = arrange(crowded)
    assert len(column.blocks) == BLOCK_LIMIT
    for block in column.blocks:
        if block.is_group and crowded.regions[block.first].label.startswith("lib"):
            # Four regions come before the libraries of five each: no group begins or ends within a library.
            assert (block.first - 4) % 5 == 0
            assert (block.last - 4) % 5 == 4


def test_heap_and_stack_are_not_hidden_in_a_group(crowded: AddressSpace) -> None:
    alone = {crowded.regions[b.first].kind for b in arrange(crowded).blocks if not b.is_group}
    assert {"heap", "stack"} <= alone


def test_an_opened_group_keeps_its_key_and_closes_again(crowded: AddressSpace) -> None:
    closed = arrange(crowded)
    group = next(block for block in closed.blocks if block.is_group)
    opened = arrange(crowded, {group.key})
    [heading] = opened.headings
    assert (heading.key, heading.y) == (group.key, group.y)
    inside = [part for part in (*opened.blocks, *opened.gaps) if part.depth == 1]
    assert heading.bottom == pytest.approx(heading.y + LINE_HEIGHT + sum(part.height for part in inside))
    assert arrange(crowded, {"no such key"}) == closed


def test_a_column_needs_room_for_two_blocks(process: AddressSpace) -> None:
    assert len(arrange(process, limit=2).blocks) == 2
    with pytest.raises(ValueError, match="at least 2"):
        arrange(process, limit=1)


@given(st.integers(1, 2**47))
def test_height_grows_with_size_within_its_bounds(size: int) -> None:
    height = block_height([Region(0, size, "rw-")])
    assert LINE_HEIGHT <= height <= MAXIMUM_HEIGHT
    assert block_height([Region(0, 2 * size, "rw-")]) >= height
