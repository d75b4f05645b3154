"""What the pages of an address space hold: names from an image's symbols and its link map.

Page tables and ``/proc/PID/maps`` say where pages are and what may be done with
them. What they are for is only known to whoever linked the image.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from unilab.spaces.model import Privilege, Region
from unilab.toolchain.linkmap import LIBRARY_OS, PROGRAM, LinkMap
from unilab.toolchain.symbols import SymbolTable

GUARD = "guard"
_PAGE = 4096

#: What the ranges that libos/arch/x86_64/boot.S names hold, by how their names end: ``__<name>_start``.
_KIND_BY_ENDING = {
    "_guard": GUARD,
    "null_page": GUARD,
    "_stack": "stack",
    "_tables": "page tables",
    "heap": "heap",
    "mmap_area": "mapping",
    "_files": "file",
}
#: Which of them the program fills; the others are the library OS's own.
_OF_PROGRAM = {"heap", "mmap_area", "main_stack"}

_KIND_BY_SECTION = {".text": "text", ".rodata": "read-only data", ".data": "data", ".bss": "bss"}
_KIND_BY_FLAGS = {"": "read-only data", "x": "text", "w": "data", "wx": "data"}


@dataclass(frozen=True, slots=True)
class Label:
    """What a range of addresses is for. Half-open, bytes; ``text``, ``kind`` and ``owner`` as in Region."""

    start: int
    end: int
    text: str
    kind: str
    owner: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of pages as a reader found it, before it has a name.

    Attributes:
        start: First address, bytes.
        end: One past the last, bytes.
        permissions: ``rwx`` letters.
        privilege: Who may touch it.
        page_size: Bytes in one page.
        physical: Physical address of ``start``; None where it cannot be seen.
        backing: What is behind it, where that is not physical memory.
        label: What it is, where no label is found.
        stays: Whether the mapping is global, as in Region.
    """

    start: int
    end: int
    permissions: str
    privilege: Privilege
    page_size: int = 4096
    physical: int | None = None
    backing: str = ""
    label: Label | None = None
    stays: bool = False


def of_image(symbols: SymbolTable, link_map: LinkMap) -> list[Label]:
    """The labels that an image gives: its sections, cut where the owner changes, and the ranges it names.

    Padding, up to the end of a page, belongs to what lies before it.
    """
    labels = []
    sections = symbols.sections()
    nexts = [section.start for section in sections[1:]] + [1 << 64]
    for section, following in zip(sections, nexts, strict=True):
        end = min(following, -(-section.end // _PAGE) * _PAGE)
        kind = _KIND_BY_SECTION.get(section.name, "")
        inside = [c for c in link_map.contributions if section.start <= c.start < section.end]
        owners = [(owner, next(run).start) for owner, run in groupby(inside, key=lambda c: c.owner)]
        if not kind:
            owner = owners[0][0] if len(owners) == 1 else ""
            labels.append(Label(section.start, end, section.name, _KIND_BY_FLAGS[section.flags], owner))
        elif all(owner for owner, _ in owners):
            starts = [section.start, *(start for _, start in owners[1:]), end]
            for (owner, _), (low, high) in zip(owners, pairwise(starts), strict=True):
                labels.append(Label(low, high, f"{owner} {kind}", kind, owner))
        else:
            # Equal constants of several objects were merged into one: they have no single owner.
            labels.append(Label(section.start, end, kind, kind, ""))
    names = symbols.names()
    if sections:
        first = sections[0].start
        labels.append(Label(first - first % _PAGE, first, "ELF header", "read-only data", ""))
    for name, start in names.items():
        range_name = name.removeprefix("__").removesuffix("_start")
        kind = next((k for ending, k in _KIND_BY_ENDING.items() if range_name.endswith(ending)), "")
        if name == f"__{range_name}_start" and kind and f"__{range_name}_end" in names:
            owner = PROGRAM if range_name in _OF_PROGRAM else LIBRARY_OS
            labels.append(Label(start, names[f"__{range_name}_end"], range_name.replace("_", " "), kind, owner))
    return labels


def apply(pieces: Iterable[Piece], labels: Sequence[Label]) -> tuple[Region, ...]:
    """Name pieces: each is cut where labels begin and end, and what lies side by side and is alike is joined.

    Args:
        pieces: In any order, not overlapping.
        labels: Where several cover an address, the shortest counts.

    Returns:
        Regions in address order, and a region without access for each guard where nothing is mapped.
    """
    ordered = sorted(pieces, key=lambda piece: piece.start)
    edges = sorted({edge for label in labels for edge in (label.start, label.end)})
    by_length = sorted(labels, key=lambda label: label.end - label.start)
    cut: list[Piece] = []
    for piece in ordered:
        for start, end in _between(piece.start, piece.end, edges):
            found = next((label for label in by_length if label.start <= start < label.end), piece.label)
            physical = None if piece.physical is None else piece.physical + start - piece.start
            cut.append(replace(piece, start=start, end=end, physical=physical, label=found))
    guards = [
        Piece(label.start, label.end, "---", Privilege.KERNEL, label=label)
        for label in labels
        if label.kind == GUARD and not any(p.start < label.end and label.start < p.end for p in ordered)
    ]
    return tuple(_region(run) for run in _runs(sorted([*cut, *guards], key=lambda piece: piece.start)))


def _between(start: int, end: int, edges: Sequence[int]) -> list[tuple[int, int]]:
    inside = [start, *edges[bisect_right(edges, start) : bisect_left(edges, end)], end]
    return list(pairwise(inside))


def _runs(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Neighbours that differ in nothing but where in physical memory they are."""
    runs: list[list[Piece]] = []
    for piece in pieces:
        last = runs[-1][-1] if runs else None
        if last is not None and last.end == piece.start and _looks(last) == _looks(piece):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _looks(piece: Piece) -> tuple[object, ...]:
    return piece.permissions, piece.privilege, piece.page_size, piece.backing, piece.label, piece.stays


def _region(run: Sequence[Piece]) -> Region:
    first, label = run[0], run[0].label
    return Region(
        first.start,
        run[-1].end,
        first.permissions,
        first.privilege,
        label.owner if label else "",
        label.kind if label else "",
        label.text if label else "",
        _backing(run),
        first.page_size,
        first.stays,
    )


def _backing(run: Sequence[Piece]) -> str:
    first = run[0]
    if first.physical is None:
        return first.backing
    breaks = sum(
        low.physical is None or high.physical is None or low.physical + (low.end - low.start) != high.physical
        for low, high in pairwise(run)
    )
    more = f" and {breaks} more run{'s' if breaks > 1 else ''}" if breaks else ""
    return f"physical {first.physical:#x}{more}"
