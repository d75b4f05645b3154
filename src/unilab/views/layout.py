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

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from unilab.spaces.model import AddressSpace
from unilab.views.grouping import LINE_HEIGHT, Span, block_height, partition, span_key

#: Blocks a column shows before anything is opened.
BLOCK_LIMIT = 24
GAP_HEIGHT = 20.0

#: Where the lower half ends, for each width whose addresses must be canonical: their upper bits all alike.
_LOWER_HALF_END = {47: 1 << 47, 48: 1 << 47, 57: 1 << 56}
_ADDRESS_END = 1 << 64


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


def path_to(space: AddressSpace, index: int) -> list[str]:
    """The keys of the groups to open, outermost first, until a region has a block of its own.

    Args:
        space: Whose region it is.
        index: Which of ``space.regions``.
    """
    opened: list[str] = []
    while True:
        block = next(b for b in arrange(space, opened).blocks if b.first <= index <= b.last)
        if not block.is_group:
            return opened
        opened.append(block.key)


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
    return _arrange(_Same(space), frozenset(expanded), limit)


class _Same:
    """A space that equals itself alone: a key that is made at once, however many regions there are."""

    def __init__(self, space: AddressSpace) -> None:
        self.space = space

    def __hash__(self) -> int:
        return id(self.space)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.space is other.space


# Picture, details and tables each ask for the same column.
@lru_cache(maxsize=16)
def _arrange(same: _Same, expanded: frozenset[str], limit: int) -> Column:
    space = same.space
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
