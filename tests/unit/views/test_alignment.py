from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.views.test_layout import address_spaces
from unilab.spaces.journey import Ring
from unilab.spaces.model import AddressSpace, Mark, Privilege
from unilab.views.alignment import Band, align, ring_of, things_of


@st.composite
def marked_spaces(draw: st.DrawFn) -> AddressSpace:
    space = draw(address_spaces())
    marks = []
    for name in ("main", "printf", "driver"):
        if space.regions and draw(st.booleans()):
            region = draw(st.sampled_from(space.regions))
            marks.append(Mark(name, draw(st.integers(region.start, region.end - 1)), name))
    return replace(space, marks=tuple(marks))


def indices(bands: tuple[Band, ...], column: int) -> list[int]:
    return sorted(i for band in bands for item in band.cells[column] for i in item.indices)


@given(st.lists(marked_spaces(), min_size=1, max_size=3), st.integers(2, 20))
def test_every_region_is_in_one_item_of_its_ring(spaces: list[AddressSpace], limit: int) -> None:
    bands = align(spaces, limit=limit)
    for column, space in enumerate(spaces):
        assert indices(bands, column) == list(range(len(space.regions)))
        for band in bands:
            for item in band.cells[column]:
                assert {ring_of(space.regions[i]) for i in item.indices} == {band.ring}


@given(marked_spaces())
def test_what_is_linked_stands_alone_and_every_mark_is_drawn_once(space: AddressSpace) -> None:
    items = [item for band in align([space]) for item in band.cells[0]]
    for thing in things_of(space):
        [holder] = [item for item in items if thing.region in item.indices]
        assert holder.indices == (thing.region,)
        assert (thing in holder.marks) == thing.is_mark
    assert sum(len(item.marks) for item in items) == len(space.marks)


@given(marked_spaces())
def test_items_are_stacked_without_overlap_high_addresses_on_top(space: AddressSpace) -> None:
    for band in align([space]):
        [cell] = band.cells
        for above, below in pairwise(cell):
            assert above.y + above.height <= below.y
            assert above.indices[0] > below.indices[-1]
        assert cell[-1].y + cell[-1].height == band.height


def test_thousands_of_regions_become_few_items(thousands: AddressSpace) -> None:
    items = [item for band in align([thousands]) for item in band.cells[0]]
    assert len(items) <= 20


def test_a_hypervisors_regions_have_a_ring_of_their_own(unikernel: AddressSpace) -> None:
    regions = tuple(replace(region, owner="hypervisor") for region in unikernel.regions[-1:])
    [band] = align([replace(unikernel, regions=regions)])
    assert band.ring is Ring.HYPERVISOR
    assert ring_of(unikernel.regions[0]) is Ring.KERNEL
    assert ring_of(replace(regions[0], owner="", privilege=Privilege.USER)) is Ring.USER


def test_a_mark_outside_of_every_region_is_no_thing(process: AddressSpace) -> None:
    space = replace(process, marks=(Mark("main", 0x401010, "main"), Mark("printf", 8, "printf")))
    assert [thing.name for thing in things_of(space)] == ["main", "heap", "stack"]


def test_of_several_stacks_the_programs_own_topmost_is_linked(unikernel: AddressSpace) -> None:
    stacks = [thing for thing in things_of(unikernel) if thing.name == "stack"]
    assert [(thing.address, thing.symbol) for thing in stacks] == [(0x7FFFFFFFC000, "main stack")]
