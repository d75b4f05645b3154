"""Where things go when several address spaces are laid out beside each other, ring by ring. Plain values in and out.

A band goes across all columns for each ring, so what is privileged in one architecture and not in
another is seen at a glance. Inside a band, a column has its regions of that ring, high addresses on top.
What is the same thing in several columns (``main``, the heap) stands alone and is linked.

Lengths are SVG user units; y grows downwards, from the top of the band.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unilab.spaces.journey import Ring
from unilab.spaces.model import AddressSpace, Mark, Region
from unilab.views.grouping import Span, partition, span_key

RINGS = (Ring.USER, Ring.KERNEL, Ring.HYPERVISOR)
BLOCK_HEIGHT, MARK_HEIGHT, SKIP = 22.0, 20.0, 7.0
#: Blocks that a column has in one band before neighbours share one, as far as linked things leave a choice.
BLOCK_LIMIT = 14

#: Owners whose regions are the hypervisor's, whatever the page tables call privileged.
_HYPERVISORS = {"hypervisor", "Xen", "QEMU"}
#: Kinds whose regions are linked like marks, if they are the program's own.
_LINKED_KINDS = ("heap", "stack")


@dataclass(frozen=True, slots=True)
class Thing:
    """What is the same in several spaces.

    Attributes:
        name: ``main``, ``heap``.
        address: Bytes, in this space.
        symbol: What this space calls it.
        region: Index of the region that holds it, in ``AddressSpace.regions``.
        is_mark: Whether it is a place in its region; otherwise it is the region.
    """

    name: str
    address: int
    symbol: str
    region: int
    is_mark: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One block of a column.

    Attributes:
        indices: Its regions in ``AddressSpace.regions``, lowest first; neighbours within their ring.
        y: Top edge, from the top of the band.
        height: Its marks included.
        marks: What is marked in it, highest address first.
        thing: The thing it is itself, or None.
        skip: Whether addresses between it and the item above it are unmapped or another ring's.
    """

    indices: tuple[int, ...]
    y: float
    height: float
    marks: tuple[Thing, ...]
    thing: Thing | None
    skip: bool

    @property
    def key(self) -> str:
        """``"3"`` or ``"3-7"``; unique in its column."""
        return span_key((self.indices[0], self.indices[-1]))


@dataclass(frozen=True, slots=True)
class Band:
    """One ring across all columns.

    Attributes:
        ring: Which.
        cells: The items of each column, top first.
        height: What the tallest cell needs.
    """

    ring: Ring
    cells: tuple[tuple[Item, ...], ...]
    height: float


def ring_of(region: Region) -> Ring:
    """Which ring a region belongs to."""
    if region.owner in _HYPERVISORS or str(region.privilege) == "hypervisor":
        return Ring.HYPERVISOR
    return Ring(str(region.privilege))


def things_of(space: AddressSpace) -> tuple[Thing, ...]:
    """The marks that lie in a region, in their order, then heap and stack."""
    things = [
        Thing(mark.name, mark.address, mark.symbol, index, True)
        for mark in space.marks
        if (index := _index_at(space, mark)) is not None
    ]
    for kind in _LINKED_KINDS:
        own = [i for i, region in enumerate(space.regions) if region.kind == kind and region.owner == "program"]
        if own:
            # The topmost: of a thread's stacks and the main one, the main one.
            region = space.regions[own[-1]]
            things.append(Thing(kind, region.start, region.label, own[-1], False))
    return tuple(things)


def align(spaces: Sequence[AddressSpace], *, limit: int = BLOCK_LIMIT) -> tuple[Band, ...]:
    """Lay spaces out beside each other.

    Args:
        spaces: One column each.
        limit: How many blocks a cell should not exceed, where linked things leave a choice.

    Returns:
        A band for each ring that occurs. Every region is in exactly one item.
    """
    bands = []
    for ring in RINGS:
        cells = tuple(tuple(_cell(space, ring, limit)) for space in spaces)
        if any(cells):
            height = max(cell[-1].y + cell[-1].height for cell in cells if cell)
            bands.append(Band(ring, cells, height))
    return tuple(bands)


def _index_at(space: AddressSpace, mark: Mark) -> int | None:
    return next((i for i, r in enumerate(space.regions) if r.start <= mark.address < r.end), None)


def _cell(space: AddressSpace, ring: Ring, limit: int) -> Iterator[Item]:
    indices = [i for i, region in enumerate(space.regions) if ring_of(region) == ring]
    regions = [space.regions[i] for i in indices]
    things = things_of(space)
    alone = [n for n, i in enumerate(indices) if any(thing.region == i for thing in things)]
    y, above = 0.0, None
    for first, last in reversed(_spans(regions, alone, limit)):
        members = tuple(indices[first : last + 1])
        inside = [thing for thing in things if thing.region in members]
        marks = sorted((t for t in inside if t.is_mark), key=lambda t: t.address, reverse=True)
        skip = above is not None and space.regions[members[-1]].end != above
        y += SKIP if skip else 0.0
        height = BLOCK_HEIGHT + MARK_HEIGHT * len(marks)
        itself = next((thing for thing in inside if not thing.is_mark), None)
        yield Item(members, y, height, tuple(marks), itself, skip)
        y += height
        above = space.regions[members[0]].start


def _spans(regions: Sequence[Region], alone: Sequence[int], limit: int) -> list[Span]:
    """Runs of regions that share a block; those in ``alone`` share with none."""
    for each in (len(regions), 4, 3, 2, 1):
        spans: list[Span] = []
        start = 0
        for stop in (*alone, len(regions)):
            if start < stop:
                run = (start, stop - 1)
                fits = stop - start <= each
                spans += [run] if each == 1 else _single(run) if fits else partition(regions, *run, each)
            if stop < len(regions):
                spans.append((stop, stop))
            start = stop + 1
        if len(spans) <= max(limit, 2 * len(alone) + 1):
            break
    return spans


def _single(run: Span) -> list[Span]:
    return [(i, i) for i in range(run[0], run[1] + 1)]
