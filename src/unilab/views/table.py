"""Address spaces as text and as an HTML table: the same facts as the picture, for every reader."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

from unilab.spaces.model import AddressSpace, Translation
from unilab.views.grouping import span_key
from unilab.views.layout import Block, Column, Heading, address_gaps, arrange
from unilab.views.words import UNKNOWN, address_text, group_details, region_details, size_text

_FIELDS = ("start", "end", "size", "permissions", "privilege", "owner", "kind", "label", "backing")
# Fixed, so that a column does not move when one address is a digit longer on the next run.
_LEAST_WIDTHS = {"start": 21, "end": 21, "size": 10}


def as_text(spaces: Sequence[AddressSpace], *, most: int | None = None) -> str:
    """Every region of every space, one a line, high addresses on top, gaps in words.

    Args:
        spaces: One after the other.
        most: With more regions than this in all, neighbours share lines as they share blocks in the picture, and the
            heading says so.
    """
    return "\n\n".join(_space_text(space, column) for space, column in _columns(spaces, most, ()))


def as_html(
    spaces: Sequence[AddressSpace], *, most: int | None = None, expanded: Sequence[Collection[str]] = ()
) -> str:
    """The same as HTML tables, with a caption each and row and column headers.

    Args:
        spaces: One after the other.
        most: As for ``as_text``.
        expanded: For each space, the keys of the groups whose members have rows of their own.
    """
    columns = _columns(spaces, most, expanded)
    return "".join(_space_html(index, space, column) for index, (space, column) in enumerate(columns))


def _columns(
    spaces: Sequence[AddressSpace], most: int | None, expanded: Sequence[Collection[str]]
) -> list[tuple[AddressSpace, Column | None]]:
    """Each space, and its blocks where they have to do instead of its regions."""
    if most is None or sum(len(space.regions) for space in spaces) <= most:
        return [(space, None) for space in spaces]
    return [
        (space, arrange(space, expanded[index] if index < len(expanded) else ())) for index, space in enumerate(spaces)
    ]


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


@dataclass(frozen=True, slots=True)
class _Row:
    """A region, a group of regions or a gap.

    Attributes:
        fields: By name; empty for a gap.
        words: Of a gap.
        group: A group's key.
        open: Whether the group's members have rows of their own.
    """

    fields: dict[str, str]
    words: str = ""
    group: str = ""
    open: bool = False


def _rows(space: AddressSpace, column: Column | None) -> list[_Row]:
    """What there is to say, high addresses first."""
    rows: list[tuple[int, int, _Row]] = []
    if column is None:
        spans = [(i, i) for i in range(len(space.regions))]
        gaps = address_gaps(space)
    else:
        parts: list[Block | Heading] = [*column.blocks, *column.headings]
        spans = [(part.first, part.last) for part in parts]
        gaps = [(gap.start, gap.end, gap.hole) for gap in column.gaps]
    opened = set() if column is None else {heading.key for heading in column.headings}
    for first, last in spans:
        members = space.regions[first : last + 1]
        details = region_details(members[0]) if len(members) == 1 else group_details(members)
        fields = {f: "" if details[f] == UNKNOWN else details[f] for f in _FIELDS}
        group = span_key((first, last)) if first < last else ""
        # By their upper ends: an open group's row is above those of its members.
        rows.append((members[-1].end, last - first, _Row(fields, group=group, open=group in opened)))
    rows += [(end, 0, _Row({}, gap_text(start, end - start - hole, hole))) for start, end, hole in gaps]
    return [row for _, _, row in sorted(rows, key=lambda row: row[:2], reverse=True)]


def _shortened(space: AddressSpace, column: Column | None) -> str:
    """What a heading adds where blocks stand for regions; empty where each region has its row."""
    if column is None or not any(block.is_group for block in column.blocks):
        return ""
    return f"{len(space.regions)} regions, {len(column.blocks)} rows: neighbours share one; table() gives each its own"


def _space_text(space: AddressSpace, column: Column | None) -> str:
    rows = _rows(space, column)
    regions = [row.fields for row in rows if row.fields]
    widths = {f: max([len(f), _LEAST_WIDTHS.get(f, 0), *(len(row[f]) for row in regions)]) for f in _FIELDS}

    def line(row: dict[str, str]) -> str:
        return "  ".join(row[f].ljust(widths[f]) for f in _FIELDS).rstrip()

    heading = [f"{space.name} [{source_text(space)}]", translation_text(space.translation), _shortened(space, column)]
    lines = [*filter(None, heading), line({f: f for f in _FIELDS})]
    lines += [line(row.fields) if row.fields else f"  ({row.words})" for row in rows]
    return "\n".join(lines)


def _space_html(index: int, space: AddressSpace, column: Column | None) -> str:
    caption = f"{space.name}, {source_text(space)}"
    for more in (translation_text(space.translation), _shortened(space, column)):
        caption += f"; {more}" if more else ""
    head = "".join(f'<th scope="col">{field}</th>' for field in _FIELDS)
    body = []
    for row in _rows(space, column):
        if not row.fields:
            body.append(f'<tr class="uv-gap-row"><td colspan="{len(_FIELDS)}">{escape(row.words)}</td></tr>')
            continue
        cells = "".join(f"<td>{escape(row.fields[field])}</td>" for field in _FIELDS[1:])
        group = f' data-group="{index}:{row.group}" data-open="{str(row.open).lower()}"' if row.group else ""
        body.append(f'<tr{group}><th scope="row">{row.fields["start"]}</th>{cells}</tr>')
    return (
        f'<table class="uv-table"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )
