"""Journeys as text and as HTML tables: the same facts as the picture."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from unilab.spaces.journey import Journey
from unilab.views.crossing_drawing import figures, origin_words

_FIELDS = ("step", "crossing", "privilege", "function", "owner", "depth", "instructions")
#: Rows of one journey in an HTML table, and in one that a notebook keeps.
MOST_ROWS, KEPT_ROWS = 1000, 120


def heading(journey: Journey) -> str:
    """``puts as a unikernel, LIVE: QEMU microvm; 8 functions, 0 crossings, 279 instructions; by QEMU's log``."""
    counts = ", ".join(f"{number:,} {word}" for word, number in figures(journey).items())
    where = f": {words}" if (words := origin_words(journey)) else ""
    how = f"; by {journey.method}" if journey.method else ""
    return f"{journey.name}, {journey.source}{where}; {counts}{how}"


def as_text(journeys: Sequence[Journey]) -> str:
    """Every step of every journey, one a line."""
    return "\n\n".join(_text(journey) for journey in journeys)


def as_html(journeys: Sequence[Journey], most: int = MOST_ROWS) -> str:
    """The same as HTML tables; of a long journey, only the first ``most`` steps."""
    return "".join(_html(journey, most) for journey in journeys)


def _rows(journey: Journey) -> list[tuple[str, ...]]:
    return [
        (
            str(number),
            step.crossing,
            str(step.ring),
            step.function,
            step.owner,
            str(step.depth),
            str(step.instructions) if step.instructions else "",
        )
        for number, step in enumerate(journey.steps, 1)
    ]


def _text(journey: Journey) -> str:
    lines = [_FIELDS, *_rows(journey)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_FIELDS))]
    cells = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([heading(journey), *cells])


def _html(journey: Journey, most: int) -> str:
    rows = _rows(journey)
    head = "".join(f'<th scope="col">{field}</th>' for field in _FIELDS)
    body = [
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows[:most]
    ]
    if len(rows) > most:
        more = f"{len(rows) - most:,} more steps; table() has them all"
        body.append(f'<tr class="uv-gap-row"><td colspan="{len(_FIELDS)}">{more}</td></tr>')
    return (
        f'<table class="uv-table"><caption>{escape(heading(journey))}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )
