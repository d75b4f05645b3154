"""Draws a byte in nested address spaces: a column for each space, and what leads from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from unilab.spaces.nested import Nested, Stage
from unilab.views import drawing as d
from unilab.views.theme import Theme
from unilab.views.words import address_text

_MARGIN, _TOP, _COLUMN, _GAP, _BAR = 16.0, 62.0, 206.0, 92.0, 190.0
_PAGE = 4096
#: Bytes of the content that are drawn, and how many a row.
SHOWN, _ROW = 16, 8


def svg(nested: Nested, *, byte: int = 0, theme: Theme = "auto") -> str:
    """Draw one byte's places.

    Args:
        nested: What to draw.
        byte: Which byte of the content is followed.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
    """
    stages = nested.stages
    width = max(420.0, 2 * _MARGIN + len(stages) * _COLUMN + max(0, len(stages) - 1) * _GAP)
    places = [_place(stage, byte) for stage in stages]
    badge, badge_width = d.badge(str(nested.source), _MARGIN, 38)
    rows = -(-_count(stages) // _ROW)
    bottom = _TOP + 84 + _BAR + 30 + 24 * rows + 34
    proof, proof_y = proof_words(nested), bottom + 22
    body = (
        d.text(d.fit(nested.name, width - 2 * _MARGIN, 15), _MARGIN, 30, "uv-name")
        + badge
        + d.text(d.fit(nested.origin, width - badge_width - 40, 11), _MARGIN + badge_width + 8, 50, "uv-muted")
        + "".join(_bridge(stages[i], places[i], places[i + 1], _x(i)) for i in range(len(stages) - 1))
        + '<g role="listbox" aria-label="Stages">'
        + "".join(_stage(i, stage, byte, places[i], bottom - _TOP) for i, stage in enumerate(stages))
        + "</g>"
        + f'<g class="uv-proof" data-proved="{str(nested.proved).lower()}">'
        + d.text(("✓ " if nested.proved else "") + proof, _MARGIN, proof_y, "uv-bold")
        + "</g>"
    )
    return d.page(
        f"{nested.name} in nested address spaces", width, proof_y + _MARGIN, body, theme=theme, rules=("cards",)
    )


def proof_words(nested: Nested) -> str:
    """Whether the stages were found to hold the same bytes, and by which ways they were read."""
    ways = list(dict.fromkeys(stage.read_by for stage in nested.stages if stage.content))
    if nested.proved:
        return f"The same bytes, read {len(ways)} ways: {'; '.join(ways)}."
    if len({stage.content for stage in nested.stages if stage.content}) > 1:
        return "The stages do not hold the same bytes: something wrote between the readings."
    return f"Read by {ways[0]} only: nothing to compare with." if ways else "No stage's bytes were read."


def stage_words(stage: Stage, byte: int) -> str:
    """One stage in a sentence."""
    if stage.address is None:
        return f"{stage.space}: this host does not tell the address."
    content = f", holds {stage.content[byte]:#04x}, read by {stage.read_by}" if byte < len(stage.content) else ""
    onwards = f". From here on: {stage.translated_by}" if stage.translated_by else ""
    return (
        f"{stage.space}: {address_text(stage.address + byte)} in {stage.region or 'no named region'}{content}{onwards}."
    )


def _x(index: int) -> float:
    return _MARGIN + index * (_COLUMN + _GAP)


def _count(stages: Sequence[Stage]) -> int:
    return min(SHOWN, max((len(stage.content) for stage in stages), default=0))


def _place(stage: Stage, byte: int) -> float:
    """How far down its bar the byte is: its offset in its page, the one thing that translation keeps."""
    offset = 0 if stage.address is None else (stage.address + byte) % _PAGE
    return _TOP + 84 + 6 + (_BAR - 12) * offset / (_PAGE - 1)


def _bridge(stage: Stage, place: float, following: float, x: float) -> str:
    left, right = x + _COLUMN, x + _COLUMN + _GAP
    words = stage.translated_by.split()
    lines: list[str] = []
    for word in words:
        if lines and d.text_width(f"{lines[-1]} {word}", 11) <= _GAP - 4:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    top = _TOP + 84
    edges = (
        f"M{d.number(left)} {d.number(top)}L{d.number(right)} {d.number(top)}"
        f"V{d.number(top + _BAR)}L{d.number(left)} {d.number(top + _BAR)}z"
    )
    return (
        f'<g aria-hidden="true"><path class="uv-funnel" d="{edges}"/>'
        f'<path class="uv-way" d="M{d.number(left)} {d.number(place)}C{d.number(left + 30)} {d.number(place)} '
        f'{d.number(right - 30)} {d.number(following)} {d.number(right - 3)} {d.number(following)}m-7 -5l7 5l-7 5"/>'
        + "".join(
            d.text(d.fit(line, _GAP - 4, 11), (left + right) / 2, top + _BAR + 20 + 14 * n, "uv-muted", anchor="middle")
            for n, line in enumerate(lines[:5])
        )
        + "</g>"
    )


def _stage(index: int, stage: Stage, byte: int, place: float, height: float) -> str:
    x, top = _x(index), _TOP + 84
    box = (x, _TOP, _COLUMN, height)
    spoken = stage_words(stage, byte)
    known = stage.address is not None
    address = address_text(stage.address + byte) if stage.address is not None else "not told by this host"
    page, offset = (address[:-3], address[-3:]) if known and len(address) > 5 else (address, "")
    place_words = "" if stage.address is None else f"its page, at offset {(stage.address + byte) % _PAGE:#x}"
    bar = (x + 14, top, _COLUMN - 28, _BAR)
    lines = "".join(f"M{d.number(bar[0])} {d.number(top + _BAR * n / 16)}h{d.number(bar[2])}" for n in range(1, 16))
    marks = f'<rect class="uv-table-entry" {d.rect((bar[0] - 3, place - 3, bar[2] + 6, 6))} rx="2"/>' if known else ""
    return (
        f'<g class="uv-block uv-stage-{index}" data-block="{index}" role="option" tabindex="-1" aria-selected="false" '
        f'aria-label="{d.attribute(spoken)}"><title>{escape(spoken)}</title>'
        f'<rect class="uv-card" {d.rect(box)} rx="6"/>'
        + d.text(f"{index + 1}  {stage.space}", x + 14, _TOP + 22, "uv-bold")
        + f'<text class="uv-mono-large uv-address-large" x="{d.number(x + 14)}" y="{d.number(_TOP + 43)}">{page}'
        f'<tspan class="uv-offset">{offset}</tspan></text>'
        + d.text(d.fit(stage.region, _COLUMN - 28, 11), x + 14, _TOP + 62, "uv-muted")
        + d.text(place_words, x + 14, _TOP + 78, "uv-muted")
        + f'<rect class="{"uv-table-box" if known else "uv-void"}" {d.rect(bar)} rx="3"/>'
        + (f'<path class="uv-table-lines" d="{lines}"/>' if known else "")
        + marks
        + _content(index, stage, byte, x + 14, top + _BAR + 12)
        + d.ring(box)
        + "</g>"
    )


def _content(index: int, stage: Stage, byte: int, x: float, y: float) -> str:
    cell = (_COLUMN - 28) / _ROW
    parts = []
    for number, value in enumerate(stage.content[:SHOWN]):
        left, top = x + number % _ROW * cell, y + number // _ROW * 24
        look = "uv-byte uv-byte-now" if number == byte else "uv-byte"
        box = (left, top, cell - 2, 20.0)
        parts.append(
            f'<g class="{look}" data-byte="{number}"><rect class="uv-byte-box" {d.rect(box)} rx="2"/>'
            + d.text(f"{value:02x}", left + (cell - 2) / 2, top + 14, "uv-mono", anchor="middle")
            + "</g>"
        )
    rows = -(-min(len(stage.content), SHOWN) // _ROW)
    said = f"read by {stage.read_by}" if stage.content else "bytes not read here"
    parts.append(d.text(d.fit(said, _COLUMN - 28, 11), x, y + 24 * rows + 14, "uv-muted"))
    return "".join(parts)
