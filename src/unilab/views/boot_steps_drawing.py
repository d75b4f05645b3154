"""Draws one step of a boot: the mode, the source, the registers, and what the page tables map."""

from __future__ import annotations

import re
import textwrap
from html import escape

from unilab.spaces.boot_steps import BootState, BootSteps, Run
from unilab.spaces.segments import MODES, Mode
from unilab.views import drawing as d
from unilab.views.boot_steps_table import RegisterRow, register_rows, run_words, translation_words
from unilab.views.theme import Theme, permission_class

WIDTH = 980.0
_MARGIN = 16.0
_INSIDE = WIDTH - 2 * _MARGIN
_CAPTION_LINE, _CAPTION_WIDTH, _CAPTION_LINES = 18.0, 138, 3
_MODES_Y, _MODE_HEIGHT, _MODE_GAP = 58.0 + _CAPTION_LINE * _CAPTION_LINES, 42.0, 18.0
_CARDS_Y = _MODES_Y + _MODE_HEIGHT + 16
_SOURCE_WIDTH, _GAP = 500.0, 14.0
_LINE, _ROW, _HEAD = 17.0, 22.0, 26.0
_LETTER = 11 * d.MONOSPACE
_CARD_HEIGHT = _HEAD + 10 * _ROW + 8
_RUNS_Y = _CARDS_Y + _CARD_HEIGHT + 16
#: Between code and a comment behind it.
_SPACES = re.compile(r"(?<=\S) {3,}")
#: Runs of pages that are drawn; the table has all.
MOST_RUNS = 10
_CODE = {
    Mode.REAL: "16-bit code",
    Mode.PROTECTED: "32-bit code",
    Mode.COMPATIBILITY: "long mode, 32-bit code",
    Mode.LONG: "long mode, 64-bit code",
}


def svg(steps: BootSteps, index: int, *, theme: Theme = "auto") -> str:
    """Draw one step. All steps of a boot have one size.

    Args:
        steps: The boot.
        index: Which step, from 0.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
    """
    state, before = steps.states[index], steps.states[index - 1] if index else None
    most = min(MOST_RUNS, max((len(each.tables) for each in steps.states), default=0))
    last = index == len(steps.states) - 1
    items = _registers(state, before) + _runs(state, before)
    body = (
        _heading(steps, index)
        + _modes(state, before)
        + _source(state)
        + _card_head("registers", _MARGIN + _SOURCE_WIDTH + _GAP, _INSIDE - _SOURCE_WIDTH - _GAP)
        + _runs_head(state)
        + f'<g role="listbox" aria-label="Registers and mappings">{items}</g>'
    )
    height = _RUNS_Y + _HEAD + max(most, 1) * _ROW + 10
    if steps.ended:
        # Room on every step, so that the picture stays as it is; words on the last.
        lines = textwrap.wrap(steps.ended, _CAPTION_WIDTH) if last else []
        for slot, line in enumerate(lines):
            body += d.text(line, _MARGIN, height + 16 + slot * _CAPTION_LINE, "uv-caption uv-ending")
        height += _CAPTION_LINE * (len(textwrap.wrap(steps.ended, _CAPTION_WIDTH)) + 0.5)
    label = f"Step {index + 1} of {len(steps.states)}, {state.name}: {state.caption}"
    return d.page(label, WIDTH, height + _MARGIN, body, theme=theme, rules=("boot_steps",))


def _heading(steps: BootSteps, index: int) -> str:
    state = steps.states[index]
    badge, width = d.badge(str(steps.source), _MARGIN, _MARGIN + 22)
    lines = textwrap.wrap(state.caption, _CAPTION_WIDTH)[:_CAPTION_LINES]
    where = f"{steps.name}, {steps.origin}"
    return (
        d.text(f"{index + 1}. {state.name}", _MARGIN, _MARGIN + 15, "uv-name")
        + d.text(f"step {index + 1} of {len(steps.states)}", WIDTH - _MARGIN, _MARGIN + 15, "uv-bold", anchor="end")
        + badge
        + d.text(d.fit(where, _INSIDE - width, 11), _MARGIN + width + 7, _MARGIN + 34, "uv-muted")
        + "".join(d.text(line, _MARGIN, 72 + i * _CAPTION_LINE, "uv-caption") for i, line in enumerate(lines))
    )


def _modes(state: BootState, before: BootState | None) -> str:
    """The four modes in a row, the one that counts marked by more than colour."""
    width = (_INSIDE - _MODE_GAP * (len(MODES) - 1)) / len(MODES)
    parts = []
    for slot, mode in enumerate(MODES):
        x = _MARGIN + slot * (width + _MODE_GAP)
        now = mode is state.mode
        fresh = now and before is not None and before.mode is not mode
        parts.append(
            f'<g class="uv-mode{" uv-mode-now" if now else ""}" data-mode="{mode}" data-now="{str(now).lower()}">'
            f'<rect class="uv-mode-box" {d.rect((x, _MODES_Y, width, _MODE_HEIGHT))} rx="6"/>'
            + d.text(f"{'▶ ' if now else ''}{mode}", x + 12, _MODES_Y + 17, "uv-bold" if now else "")
            + d.text(_CODE[mode], x + 12, _MODES_Y + 33, "uv-muted")
            + (_tag("new", x + width - 12, _MODES_Y + 17) if fresh else "")
            + "</g>"
        )
        if slot:
            parts.append(
                f'<path class="uv-arrow" d="M{d.number(x - _MODE_GAP + 3)} {d.number(_MODES_Y + _MODE_HEIGHT / 2)}'
                f'h{d.number(_MODE_GAP - 6)}m-4 -4l4 4l-4 4"/>'
            )
    return "".join(parts)


def _card_head(title: str, x: float, width: float, aside: str = "") -> str:
    card = f'<rect class="uv-card" {d.rect((x, _CARDS_Y, width, _CARD_HEIGHT))} rx="6"/>'
    return card + d.text(title, x + 12, _CARDS_Y + 18, "uv-bold", aside=aside)


def _source(state: BootState) -> str:
    aside = "▶ comes next; a bar: executed since the last step" if state.file else ""
    parts = [_card_head(state.file or "no source", _MARGIN, _SOURCE_WIDTH, aside)]
    if not state.lines:
        words = "Not our code: the firmware's, a file of QEMU's, without source here."
        return parts[0] + d.text(words, _MARGIN + 12, _CARDS_Y + _HEAD + 24, "uv-muted")
    room = int((_SOURCE_WIDTH - 62) / _LETTER)
    for slot, line in enumerate(state.lines):
        y = _CARDS_Y + _HEAD + 8 + slot * _LINE
        now = line.number == state.next_line
        if now:
            parts.append(f'<rect class="uv-line-now" {d.rect((_MARGIN + 4, y, _SOURCE_WIDTH - 8, _LINE))} rx="3"/>')
        if line.executed:
            parts.append(f'<rect class="uv-line-done" {d.rect((_MARGIN + 6, y + 1, 4.0, _LINE - 2))}/>')
        text = _SPACES.sub("  ", line.text)
        text = text if len(text) <= room else text[: room - 1] + "…"
        number = f"{'▶' if now else ''}{line.number}"
        parts.append(d.text(number, _MARGIN + 44, y + 12.5, "uv-address", anchor="end"))
        parts.append(_code(text, _MARGIN + 54, y + 12.5, "uv-mono uv-bold" if now else "uv-mono"))
    return "".join(parts)


def _code(text: str, x: float, y: float, look: str) -> str:
    """A line of code; its indentation is a matter of x, since SVG drops leading spaces."""
    indent = len(text) - len(text.lstrip(" "))
    return d.text(text.strip(), x + indent * _LETTER, y, look) if text.strip() else ""


def _registers(state: BootState, before: BootState | None) -> str:
    x, width = _MARGIN + _SOURCE_WIDTH + _GAP, _INSIDE - _SOURCE_WIDTH - _GAP
    return "".join(
        _register(row, x, _CARDS_Y + _HEAD + slot * _ROW, width)
        for slot, row in enumerate(register_rows(state, before))
    )


def _register(row: RegisterRow, x: float, y: float, width: float) -> str:
    box = (x + 4, y + 1, width - 8, _ROW - 2)
    words = f"{row.name} {row.value} {row.meaning}{', changed' if row.changed else ''}"
    spans = [
        *(f"<tspan>{name} </tspan>" for name in row.kept),
        *(f'<tspan class="uv-bit-new">+{name}</tspan><tspan> </tspan>' for name in row.new),
        *(f'<tspan class="uv-bit-lost">−{name}</tspan><tspan> </tspan>' for name in row.lost),
    ]
    at = x + 176
    if spans:
        meaning = f'<text class="uv-mono" x="{d.number(at)}" y="{d.number(y + 15)}">{"".join(spans)}</text>'
    else:
        room = int((x + width - at - 8) / _LETTER)
        meaning = d.text(row.words[:room], at, y + 15, "uv-mono" if row.name == "next" else "")
    value = "uv-mono uv-changed" if row.changed else "uv-mono"
    return (
        _item(row.name, words)
        + f'<rect class="uv-hit" {d.rect(box)}/>'
        + d.text(row.name, x + 12, y + 15, "uv-bold")
        + d.text(row.value, x + 54, y + 15, value)
        + meaning
        + d.ring(box)
        + "</g>"
    )


def _runs_head(state: BootState) -> str:
    return d.text("what addresses mean", _MARGIN, _RUNS_Y + 12, "uv-bold", aside=translation_words(state))


def _runs(state: BootState, before: BootState | None) -> str:
    parts = []
    unused = "" if state.registers.paging and state.registers.long_mode else " uv-unused"
    shown = state.tables[:MOST_RUNS]
    for slot, run in enumerate(shown):
        y = _RUNS_Y + _HEAD + slot * _ROW
        if slot == MOST_RUNS - 1 and len(state.tables) > MOST_RUNS:
            more = len(state.tables) - slot
            parts.append(d.text(f"and {more} more runs of pages: see the table", _MARGIN + 28, y + 15, "uv-muted"))
            break
        parts.append(_run(slot, run, y, unused, new=before is not None and run not in before.tables))
    return "".join(parts)


def _run(slot: int, run: Run, y: float, look: str, *, new: bool) -> str:
    span, leads, pages = run_words(run)
    kind = permission_class(run.permissions)
    box, swatch = (_MARGIN, y + 1, _INSIDE, _ROW - 2), (_MARGIN + 2, y + 3, 18.0, _ROW - 6)
    return (
        _item(f"run{slot}", f"{span}, {run.permissions}, {leads}, {pages}{', new' if new else ''}")
        + f'<rect class="uv-hit" {d.rect(box)}/><g class="uv-run{look}">'
        + f'<rect class="uv-body uv-fill-{kind}" {d.rect(swatch)}/>'
        + f'<path class="uv-pattern uv-pattern-{kind}" d="{d.pattern(kind, swatch)}"/></g>'
        + d.text(span, _MARGIN + 30, y + 15, "uv-mono")
        + d.text(run.permissions, _MARGIN + 300, y + 15, "uv-mono uv-bold")
        + d.text(leads, _MARGIN + 350, y + 15)
        + d.text(pages, _MARGIN + 560, y + 15)
        + (_tag("new", _MARGIN + 740, y + 15) if new else "")
        + d.ring(box)
        + "</g>"
    )


def _item(key: str, words: str) -> str:
    return (
        f'<g class="uv-item" data-item="{key}" role="option" tabindex="-1" aria-selected="false" '
        f'aria-label="{d.attribute(words)}"><title>{escape(words)}</title>'
    )


def _tag(word: str, right: float, baseline: float) -> str:
    """A word on a dark ground."""
    width = len(word) * 6.5 + 10
    box = (right - width, baseline - 11, width, 15.0)
    ground = f'<rect class="uv-new-tag" {d.rect(box)} rx="3"/>'
    return ground + d.text(word, right - width / 2, baseline, "uv-new-word", anchor="middle")
