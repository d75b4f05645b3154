"""Finding a region by an address in it or by its name. Plain values in, plain values out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from unilab.spaces.model import AddressSpace, Region

#: Which space, and which of its regions.
Place = tuple[int, int]


def parse_address(text: str) -> int | None:
    """Read ``0x7fff_ffff_f000``, ``7ffffffff000`` or decimal ``#4096``; None where it is none of them.

    >>> parse_address("0x40_1000"), parse_address("#4096"), parse_address("main")
    (4198400, 4096, None)
    """
    digits = text.strip().replace("_", "").lower()
    if re.fullmatch(r"#\d{1,20}", digits):
        return int(digits[1:])
    hexadecimal = digits.removeprefix("0x")
    return int(hexadecimal, 16) if re.fullmatch(r"[0-9a-f]{1,16}", hexadecimal) else None


def find(spaces: Sequence[AddressSpace], text: str, *, after: str = "") -> Place | None:
    """The next region that is meant by a text.

    Args:
        spaces: Searched from the first to the last, each from its highest address down, as they are drawn.
        text: An address, or a part of a name: a region's label, kind, owner or backing, a mark or its symbol.
            What could be both is a name if anything has it.
        after: Key of what was found last, ``"0:17"``: the search goes on behind it, and around.

    Returns:
        Where it is; None if it is nowhere.
    """
    wanted = text.strip().lower()
    hits = [] if not wanted or wanted[:2] == "0x" else _by_name(spaces, wanted)
    address = parse_address(text)
    if not hits and address is not None:
        hits = [(s, i) for s, i in _places(spaces) if _holds(spaces[s].regions[i], address)]
    if not hits:
        return None
    last = re.fullmatch(r"(\d+):(\d+)(?:-\d+)?", after)
    behind = [hit for hit in hits if last and (hit[0], -hit[1]) > (int(last[1]), -int(last[2]))]
    return (behind or hits)[0]


def _places(spaces: Sequence[AddressSpace]) -> list[Place]:
    return [(s, i) for s, space in enumerate(spaces) for i in reversed(range(len(space.regions)))]


def _holds(region: Region, address: int) -> bool:
    return region.start <= address < region.end


def _by_name(spaces: Sequence[AddressSpace], wanted: str) -> list[Place]:
    marked = [
        (s, mark.address)
        for s, space in enumerate(spaces)
        for mark in space.marks
        if wanted in mark.name.lower() or wanted in mark.symbol.lower()
    ]
    hits = []
    for s, i in _places(spaces):
        region = spaces[s].regions[i]
        names = (region.label, region.kind, region.owner, region.backing)
        if any(wanted in name.lower() for name in names) or any(
            s == space and _holds(region, address) for space, address in marked
        ):
            hits.append((s, i))
    return hits
