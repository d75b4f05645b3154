"""Which neighbours share a block where an address space has more regions than there is room for.

Lengths are in SVG user units.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence

from unilab.spaces.model import Region
from unilab.views.words import name_of

#: The least height that takes one line of text, and two.
LINE_HEIGHT, TWO_LINES_HEIGHT = 20.0, 38.0
MAXIMUM_HEIGHT = 84.0

_HEIGHT_PER_DOUBLING = 2.6
_PAGE = 4096
#: Neighbours further apart than this are not "together", whatever their names.
_NEAR = 1 << 30
#: What every reader looks for; put into a group with something else only where nothing else is left.
_LANDMARKS = {"heap", "stack"}

Span = tuple[int, int]  #: First and last index into ``AddressSpace.regions``, both included.


def span_key(span: Span) -> str:
    """How a region or a group is named between Python and the browser."""
    first, last = span
    return str(first) if first == last else f"{first}-{last}"


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
    count = last + 1 - first
    runs: list[Span] = []
    if count > limit:
        weigh = {run: _weight(regions, run) for run in _named_runs(regions, first, last)}
        for run in sorted(weigh, key=weigh.__getitem__):
            runs.append(run)
            count -= run[1] - run[0]
            if count <= limit:
                break
    return _merged(regions, _with_runs(first, last, sorted(runs)), limit)


def _with_runs(first: int, last: int, runs: Sequence[Span]) -> list[Span]:
    """Every index alone, but for those in a run."""
    spans: list[Span] = []
    at = first
    for run in (*runs, (last + 1, last + 1)):
        spans += [(i, i) for i in range(at, run[0])]
        if run[0] <= last:
            spans.append(run)
        at = run[1] + 1
    return spans


def _merged(regions: Sequence[Region], spans: Sequence[Span], limit: int) -> list[Span]:
    """Merge the cheapest two neighbours until no more than ``limit`` are left; of equals, the lowest first.

    A heap of borders, each known by the index below it; a border whose cost has changed since is skipped. So
    thousands of regions take milliseconds.
    """
    weights = {span: _weight(regions, span) for span in spans}
    starting, ending = {span[0]: span for span in spans}, {span[1]: span for span in spans}
    costs: dict[int, tuple[int, float]] = {}
    heap: list[tuple[tuple[int, float], int]] = []

    def price(border: int) -> None:
        low, high = ending[border], starting[border + 1]
        costs[border] = (_unlikeness(regions[border], regions[border + 1]), round(weights[low] + weights[high], 6))
        heapq.heappush(heap, (costs[border], border))

    for span in spans[:-1]:
        price(span[1])
    for _ in range(len(spans) - limit):
        cost, border = heapq.heappop(heap)
        while costs.get(border) != cost:
            cost, border = heapq.heappop(heap)
        del costs[border]
        low, high = ending.pop(border), starting.pop(border + 1)
        joined = low[0], high[1]
        weights[joined] = weights[low] + weights[high]
        starting[joined[0]] = ending[joined[1]] = joined
        for neighbour in (joined[0] - 1, joined[1]):
            if neighbour in costs:
                price(neighbour)
    return [starting[first] for first in sorted(starting)]


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


def _unlikeness(below: Region, above: Region) -> int:
    """How wrong it would be to draw two neighbours as one, 0 to 3."""
    landmark = below.kind != above.kind and bool(_LANDMARKS & {below.kind, above.kind})
    if landmark or below.privilege != above.privilege or above.start - below.end > _NEAR:
        return 3
    if below.owner != above.owner:
        return 2
    return 1 if below.kind != above.kind else 0
