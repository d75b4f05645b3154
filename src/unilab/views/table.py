"""Address spaces as text and as an HTML table: the same facts as the picture, for every reader."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from unilab.spaces.model import AddressSpace, Translation
from unilab.views.layout import address_gaps
from unilab.views.words import UNKNOWN, address_text, region_details, size_text

_FIELDS = ("start", "end", "size", "permissions", "privilege", "owner", "kind", "label", "backing")
# Fixed, so that a column does not move when one address is a digit longer on the next run.
_LEAST_WIDTHS = {"start": 21, "end": 21, "size": 10}


def as_text(spaces: Sequence[AddressSpace]) -> str:
    """Every region of every space, one a line, high addresses on top, gaps in words."""
    return "\n\n".join(_space_text(space) for space in spaces)


def as_html(spaces: Sequence[AddressSpace]) -> str:
    """The same as HTML tables, with a caption each and row and column headers."""
    return "".join(_space_html(space) for space in spaces)


def gap_text(start: int, size: int, hole: int) -> str:
    """An unmapped range in words.

    Args:
        start: Its first address, bytes.
        size: How many bytes could be mapped there and are not.
        hole: How many more are not canonical addresses.

    >>> gap_text(0x3000, 8192, 0)
    'unmapped, 8 KiB'
    """
    words = ["unmapped"]
    if size:
        words.append(size_text(size))
    if start == 0:
        words.append("null page included")
    if hole:
        words.append("non-canonical hole")
    return ", ".join(words)


def source_text(space: AddressSpace) -> str:
    """Where the space comes from: ``LIVE: process 4711, /proc/4711/maps``."""
    return f"{space.source}: {space.origin}" if space.origin else str(space.source)


def translation_text(translation: Translation) -> str:
    """How addresses are translated, in one line; empty for no translation."""
    if translation.scheme == "none":
        return ""
    words = [translation.scheme]
    if translation.root is not None:
        words.append(f"CR3 {address_text(translation.root)}")
    if translation.table_pages is not None:
        words.append(f"{translation.table_pages} table pages")
    return ", ".join(words)


def _rows(space: AddressSpace) -> list[dict[str, str] | str]:
    """Regions as fields and gaps as words, high addresses first."""
    rows: list[tuple[int, dict[str, str] | str]] = []
    for region in space.regions:
        details = region_details(region)
        rows.append((region.start, {f: "" if details[f] == UNKNOWN else details[f] for f in _FIELDS}))
    rows += [(start, gap_text(start, end - start - hole, hole)) for start, end, hole in address_gaps(space)]
    return [row for _, row in sorted(rows, key=lambda row: row[0], reverse=True)]


def _space_text(space: AddressSpace) -> str:
    rows = _rows(space)
    regions = [row for row in rows if isinstance(row, dict)]
    widths = {f: max([len(f), _LEAST_WIDTHS.get(f, 0), *(len(row[f]) for row in regions)]) for f in _FIELDS}

    def line(row: dict[str, str]) -> str:
        return "  ".join(row[f].ljust(widths[f]) for f in _FIELDS).rstrip()

    heading = f"{space.name} [{source_text(space)}]"
    if translation := translation_text(space.translation):
        heading += f"\n{translation}"
    lines = [heading, line({f: f for f in _FIELDS})]
    lines += [line(row) if isinstance(row, dict) else f"  ({row})" for row in rows]
    return "\n".join(lines)


def _space_html(space: AddressSpace) -> str:
    caption = f"{space.name}, {source_text(space)}"
    if translation := translation_text(space.translation):
        caption += f"; {translation}"
    head = "".join(f'<th scope="col">{field}</th>' for field in _FIELDS)
    body = []
    for row in _rows(space):
        if isinstance(row, str):
            body.append(f'<tr class="uv-gap-row"><td colspan="{len(_FIELDS)}">{escape(row)}</td></tr>')
        else:
            cells = "".join(f"<td>{escape(row[field])}</td>" for field in _FIELDS[1:])
            body.append(f'<tr><th scope="row">{row["start"]}</th>{cells}</tr>')
    return (
        f'<table class="uv-table"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )
