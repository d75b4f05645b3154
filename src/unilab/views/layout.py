"""Where the blocks of an address-space picture go. Plain values in, plain values out.

A 64-bit space cannot be drawn to scale: a page would be thinner than an atom.
So a block's height grows with the logarithm of its size and never falls below
what a line of text needs, unmapped gaps are all drawn alike, and where a column
would hold more than ``limit`` blocks, neighbours that belong together share one
block until the reader opens it.

Lengths are in SVG user units (pixels at scale 1); y grows downwards and high
addresses are on top.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from unilab.spaces.model import AddressSpace, Region
from unilab.views.words import name_of

#: Blocks a column shows before anything is opened.
BLOCK_LIMIT = 24
#: The least height that takes one line of text, and two.
LINE_HEIGHT, TWO_LINES_HEIGHT = 20.0, 38.0
MAXIMUM_HEIGHT = 84.0
GAP_HEIGHT = 20.0

_HEIGHT_PER_DOUBLING = 2.6
_PAGE = 4096
#: Neighbours further apart than this are not "together", whatever their names.
_NEAR = 1 << 30
#: What every reader looks for; put into a group with something else only where nothing else is left.
_LANDMARKS = {"heap", "stack"}
#: Where the lower half ends, for each width whose addresses must be canonical: their upper bits all alike.
_LOWER_HALF_END = {47: 1 << 47, 48: 1 << 47, 57: 1 << 56}
_ADDRESS_END = 1 << 64

Span = tuple[int, int]  #: First and last index into ``AddressSpace.regions``, both included.


@dataclass(frozen=True, slots=True)
class Block:
    """One drawn block: a region, or a closed group of neighbours.

    Attributes:
        first: Index of its lowest region in ``AddressSpace.regions``.
        last: Index of its highest region, included; equal to ``first`` for a single region.
        y: Top edge.
        height: At least LINE_HEIGHT; TWO_LINES_HEIGHT for a group.
        depth: How many opened groups it lies in.
    """

    first: int
    last: int
    y: float
    height: float
    depth: int = 0

    @property
    def is_group(self) -> bool:
        """Whether it stands for more than one region."""
        return self.last > self.first

    @property
    def key(self) -> str:
        """``"3"`` for a region, ``"3-7"`` for a group; unique in its column."""
        return span_key((self.first, self.last))


@dataclass(frozen=True, slots=True)
class Heading:
    """The line above the blocks of an opened group.

    Attributes:
        first: Index of the group's lowest region.
        last: Index of its highest region, included.
        y: Top edge of the line.
        bottom: Lower edge of the group's last block.
        depth: How many opened groups it lies in, itself not counted.
    """

    first: int
    last: int
    y: float
    bottom: float
    depth: int

    @property
    def key(self) -> str:
        """The key its closed block had."""
        return span_key((self.first, self.last))


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of addresses nothing is mapped at.

    Attributes:
        start: First unmapped address, bytes.
        end: One past the last, bytes.
        hole: Bytes of it that are not canonical addresses, which no page table can map.
        y: Top edge.
        height: Always GAP_HEIGHT: a gap's size is said in words.
        depth: How many opened groups it lies in.
    """

    start: int
    end: int
    hole: int
    y: float
    height: float
    depth: int = 0

    @property
    def size(self) -> int:
        """Bytes that could be mapped and are not."""
        return self.end - self.start - self.hole


@dataclass(frozen=True, slots=True)
class Column:
    """One address space, laid out. Blocks, headings and gaps are in drawing order, top first."""

    blocks: tuple[Block, ...]
    headings: tuple[Heading, ...]
    gaps: tuple[Gap, ...]
    height: float


def span_key(span: Span) -> str:
    """How a region or a group is named between Python and the browser."""
    first, last = span
    return str(first) if first == last else f"{first}-{last}"


def address_gaps(space: AddressSpace) -> list[tuple[int, int, int]]:
    """The unmapped ranges below, between and above the regions, lowest first.

    Returns:
        ``(start, end, hole)``: the range in bytes and how much of it is not canonical.
    """
    edges = [0]
    for region in space.regions:
        edges += [region.start, region.end]
    edges.append(_end_of(space))
    return [
        (start, end, _hole(space, start, end))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if start < end
    ]


def arrange(space: AddressSpace, expanded: Collection[str] = frozenset(), *, limit: int = BLOCK_LIMIT) -> Column:
    """Lay one space out.

    Args:
        space: Its regions in address order, not overlapping.
        expanded: Keys of the groups to show open; unknown keys are ignored.
        limit: The most blocks to show for the space, and for each opened group; at least 2.

    Returns:
        The column. Every region is in exactly one block.
    """
    if limit < 2:
        raise ValueError(f"a column needs room for at least 2 blocks, not {limit}")
    gaps = {start: (start, end, hole) for start, end, hole in address_gaps(space)}
    blocks: list[Block] = []
    headings: list[Heading] = []
    drawn_gaps: list[Gap] = []
    y = 0.0

    def draw_gap(start: int, depth: int) -> None:
        nonlocal y
        if start in gaps:
            drawn_gaps.append(Gap(*gaps[start], y, GAP_HEIGHT, depth))
            y += GAP_HEIGHT

    def draw(spans: Sequence[Span], depth: int) -> None:
        nonlocal y
        for position, (first, last) in enumerate(reversed(spans)):
            if position:
                draw_gap(space.regions[last].end, depth)
            if first < last and span_key((first, last)) in expanded:
                top = y
                y += LINE_HEIGHT
                slot = len(headings)
                headings.append(Heading(first, last, top, top, depth))
                draw(partition(space.regions, first, last, limit), depth + 1)
                headings[slot] = Heading(first, last, top, y, depth)
            else:
                height = block_height(space.regions[first : last + 1])
                blocks.append(Block(first, last, y, height, depth))
                y += height

    if space.regions:
        draw_gap(space.regions[-1].end, 0)
        draw(partition(space.regions, 0, len(space.regions) - 1, limit), 0)
    draw_gap(0, 0)
    return Column(tuple(blocks), tuple(headings), tuple(drawn_gaps), y)


def block_height(regions: Sequence[Region]) -> float:
    """How tall the block of these regions is: logarithmic in their bytes, within fixed bounds."""
    size = sum(r.size for r in regions)
    least = LINE_HEIGHT if len(regions) == 1 else TWO_LINES_HEIGHT
    doublings = math.log2(size / _PAGE) if size > _PAGE else 0.0
    return min(MAXIMUM_HEIGHT, max(least, LINE_HEIGHT + _HEIGHT_PER_DOUBLING * doublings))


def partition(regions: Sequence[Region], first: int, last: int, limit: int) -> list[Span]:
    """Cut ``regions[first:last + 1]`` into at most ``limit`` runs, keeping together what belongs together.

    Nothing is grouped that fits. Otherwise whole runs of one name go first, such as
    the five mappings of a shared library, lightest run first; then the two neighbours that are most
    alike and smallest, again and again.
    """
    spans = [(i, i) for i in range(first, last + 1)]
    for run in sorted(_named_runs(regions, first, last), key=lambda span: _weight(regions, span)):
        if len(spans) <= limit:
            return spans
        inside = [i for i, span in enumerate(spans) if run[0] <= span[0] <= run[1]]
        spans[inside[0] : inside[-1] + 1] = [run]
    costs = [_cost(regions, a, b) for a, b in pairwise(spans)]
    while len(spans) > limit:
        i = costs.index(min(costs))
        spans[i : i + 2] = [(spans[i][0], spans[i + 1][1])]
        # Only the new span's two borders have a new cost.
        del costs[i]
        for border in (i - 1, i):
            if 0 <= border < len(costs):
                costs[border] = _cost(regions, spans[border], spans[border + 1])
    return spans


def _named_runs(regions: Sequence[Region], first: int, last: int) -> Iterator[Span]:
    """Runs of two or more near neighbours that share name, owner and privilege."""
    start = first
    for i in range(first, last + 1):
        if i == last or not _belong_together(regions[i], regions[i + 1]):
            if start < i and (start, i) != (first, last):
                yield start, i
            start = i + 1


def _belong_together(low: Region, high: Region) -> bool:
    return (
        name_of(low) == name_of(high)
        and low.privilege == high.privilege
        and low.owner == high.owner
        and high.start - low.end <= _NEAR
    )


def _weight(regions: Sequence[Region], span: Span) -> float:
    """How much drawing a span would need if it were not one block."""
    return sum(block_height([r]) for r in regions[span[0] : span[1] + 1])


def _cost(regions: Sequence[Region], low: Span, high: Span) -> tuple[int, float]:
    """How wrong it would be to draw two neighbouring spans as one: unlikeness first, then size."""
    below, above = regions[low[1]], regions[high[0]]
    landmark = below.kind != above.kind and bool(_LANDMARKS & {below.kind, above.kind})
    unlike = 0
    if landmark or below.privilege != above.privilege or above.start - below.end > _NEAR:
        unlike = 3
    elif below.owner != above.owner:
        unlike = 2
    elif below.kind != above.kind:
        unlike = 1
    return unlike, _weight(regions, low) + _weight(regions, high)


def _end_of(space: AddressSpace) -> int:
    """One past the highest address worth drawing."""
    end = _ADDRESS_END if space.address_bits in (48, 57) else 1 << space.address_bits
    # A process's user half ends at 2^47, but Linux also lists its vsyscall page, at the very top.
    beyond = bool(space.regions) and space.regions[-1].end > end
    return _ADDRESS_END if beyond else end


def _hole(space: AddressSpace, start: int, end: int) -> int:
    """How many of these addresses are not canonical."""
    half = _LOWER_HALF_END.get(space.address_bits)
    if half is None:
        return 0
    return max(0, min(end, _ADDRESS_END - half) - max(start, half))
