"""Draws address spaces beside each other, ring by ring, with links between what is the same in several of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from unilab.spaces.journey import Ring
from unilab.spaces.marks import SYMBOLS
from unilab.spaces.model import AddressSpace
from unilab.views import drawing as d
from unilab.views.alignment import BLOCK_HEIGHT, MARK_HEIGHT, Band, Item, Thing, align, ring_of, things_of
from unilab.views.theme import LINK_COLOURS, Theme, permission_class
from unilab.views.words import address_text, distinct, group_name, name_of, size_text

_MARGIN, _HEADER, _BAND_HEAD, _BAND_GAP, _BAND_PADDING = 16.0, 62.0, 26.0, 12.0, 10.0
_SPINE = 10.0

RING_WORDS = {
    Ring.USER: "user: privilege level 3",
    Ring.KERNEL: "kernel: privilege level 0",
    Ring.HYPERVISOR: "hypervisor: below every guest",
}
#: Outlines of the links' ends, about 10 by 10 around (0, 0): told apart without colour, too.
_SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",  # disc
    "M-4.5 -4.5h9v9h-9z",  # square
    "M0 -5.5L5.5 0L0 5.5L-5.5 0z",  # diamond
    "M0 -5.5L5.5 4.5h-11z",  # triangle
    "M0 5.5L5.5 -4.5h-11z",  # triangle on its tip
    "M-2 -5.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5v-4h3.5z",  # cross
    "M-5.5 0L-3 -5h6L5.5 0L3 5h-6z",  # hexagon
    "M-5 -5h10L0 0L5 5h-10L0 0z",  # hourglass
)
_ORDER = {name: number for number, name in enumerate((*SYMBOLS, "heap", "stack"))}


@dataclass(frozen=True, slots=True)
class _End:
    """Where a thing is on the paper: the left and right edges of its row, and its middle."""

    column: int
    left: float
    right: float
    y: float
    ring: Ring
    owner: str


def thing_names(spaces: Sequence[AddressSpace]) -> list[str]:
    """The names of all things, marks in the order in which a printed byte passes them, then heap and stack."""
    names = distinct(thing.name for space in spaces for thing in things_of(space))
    return sorted(names, key=_number)


def _number(name: str) -> int:
    """Which shape and colour a thing has, whatever else is on show."""
    return _ORDER.get(name, len(_ORDER))


def svg(spaces: Sequence[AddressSpace], *, theme: Theme = "auto") -> str:
    """Draw address spaces beside each other.

    Args:
        spaces: One column each, left to right.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
    """
    return _Picture(spaces).draw(theme)


class _Picture:
    def __init__(self, spaces: Sequence[AddressSpace]) -> None:
        self.spaces = spaces
        self.bands = align(spaces)
        self.names = thing_names(spaces)
        self.width, self.gap = (250.0, 84.0) if len(spaces) <= 3 else (204.0, 46.0)
        self.ends: dict[str, list[_End]] = {name: [] for name in self.names}

    def left(self, column: int) -> float:
        return _MARGIN + 12 + column * (self.width + self.gap)

    def draw(self, theme: Theme) -> str:
        count = len(self.spaces)
        paper = max(420.0, self.left(count) - self.gap + 12 + _MARGIN)
        legend, y = self._legend(paper)
        header_top = y
        y += _HEADER if count else 0.0
        backs, columns = [], [self._header(i, header_top) for i in range(count)]
        for band in self.bands:
            height = _BAND_HEAD + band.height + 2 * _BAND_PADDING
            backs.append(self._back(band, y, paper, height))
            for i in range(count):
                columns[i] += self._cell(band, i, y + _BAND_HEAD + _BAND_PADDING, band.height)
            y += height + _BAND_GAP
        body = (
            legend
            + "".join(backs)
            + f'<g class="uv-links" aria-hidden="true">{self._links()}</g>'
            + "".join(
                f'<g class="uv-column" role="listbox" aria-label="{d.attribute(space.name)}" data-space="{i}">'
                f"{columns[i]}</g>"
                for i, space in enumerate(self.spaces)
            )
        )
        names = ", ".join(space.name for space in self.spaces) or "no address space"
        return d.page(f"Side by side: {names}", paper, y + _MARGIN - _BAND_GAP, body, theme=theme, rules=("bands",))

    # ---- what is around the columns ----------------------------------------------

    def _legend(self, paper: float) -> tuple[str, float]:
        if not self.names:
            return "", _MARGIN
        x, y = _MARGIN, _MARGIN
        parts = []
        for name in self.names:
            room = 18 + d.text_width(name, 11) + 14
            if x > _MARGIN and x + room > paper - _MARGIN:
                x, y = _MARGIN, y + 22
            parts.append(self._shape(name, x + 6, y + 7) + d.text(name, x + 17, y + 11, "uv-muted"))
            x += room
        return f'<g class="uv-legend" role="group" aria-label="Linked things">{"".join(parts)}</g>', y + 20

    def _header(self, column: int, top: float) -> str:
        space, x = self.spaces[column], self.left(column)
        badge, width = d.badge(str(space.source), x, top + 32)
        count = f"{len(space.regions)} regions"
        return (
            f'<g role="presentation"><title>{escape(f"{space.name}, {space.origin}")}</title>'
            + d.text(d.fit(space.name, self.width, 14), x, top + 22, "uv-name")
            + badge
            + d.text(d.fit(count, self.width - width - 8, 11), x + width + 8, top + 44, "uv-muted")
            + "</g>"
        )

    def _back(self, band: Band, y: float, paper: float, height: float) -> str:
        box = (_MARGIN, y, paper - 2 * _MARGIN, height)
        words = RING_WORDS[band.ring]
        return (
            f'<g class="uv-ring-{band.ring}" data-ring="{band.ring}">'
            f'<rect class="uv-band" {d.rect(box)} rx="6"/>'
            + d.text(words, _MARGIN + 12, y + 18, "uv-band-name")
            + "</g>"
        )

    # ---- a column in a band --------------------------------------------------------

    def _cell(self, band: Band, column: int, top: float, height: float) -> str:
        items = band.cells[column]
        if not items:
            return self._nothing(band.ring, column, top, height)
        return "".join(self._item(band.ring, column, item, top) for item in items)

    def _nothing(self, ring: Ring, column: int, top: float, height: float) -> str:
        space, x = self.spaces[column], self.left(column)
        hidden = space.translation.scheme == "Linux process" and ring is not Ring.USER
        lines = (
            ("not visible: a process", "sees its own half only") if hidden else ("nothing is mapped", "for this ring")
        )
        box = (x, top, self.width, min(height, 44.0))
        return (
            f'<g role="presentation"><rect class="uv-void" {d.rect(box)} rx="3"/>'
            + "".join(
                d.text(line, x + self.width / 2, top + 18 + 14 * n, "uv-muted", anchor="middle")
                for n, line in enumerate(lines if height >= 40 else lines[:1])
            )
            + "</g>"
        )

    def _item(self, ring: Ring, column: int, item: Item, top: float) -> str:
        space = self.spaces[column]
        members = [space.regions[i] for i in item.indices]
        x, y = self.left(column), top + item.y
        box = (x + 0.5, y + 1, self.width - 1, item.height - 2)
        size = size_text(sum(r.size for r in members))
        name = name_of(members[0]) if len(members) == 1 else group_name(members)
        letters = " ".join(distinct(r.permissions for r in members))
        owners = distinct(r.owner or "not known" for r in members)
        kinds = distinct(permission_class(r.permissions) for r in members)
        kind = kinds[0] if len(kinds) == 1 else ""
        count = f"{len(members)} mappings, " if len(members) > 1 else ""
        spoken = (
            f"{name}, {count}{letters}, {size}, {address_text(members[0].start)} to "
            f"{address_text(members[-1].end)}, {ring}, {', '.join(owners)}"
        )
        text_x = x + _SPINE + 7
        shown = letters if len(letters) <= 3 else f"×{len(members)}"
        label_x = text_x + 4 * 11 * d.MONOSPACE + 2
        right = x + self.width - 8 - (16 if item.thing else 0)
        # The name goes before the size, which the details have, too.
        size = size if d.text_width(name, 12) <= right - label_x - d.text_width(size, 11) - 8 else ""
        label = d.fit(name, right - label_x - (d.text_width(size, 11) + 8 if size else 0), 12)
        each = (item.height - 2) / len(kinds)
        spines = "".join(d.spine(k, (x + 0.5, y + 1 + n * each, _SPINE, each)) for n, k in enumerate(kinds))
        rule = f'<path class="uv-skip" d="M{d.number(x + 4)} {d.number(y - 3)}h{d.number(self.width - 8)}"/>'
        markup = (
            (rule if item.skip else "")
            + self._open(f"{column}:{item.key}", ring, owners, spoken, item.thing)
            + f'<rect class="uv-body {f"uv-fill-{kind}" if kind else "uv-neutral"}" {d.rect(box)} rx="2"/>'
            + spines
            + d.text(shown, text_x, y + 15.5, "uv-mono uv-bold")
            + d.text(label, label_x, y + 15.5)
            + (d.text(size, right, y + 15.5, "uv-muted", anchor="end") if size else "")
        )
        if item.thing:
            middle = y + BLOCK_HEIGHT / 2
            markup += self._shape(item.thing.name, x + self.width - 12, middle)
            self._end(item.thing, column, middle, ring, owners[0])
        markup += d.ring(box) + "</g>"
        for row, mark in enumerate(item.marks):
            markup += self._mark(column, mark, ring, owners[0], (x, y + BLOCK_HEIGHT + row * MARK_HEIGHT))
        return markup

    def _mark(self, column: int, thing: Thing, ring: Ring, owner: str, corner: tuple[float, float]) -> str:
        x, y = corner
        box = (x + _SPINE + 4, y - 1, self.width - _SPINE - 8, MARK_HEIGHT - 3)
        middle = y - 1 + (MARK_HEIGHT - 3) / 2
        self._end(thing, column, middle, ring, owner)
        called = thing.symbol if thing.symbol != thing.name else address_text(thing.address)
        spoken = f"{thing.name}, {thing.symbol} at {address_text(thing.address)}, {ring}, {owner}"
        name_x = x + _SPINE + 24
        fits = len(called) * 10 * d.MONOSPACE <= x + self.width - 20 - name_x - d.text_width(thing.name, 11)
        return (
            self._open(f"{column}:mark-{thing.name}", ring, [owner], spoken, thing)
            + f'<rect class="uv-mark" {d.rect(box)} rx="8"/>'
            + self._shape(thing.name, x + _SPINE + 14, middle)
            + d.text(thing.name, name_x, middle + 4, "uv-small uv-bold")
            + (d.text(called, x + self.width - 12, middle + 4, "uv-address", anchor="end") if fits else "")
            + d.ring(box)
            + "</g>"
        )

    def _open(self, key: str, ring: Ring, owners: Sequence[str], spoken: str, thing: Thing | None) -> str:
        linked = f' data-thing="{d.attribute(thing.name)}"' if thing else ""
        return (
            f'<g class="uv-block" data-block="{d.attribute(key)}" data-ring="{ring}" '
            f'data-owners="{d.attribute("|".join(owners))}"{linked} role="option" tabindex="-1" aria-selected="false" '
            f'aria-label="{d.attribute(spoken)}"><title>{escape(spoken)}</title>'
        )

    # ---- links ---------------------------------------------------------------------

    def _end(self, thing: Thing, column: int, y: float, ring: Ring, owner: str) -> None:
        x = self.left(column)
        self.ends[thing.name].append(_End(column, x + 1, x + self.width - 1, y, ring, owner))

    def _shape(self, name: str, x: float, y: float) -> str:
        number = _number(name) % len(_SHAPES)
        return (
            f'<path class="uv-shape uv-link-{number % len(LINK_COLOURS)}" '
            f'transform="translate({d.number(x)} {d.number(y)})" d="{_SHAPES[number]}"/>'
        )

    def _links(self) -> str:
        markup = []
        for name in self.names:
            number = _number(name)
            ends = sorted(self.ends[name], key=lambda end: end.column)
            for one, other in pairwise(ends):
                x0, x1 = one.right, other.left
                bend = min(self.gap * 0.8, (x1 - x0) / 2)
                far = " uv-link-far" if other.column - one.column > 1 else ""
                markup.append(
                    f'<path class="uv-link uv-link-{number % len(LINK_COLOURS)}{far}" data-link="{d.attribute(name)}" '
                    f'data-rings="{one.ring}|{other.ring}" data-owners="{d.attribute(f"{one.owner}|{other.owner}")}" '
                    f'd="M{d.number(x0)} {d.number(one.y)}C{d.number(x0 + bend)} {d.number(one.y)} '
                    f'{d.number(x1 - bend)} {d.number(other.y)} {d.number(x1)} {d.number(other.y)}"/>'
                )
        return "".join(markup)


def ring_counts(space: AddressSpace) -> dict[Ring, tuple[int, int]]:
    """Ring -> how many regions, how many bytes."""
    counts: dict[Ring, tuple[int, int]] = {}
    for region in space.regions:
        count, size = counts.get(ring_of(region), (0, 0))
        counts[ring_of(region)] = count + 1, size + region.size
    return counts
