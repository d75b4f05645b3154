"""Draws what the bytes of images are for, as one SVG: a treemap for each image, all on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from unilab.spaces.image_map import ImageMap
from unilab.views import drawing as d
from unilab.views.image_map_layout import HEIGHT, WIDTH, Box, area, boxes
from unilab.views.theme import Theme

_MARGIN, _HEADER, _LEGEND_LINE, _GAP = 14.0, 40.0, 18.0, 26.0
_SPINE, _LINE = 5.0, 13.0
#: What each group looks like: which of the palette's link colours, and which pattern at its boxes' left edges.
LOOKS = {
    "program": (1, "rwx"),
    "C library": (0, "r"),
    "compiler runtime": (7, "r"),
    "library OS: posix": (2, "rx"),
    "library OS: core": (5, "rw"),
    "library OS: arch": (6, "rwx"),
    "library OS: dev": (7, "rx"),
    "library OS: net": (3, "r"),
    "library OS: fs": (4, "rw"),
    "shared constants": (6, "r"),
}
_OTHER = (6, "none")


def look(group: str) -> tuple[int, str]:
    """Number of a group's colour, and its pattern."""
    return LOOKS.get(group, _OTHER)


def share(size: int, all_: int) -> str:
    """A part in per cent.

    >>> share(1, 3), share(3, 3000)
    ('33.3 %', '0.1 %')
    """
    return f"{100 * size / all_:.1f} %"


def one(images: Sequence[ImageMap], step: int, *, theme: Theme = "auto") -> str:
    """Draw one of several images, in the room that the largest of them takes.

    Args:
        images: All that share the scale.
        step: Which, from 0.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
    """
    image, largest = images[step], max(images, key=lambda each: each.size)
    lines = max(_legend_lines(each) for each in images)
    top = _MARGIN + _HEADER
    outline = ""
    if image.size < largest.size:
        outline = f'<rect class="uv-largest" {d.rect((_MARGIN, top, WIDTH, HEIGHT))}/>' + d.text(
            f"the area of {largest.name}, {largest.size:,} bytes",
            _MARGIN + WIDTH - 6,
            top + HEIGHT - 8,
            "uv-muted",
            anchor="end",
        )
    body = outline + _image(image, largest.size, _MARGIN, _MARGIN, top + HEIGHT + 8)
    height = top + HEIGHT + 8 + lines * _LEGEND_LINE + _MARGIN
    return d.page(
        f"What the bytes of {image.name} are for",
        WIDTH + 2 * _MARGIN,
        height,
        body,
        theme=theme,
        rules=("image_map",),
    )


def svg(images: Sequence[ImageMap], *, theme: Theme = "auto") -> str:
    """Draw all of them on one page: the largest above, the others as many in a row as fit."""
    largest = max((image.size for image in images), default=0)
    parts, x, y, row = [], _MARGIN, _MARGIN, 0.0
    for image in images:
        width, height = area(image.size, largest)
        room = max(width, 190.0)
        if x > _MARGIN and x + room > _MARGIN + WIDTH:
            x, y, row = _MARGIN, y + row + _GAP, 0.0
        below = y + _HEADER + height + 8
        parts.append(_image(image, largest, x, y, below, room=room))
        row = max(row, below + _legend_lines(image, room) * _LEGEND_LINE - y)
        x += room + _GAP
    names = ", ".join(image.name for image in images) or "no image"
    return d.page(
        f"What the bytes of {names} are for",
        WIDTH + 2 * _MARGIN,
        y + row + _MARGIN,
        "".join(parts),
        theme=theme,
        rules=("image_map",),
    )


def _image(image: ImageMap, largest: int, x: float, y: float, legend: float, *, room: float = WIDTH) -> str:
    badge, width = d.badge(str(image.source), x, y + 20)
    total = f"{image.size:,} bytes"
    title = d.text(image.name, x, y + 13, "uv-name") + d.text(
        total, x + d.text_width(image.name, 15) + 12, y + 13, "uv-bold"
    )
    origin = d.text(d.fit(image.origin, room - width - 8, 11), x + width + 7, y + 32, "uv-muted")
    parts = []
    for group, members in groupby(boxes(image, largest), key=lambda box: box.group):
        inside = list(members)
        size = sum(box.size for box in inside)
        label = f"{group}: {size:,} bytes of {total}"
        items = "".join(_box(box, image, x, y + _HEADER) for box in inside)
        parts.append(f'<g role="listbox" aria-label="{d.attribute(label)}">{items}</g>')
    return f"<g>{title}{badge}{origin}{''.join(parts)}{_legend(image, x, legend, room)}</g>"


def _box(box: Box, image: ImageMap, left: float, top: float) -> str:
    colour, kind = look(box.group)
    place = (left + box.x, top + box.y, box.width, box.height)
    words = f"{box.name}, {box.group}, {box.size:,} bytes, {share(box.size, image.size)} of {image.name}"
    spine = ""
    if box.width >= 3 * _SPINE and kind != "none":
        strip = (place[0] + 0.5, place[1] + 0.5, _SPINE, max(box.height - 1, 0.0))
        spine = (
            f'<rect class="uv-strip-{colour}" {d.rect(strip)}/><path class="uv-pattern" d="{d.pattern(kind, strip)}"/>'
        )
    return (
        f'<g class="uv-item" data-item="{d.attribute(box.key)}" role="option" tabindex="-1" aria-selected="false" '
        f'aria-label="{d.attribute(words)}"><title>{escape(words)}</title>'
        f'<rect class="uv-piece uv-piece-{colour}" {d.rect(place)}/>{spine}{_words(box, place)}'
        + d.ring((place[0] + 1, place[1] + 1, max(box.width - 2, 0.0), max(box.height - 2, 0.0)))
        + "</g>"
    )


def _words(box: Box, place: d.Box) -> str:
    """The name, and below it the bytes, where there is room."""
    x, y, width, height = place
    room = width - _SPINE - 8
    name = _name_lines(box.name.rpartition("/")[2], room, height)
    if not name:
        return ""
    lines = [d.text(line, x + _SPINE + 4, y + 12 + _LINE * at, "uv-leaf") for at, line in enumerate(name)]
    number, bottom = f"{box.size:,}", y + 12 + _LINE * len(name)
    if bottom <= y + height - 3 and d.text_width(number, 11) <= room:
        lines.append(d.text(number, x + _SPINE + 4, bottom, "uv-muted"))
    return "".join(lines)


def _name_lines(name: str, room: float, height: float) -> list[str]:
    """A name in a box: in two lines where it has an underscore or a space to break it at, else cut short; or nothing.

    >>> _name_lines("virtio_net.c", 50, 60), _name_lines("virtio_net.c", 50, 20), _name_lines("virtio_net.c", 30, 60)
    (['virtio_', 'net.c'], ['virtio_…'], [])
    """
    if height < _LINE + 2:
        return []
    if d.text_width(name, 11) <= room:
        return [name]
    breaks = [at + 1 for at, letter in enumerate(name) if letter in "_ "]
    halves = [(name[:at].rstrip(), name[at:]) for at in breaks]
    fitting = [pair for pair in halves if all(d.text_width(half, 11) <= room for half in pair)]
    if fitting and height >= 2 * _LINE + 2:
        return list(fitting[-1])
    # Half a name is worth something if it is the longer half.
    short = d.fit(name, room, 11)
    return [short] if len(short) >= 6 else []


def _entries(image: ImageMap, room: float) -> list[list[tuple[str, str, float]]]:
    """Lines of the legend: of each entry its group, its text, and where it begins."""
    lines: list[list[tuple[str, str, float]]] = [[]]
    x = 0.0
    for group, size in sorted(image.groups().items(), key=lambda item: -item[1]):
        text = f"{group} {size:,}"
        width = 18 + d.text_width(text, 11) + 14
        if x and x + width > room:
            lines.append([])
            x = 0.0
        lines[-1].append((group, text, x))
        x += width
    return lines


def _legend_lines(image: ImageMap, room: float = WIDTH) -> int:
    return len(_entries(image, room))


def _legend(image: ImageMap, left: float, top: float, room: float) -> str:
    parts = []
    for number, line in enumerate(_entries(image, room)):
        y = top + number * _LEGEND_LINE
        for group, text, x in line:
            colour, kind = look(group)
            swatch = (left + x, y + 2, 12.0, 11.0)
            lines = f'<path class="uv-pattern" d="{d.pattern(kind, swatch)}"/>' if kind != "none" else ""
            parts.append(f'<rect class="uv-strip-{colour}" {d.rect(swatch)}/>{lines}')
            parts.append(d.text(text, left + x + 17, y + 11.5, "uv-leaf"))
    return f'<g aria-hidden="true">{"".join(parts)}</g>'
