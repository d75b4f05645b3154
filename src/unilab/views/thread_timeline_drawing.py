"""Draws which thread ran when as one SVG: a lane for each thread, time from left to right."""

from __future__ import annotations

import math
from html import escape

from unilab.spaces.thread_timeline import IDLE, Stretch, ThreadState, ThreadTimeline, Turn, Why
from unilab.views import drawing as d
from unilab.views.boot_timeline_drawing import time_text
from unilab.views.theme import LINK_COLOURS, Theme

_MARGIN = 16.0
_LABELS, _PLOT, _SUMS = 120.0, 660.0, 84.0
_HEADER, _AXIS, _LANE, _BAR, _LEGEND = 46.0, 26.0, 30.0, 18.0, 30.0
#: A turn is drawn at least so wide, pixels: the shortest are what matters.
_LEAST = 1.6
#: Patterns, so that neighbouring lanes differ without their colours.
_PATTERNS = ("rw", "r", "rx", "rwx")
_WIDTH = _MARGIN + _LABELS + _PLOT + _SUMS + _MARGIN


def name(thread: int) -> str:
    """What a thread is called."""
    return "idle thread" if thread == IDLE else f"thread {thread}"


def turn_words(turn: Turn) -> str:
    """A turn as one speaks of it."""
    ending = {
        Why.INTERRUPTED: "then it was interrupted",
        Why.WAITED: "then it waited",
        Why.YIELDED: "then it yielded",
        Why.ENDED: "then it ended",
        Why.WORK_DONE: "then its work was done",
        Why.RAN_ON: "and ran on",
    }[turn.why]
    return f"{name(turn.thread)} ran for {time_text(turn.seconds)} from {time_text(turn.begin)}, {ending}"


def svg(timeline: ThreadTimeline, *, theme: Theme = "auto") -> str:
    """Draw it.

    Args:
        timeline: What to draw.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
    """
    threads = timeline.threads
    top = _MARGIN + _HEADER + _AXIS
    bottom = top + _LANE * len(threads)
    parts = [_head(timeline), _axis(timeline, top, bottom)]
    parts += [_lane(timeline, thread, top + _LANE * row) for row, thread in enumerate(threads)]
    rows = {thread: row for row, thread in enumerate(threads)}
    turns = [_turn(timeline, i, turn, top + _LANE * rows[turn.thread]) for i, turn in enumerate(timeline.turns)]
    label = f"{timeline.name}: {len(turns)} turns of {len(threads)} threads"
    parts.append(f'<g role="listbox" aria-label="{d.attribute(label)}">{"".join(turns)}</g>')
    parts.append(_legend(bottom + 8))
    return d.page(
        f"Which thread ran when in {timeline.name}",
        _WIDTH,
        bottom + _LEGEND + _MARGIN,
        "".join(parts),
        theme=theme,
        rules=("bands", "thread_timeline"),
    )


def _x(timeline: ThreadTimeline, seconds: float) -> float:
    return _MARGIN + _LABELS + _PLOT * (seconds / timeline.end if timeline.end else 0.0)


def _head(timeline: ThreadTimeline) -> str:
    badge, width = d.badge(str(timeline.source), _MARGIN, _MARGIN + 20)
    right = _WIDTH - _MARGIN
    total = f"{len(timeline.turns)} turns in {time_text(timeline.end)}"
    return (
        d.text(d.fit(timeline.name, right - _MARGIN - 200, 15), _MARGIN, _MARGIN + 13, "uv-name")
        + d.text(total, right, _MARGIN + 13, "uv-bold", anchor="end")
        + badge
        + d.text(d.fit(timeline.origin, right - _MARGIN - width, 11), _MARGIN + width + 7, _MARGIN + 32, "uv-muted")
    )


def _axis(timeline: ThreadTimeline, top: float, bottom: float) -> str:
    parts = [
        d.text("time", _MARGIN, top - 10, "uv-muted"),
        d.text("ran", _WIDTH - _MARGIN, top - 10, "uv-muted", anchor="end"),
    ]
    for seconds in _ticks(timeline.end):
        x = _x(timeline, seconds)
        parts.append(f'<path class="uv-grid" d="M{d.number(x)} {d.number(top - 6)}V{d.number(bottom)}"/>')
        parts.append(d.text(f"{seconds * 1e3:g} ms", x, top - 10, "uv-address", anchor="middle"))
    return f'<g aria-hidden="true">{"".join(parts)}</g>'


def _ticks(end: float) -> list[float]:
    """Round numbers of seconds, few enough to read."""
    if end <= 0:
        return [0.0]
    step = 10.0 ** math.floor(math.log10(end))
    step = next(step / part for part in (1, 2, 5, 10) if end / (step / part) >= 4)
    return [round(i * step, 9) for i in range(int(end / step + 1e-9) + 1)]


def _lane(timeline: ThreadTimeline, thread: int, y: float) -> str:
    middle = y + _LANE / 2
    parts = [
        f'<path class="uv-rule" d="M{d.number(_MARGIN)} {d.number(y)}H{d.number(_WIDTH - _MARGIN)}"/>',
        d.text(name(thread), _MARGIN + 4, middle + 4, "uv-bold"),
        d.text(time_text(timeline.ran(thread)), _WIDTH - _MARGIN, middle + 4, "uv-mono", anchor="end"),
    ]
    parts += [_stretch(timeline, each, middle) for each in timeline.stretches(thread)]
    return f'<g aria-hidden="true">{"".join(parts)}</g>'


def _stretch(timeline: ThreadTimeline, stretch: Stretch, middle: float) -> str:
    if stretch.state is ThreadState.RUNS:
        return ""
    x, end = _x(timeline, stretch.begin), _x(timeline, stretch.end)
    look = "uv-ready" if stretch.state is ThreadState.READY else "uv-waits"
    return f'<path class="{look}" d="M{d.number(x)} {d.number(middle)}H{d.number(end)}"/>'


def _turn(timeline: ThreadTimeline, index: int, turn: Turn, y: float) -> str:
    x = _x(timeline, turn.begin)
    box = (x, y + (_LANE - _BAR) / 2, max(_LEAST, _x(timeline, turn.end) - x), _BAR)
    words = turn_words(turn)
    colour = "uv-idle" if turn.thread == IDLE else f"uv-link-{turn.thread % len(LINK_COLOURS)}"
    lines = "" if turn.thread == IDLE else d.pattern(_PATTERNS[turn.thread % len(_PATTERNS)], box)
    return (
        f'<g class="uv-item" data-item="{index}" data-thread="{turn.thread}" role="option" tabindex="-1" '
        f'aria-selected="false" aria-label="{d.attribute(words)}"><title>{escape(words)}</title>'
        f'<rect class="uv-shape {colour}" {d.rect(box)}/>'
        + (f'<path class="uv-turn-pattern" d="{lines}"/>' if lines else "")
        + d.ring((box[0] - 1, box[1] - 2, box[2] + 2, box[3] + 4))
        + "</g>"
    )


def _legend(y: float) -> str:
    x = _MARGIN + _LABELS
    bar = (x, y + 4, 22.0, 12.0)
    parts = [f'<rect class="uv-shape uv-link-0" {d.rect(bar)}/>', d.text("runs", x + 28, y + 14, "uv-muted")]
    for look, word, left in (("uv-ready", "ready, another runs", x + 80), ("uv-waits", "waits", x + 230)):
        parts.append(f'<path class="{look}" d="M{d.number(left)} {d.number(y + 10)}h26"/>')
        parts.append(d.text(word, left + 32, y + 14, "uv-muted"))
    parts.append(f'<rect class="uv-shape uv-idle" {d.rect((x + 310, y + 4, 3.0, 12.0))}/>')
    parts.append(d.text("the library OS's own work", x + 320, y + 14, "uv-muted"))
    return f'<g aria-hidden="true">{"".join(parts)}</g>'
