"""Draws address spaces as one SVG: the renderer behind the live view, its static form and saved files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby

from unilab.spaces.model import AddressSpace, Privilege, Region
from unilab.views import drawing as d
from unilab.views.drawing import Box
from unilab.views.grouping import LINE_HEIGHT
from unilab.views.layout import Block, Column, Gap, Heading, arrange
from unilab.views.table import gap_text, translation_text
from unilab.views.theme import Theme, permission_class
from unilab.views.words import address_text, distinct, group_name, name_of, region_details, size_text

_MARGIN = 16.0
_COLUMN_GAP = 36.0
_HEADER_HEIGHT = 84.0
_SPINE_WIDTH = 16.0
_INDENT = 14.0
_LEGEND_LINE = 24.0

_PERMISSION_WORDS = {
    "rx": "execute: code",
    "r": "read only: constants",
    "rw": "read and write: data",
    "rwx": "write and execute: dangerous",
    "none": "no access: guard",
}
_PRIVILEGE_WORDS = {
    Privilege.USER: "user: any code may touch it",
    Privilege.KERNEL: "kernel: privileged code only",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a column stands on the page."""

    index: int
    space: AddressSpace
    column: Column
    left: float
    top: float
    gutter: float
    width: float

    @property
    def body(self) -> float:
        """Where its blocks begin."""
        return self.top + _HEADER_HEIGHT

    @property
    def x(self) -> float:
        """Left edge of its blocks; the address marks are to the left of it."""
        return self.left + self.gutter

    @property
    def right(self) -> float:
        """Right edge of its blocks."""
        return self.x + self.width


def svg(
    spaces: Sequence[AddressSpace],
    *,
    theme: Theme = "auto",
    expanded: Sequence[Collection[str]] = (),
) -> str:
    """Draw address spaces side by side.

    Args:
        spaces: One column each, left to right.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
        expanded: For each space, the keys of the groups to show open.

    Returns:
        A whole ``<svg>`` element with its style sheet.
    """
    places = _place(spaces, expanded)
    width = max([360.0, *(p.right for p in places)]) + _MARGIN
    legend, legend_bottom = _legend(spaces, width)
    places = [replace(place, top=legend_bottom) for place in places]
    height = max([legend_bottom, *(p.body + p.column.height for p in places)]) + _MARGIN
    names = " and ".join(space.name for space in spaces) or "no address space"
    body = legend + "".join(_column(place) for place in places)
    return d.page(f"Map of {names}", width, height, body, theme=theme)


def _place(spaces: Sequence[AddressSpace], expanded: Sequence[Collection[str]]) -> list[_Place]:
    block_width = 264.0 if len(spaces) <= 2 else 224.0 if len(spaces) == 3 else 196.0
    places = []
    left = _MARGIN
    for index, space in enumerate(spaces):
        column = arrange(space, expanded[index] if index < len(expanded) else ())
        gutter = max(len(text) for text in _marks(space, column).values()) * 10 * d.MONOSPACE + 12
        places.append(_Place(index, space, column, left, 0.0, gutter, block_width))
        left += gutter + block_width + _COLUMN_GAP
    return places


def _marks(space: AddressSpace, column: Column) -> dict[float, str]:
    """The address at each edge of a block or gap, by its distance from the top; each address once."""
    regions = space.regions
    edges = [(b.y, b.y + b.height, regions[b.last].end, regions[b.first].start) for b in column.blocks]
    edges += [(g.y, g.y + g.height, g.end, g.start) for g in column.gaps]
    marks = {y: address for top, bottom, end, start in edges for y, address in ((top, end), (bottom, start))}
    marks |= {heading.y: regions[heading.last].end for heading in column.headings}
    for heading in column.headings:
        # What is below a heading ends at the heading's address.
        marks.pop(heading.y + LINE_HEIGHT, None)
    # The end of the last page there can be is no 64-bit number any more.
    return {y: "2^64" if address == 1 << 64 else address_text(address) for y, address in sorted(marks.items())}


def _column(place: _Place) -> str:
    column, space = place.column, place.space
    count = f"{len(space.regions)} regions in {len(column.blocks)} blocks"
    label = f"{space.name}: {count}, high addresses on top"
    return (
        f'<g class="uv-column" data-space="{place.index}">{_header(place)}'
        f'<g aria-hidden="true">{_ticks(place)}{"".join(_gap(place, g) for g in column.gaps)}</g>'
        f'<g role="tree" aria-label="{d.attribute(label)}">{_items(place)}</g></g>'
    )


def _items(place: _Place) -> str:
    """The tree of blocks: what lies in an opened group is inside its heading's element."""
    parts: list[Block | Heading] = [*place.column.headings, *place.column.blocks]
    markup = []
    depth = 0
    for part in sorted(parts, key=lambda part: part.y):
        markup.append("</g></g>" * (depth - part.depth))
        depth = part.depth
        if isinstance(part, Heading):
            markup.append(_heading(place, part) + '<g role="group">')
            depth += 1
        else:
            markup.append(_block(place, part) + "</g>")
    return "".join(markup) + "</g></g>" * depth


def _header(place: _Place) -> str:
    space, left, top = place.space, place.left, place.top
    room = place.right - left
    badge, badge_width = d.badge(str(space.source), left, top + 35)
    return (
        f"<g><title>{escape(space.name)}, {escape(space.origin)}</title>"
        + d.text(d.fit(space.name, room, 15), left, top + 26, "uv-name")
        + badge
        + d.text(d.fit(space.origin, room - badge_width - 7, 11), left + badge_width + 7, top + 47, "uv-muted")
        + d.text(d.fit(translation_text(space.translation), room, 11), left, top + 65, "uv-muted")
        + "</g>"
    )


def _ticks(place: _Place) -> str:
    return "".join(
        f'<path class="uv-tick" d="M{d.number(place.x - 5)} {d.number(place.body + y)}h5"/>'
        + d.text(address, place.x - 8, place.body + y + 3.5, "uv-address", anchor="end")
        for y, address in _marks(place.space, place.column).items()
    )


def _gap(place: _Place, gap: Gap) -> str:
    x = place.x + gap.depth * _INDENT
    middle = place.body + gap.y + gap.height / 2
    words = gap_text(gap.start, gap.size, gap.hole)
    room = place.right - x - 24
    # The zigzag says "unmapped" too, where there is no room for the word.
    shown = words if d.text_width(words, 11) <= room else words.removeprefix("unmapped, ")
    return (
        f'<g class="uv-gap" data-start="{gap.start:#x}" data-end="{gap.end:#x}"><title>{words}</title>'
        # The zigzag says that the scale is broken here.
        f'<path class="uv-break" d="M{d.number(x + 8)} {d.number(middle - 7)}v3.5l-4 2l8 3l-4 2v3.5"/>'
        + d.text(d.fit(shown, room, 11), x + 24, middle + 3.5, "uv-muted")
        + "</g>"
    )


def _open_item(place: _Place, part: Block | Heading, name: str, state: str, look: str) -> str:
    """The start tag of something a reader can focus, with what tests and scripts look for."""
    regions = place.space.regions
    return (
        f'<g class="uv-block {look}" data-block="{place.index}:{part.key}" '
        f'data-start="{regions[part.first].start:#x}" data-end="{regions[part.last].end:#x}" '
        f'role="treeitem" tabindex="-1" aria-selected="false"{state} '
        f'aria-label="{d.attribute(name)}"><title>{escape(name)}</title>'
    )


def _heading(place: _Place, heading: Heading) -> str:
    members = place.space.regions[heading.first : heading.last + 1]
    x = place.x + heading.depth * _INDENT
    top, bottom = place.body + heading.y, place.body + heading.bottom
    box = (x, top, place.right - x, LINE_HEIGHT)
    name, count = group_name(members), f"{len(members)} mappings"
    room = place.right - x - d.text_width(count, 11) - 40
    return (
        _open_item(place, heading, f"{name}, open group of {count}", ' aria-expanded="true"', "uv-heading")
        + f'<rect class="uv-neutral" {d.rect(box)}/>'
        f'<path class="uv-bracket" d="M{d.number(x + 5)} {d.number(top + LINE_HEIGHT)}V{d.number(bottom - 1)}"/>'
        + d.text("▾ " + d.fit(name, room, 13), x + 8, top + 14, "uv-bold")
        + d.text(count, place.right - 12, top + 14, "uv-muted", anchor="end")
        + d.ring(box)
    )


def _block(place: _Place, block: Block) -> str:
    members = place.space.regions[block.first : block.last + 1]
    x = place.x + block.depth * _INDENT
    box = (x + 0.5, place.body + block.y + 1, place.right - x - 1, block.height - 2)
    return _group(place, block, members, box) if block.is_group else _region(place, block, members[0], box)


def _region(place: _Place, block: Block, region: Region, box: Box) -> str:
    x, y, width, height = box
    kind = permission_class(region.permissions)
    name = name_of(region)
    details = region_details(region)
    size = details["size"]
    spoken = f"{name}, {region.permissions}, {size}, {details['start']} to {details['end']}, {region.privilege}"
    letters_x = x + _SPINE_WIDTH + 7
    label_x = letters_x + 3 * 11 * d.MONOSPACE + 9
    room = x + width - label_x - d.text_width(size, 11) - 12
    label = d.fit(name, room, 12)
    two_lines = height >= 34
    baseline = y + (15 if two_lines else height / 2 + 4)
    known = [word for word in (region.owner, region.kind) if word and word not in name]
    # A one-line block says what it holds only where there is room for the whole word.
    fits = bool(known) and d.text_width(known[-1], 11) <= room - d.text_width(label, 12) - 12
    parts = [
        _open_item(place, block, spoken, "", f"uv-{region.privilege}{' uv-loud' if kind == 'rwx' else ''}"),
        f'<rect class="uv-body uv-fill-{kind}" {d.rect(box)} rx="2"/>',
        d.spine(kind, (x, y, _SPINE_WIDTH, height)),
        d.text(region.permissions, letters_x, baseline, "uv-mono uv-bold"),
        d.text(label, label_x, baseline, aside=known[-1] if fits and not two_lines else ""),
        d.text(size, x + width - 8, baseline, "uv-muted", anchor="end"),
    ]
    if two_lines and known:
        subtitle = d.fit(", ".join(known), x + width - label_x - 6, 11)
        parts.append(d.text(subtitle, label_x, baseline + 15, "uv-muted"))
    return "".join(parts) + d.ring(box)


def _group(place: _Place, block: Block, members: Sequence[Region], box: Box) -> str:
    x, y, width, height = box
    front = (x, y, width - 4, height - 4)
    privileges = distinct(str(r.privilege) for r in members)
    look = privileges[0] if len(privileges) == 1 else str(Privilege.KERNEL)
    letters = " ".join(distinct(r.permissions for r in members))
    size = size_text(sum(r.size for r in members))
    spoken = (
        f"{group_name(members)}, closed group of {len(members)} mappings, {letters}, {size} mapped, "
        f"{address_text(members[0].start)} to {address_text(members[-1].end)}, {' and '.join(privileges)}"
    )
    text_x, right = x + _SPINE_WIDTH + 7, x + width - 12
    label = d.fit(group_name(members), right - text_x - d.text_width(size, 11) - 22, 12)
    return (
        _open_item(place, block, spoken, ' aria-expanded="false"', f"uv-group uv-{look}")
        # A second sheet behind the first says that there is more than one.
        + f'<rect class="uv-body uv-neutral" {d.rect((x + 4, y + 4, width - 4, height - 4))} rx="2"/>'
        f'<rect class="uv-body uv-neutral" {d.rect(front)} rx="2"/>'
        + _stripes(members, (x, y, _SPINE_WIDTH, height - 4))
        + d.text(f"▸ {label}", text_x, y + 14)
        + d.text(size, right, y + 14, "uv-muted", anchor="end")
        + d.text(letters, text_x, y + 28, "uv-mono uv-bold")
        + d.text(f"{len(members)} mappings", right, y + 28, "uv-muted", anchor="end")
        + d.ring(front)
    )


def _stripes(members: Sequence[Region], box: Box) -> str:
    """A group's spine: its members' permissions in their order, or once each where that is too fine."""
    x, y, width, height = box
    kinds = [kind for kind, _ in groupby(permission_class(r.permissions) for r in reversed(members))]
    if height / len(kinds) < 5:
        kinds = distinct(kinds)
    each = height / len(kinds)
    return "".join(d.spine(kind, (x, y + i * each, width, each)) for i, kind in enumerate(kinds))


def _legend(spaces: Sequence[AddressSpace], width: float) -> tuple[str, float]:
    """Permissions and privileges that occur, wrapped to the width; markup and lower edge."""
    regions = [r for space in spaces for r in space.regions]
    letters: dict[str, list[str]] = {}
    for region in regions:
        letters.setdefault(permission_class(region.permissions), []).append(region.permissions)
    entries = [
        (f"{', '.join(distinct(letters[kind]))}  {words}", kind, "user")
        for kind, words in _PERMISSION_WORDS.items()
        if kind in letters
    ]
    entries += [
        (words, "", str(privilege))
        for privilege, words in _PRIVILEGE_WORDS.items()
        if any(r.privilege == privilege for r in regions)
    ]
    x, y = _MARGIN, _MARGIN
    parts = []
    for text, kind, privilege in entries:
        room = 28 + d.text_width(text, 11) + 20
        if x > _MARGIN and x + room > width:
            x, y = _MARGIN, y + _LEGEND_LINE
        box = (x, y, 20.0, 14.0)
        swatch = d.spine(kind, box) if kind else f'<rect class="uv-body uv-neutral" {d.rect(box)} rx="2"/>'
        parts.append(
            f'<g class="uv-{privilege}" data-legend="{kind or privilege}">{swatch}'
            f"{d.text(text, x + 27, y + 11, 'uv-muted')}</g>"
        )
        x += room
    if not entries:
        return "", 0.0
    return f'<g class="uv-legend" role="group" aria-label="Legend">{"".join(parts)}</g>', y + 14
