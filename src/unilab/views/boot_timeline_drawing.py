"""Draws boots as one SVG: below each other, on one scale of time, an event a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Literal

from unilab.spaces.boot_timeline import BootTimeline, BoundaryEvent
from unilab.views import drawing as d
from unilab.views.theme import Theme

Axis = Literal["linear", "log"]

_MARGIN = 16.0
_LABELS, _PLOT, _TIMES = 190.0, 560.0, 130.0
_HEADER, _LINE, _BAND_GAP = 48.0, 24.0, 20.0
_AXIS = 34.0
#: Where a logarithmic scale begins if nothing happens sooner; what is at 0 is drawn there.
_SOONEST = 1e-3
#: Nothing here is measured more finely.
_FINEST = 1e-6


@dataclass(frozen=True, slots=True)
class Scale:
    """From seconds to pixels.

    Attributes:
        axis: ``linear`` or ``log``.
        begin: Seconds at the left edge.
        end: Seconds at the right edge.
    """

    axis: Axis
    begin: float
    end: float

    def x(self, seconds: float) -> float:
        """Pixels from the left edge; what is sooner than the left edge is drawn there."""
        if self.axis == "linear":
            return _PLOT * min(1.0, max(0.0, seconds / self.end))
        inside = min(self.end, max(self.begin, seconds))
        return _PLOT * math.log(inside / self.begin) / math.log(self.end / self.begin)

    def ticks(self) -> list[float]:
        """Round numbers of seconds, few enough to read."""
        if self.axis == "log":
            first, last = round(math.log10(self.begin)), round(math.log10(self.end))
            return [10.0**power for power in range(first, last + 1) if 10.0**power <= self.end]
        step = 10 ** math.floor(math.log10(self.end))
        step = next((step / part for part in (1, 2, 5, 10) if self.end / (step / part) >= 4), step)
        return [i * step for i in range(int(self.end / step + 1e-9) + 1)]


def scale(timelines: Sequence[BootTimeline], axis: Axis) -> Scale:
    """The scale on which all of them have room."""
    times = [event.seconds for timeline in timelines for event in timeline.events if event.seconds > 0]
    longest = max([*times, _FINEST * 10]) if times else 1.0
    if axis == "linear":
        return Scale(axis, 0.0, longest * 1.02)
    # Some way before the first event, since what leads up to it has a length, too.
    first = max(_FINEST, min(min(times, default=_SOONEST) / 3, longest / 10))
    return Scale(axis, 10.0 ** math.floor(math.log10(first)), longest * 1.1)


def time_text(seconds: float) -> str:
    """Seconds with three digits that count.

    >>> time_text(0.0497), time_text(2.914), time_text(0.0000123), time_text(0)
    ('49.7 ms', '2.91 s', '12.3 µs', '0')
    """
    if seconds <= 0:
        return "0"
    unit, amount = _unit(seconds)
    digits = max(0, 2 - math.floor(math.log10(float(f"{amount:.3g}"))))
    return f"{amount:.{digits}f} {unit}"


def _unit(seconds: float) -> tuple[str, float]:
    """The largest unit of which there is one at least, and how many there are."""
    units = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
    unit, size = next(((unit, size) for unit, size in units if seconds >= size * 0.9995), units[-1])
    return unit, seconds / size


def _tick_text(seconds: float) -> str:
    unit, amount = _unit(seconds)
    return f"{amount:g} {unit}" if seconds > 0 else "0"


def svg(timelines: Sequence[BootTimeline], *, axis: Axis = "linear", theme: Theme = "auto") -> str:
    """Draw boots.

    Args:
        timelines: From top to bottom.
        axis: ``linear``, or ``log`` where their times differ much.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
    """
    place = scale(timelines, axis)
    width = _MARGIN + _LABELS + _PLOT + _TIMES + _MARGIN
    heights = [_HEADER + _LINE * len(timeline.events) + _BAND_GAP for timeline in timelines]
    top = _MARGIN + _AXIS
    bottom = top + sum(heights) - _BAND_GAP / 2
    parts = [_axis(place, top, bottom)]
    y = top
    for index, (timeline, height) in enumerate(zip(timelines, heights, strict=True)):
        parts.append(_band(index, timeline, place, y))
        y += height
    names = " and ".join(timeline.name for timeline in timelines) or "no boot"
    return d.page(
        f"What happened when in {names}",
        width,
        bottom + _MARGIN,
        "".join(parts),
        theme=theme,
        rules=("boot_timeline",),
    )


def _axis(place: Scale, top: float, bottom: float) -> str:
    parts = []
    left = _MARGIN + _LABELS
    for seconds in place.ticks():
        x = left + place.x(seconds)
        parts.append(f'<path class="uv-grid" d="M{d.number(x)} {d.number(top - 6)}V{d.number(bottom)}"/>')
        parts.append(d.text(_tick_text(seconds), x, top - 12, "uv-address", anchor="middle"))
    kind = "logarithmic" if place.axis == "log" else "linear"
    parts.append(d.text(f"time, {kind}", _MARGIN, top - 12, "uv-muted"))
    return f'<g aria-hidden="true">{"".join(parts)}</g>'


def event_words(timeline: BootTimeline, index: int) -> str:
    """An event as one speaks of it."""
    event = timeline.events[index]
    since = f", {time_text(event.seconds - timeline.events[index - 1].seconds)} after the one before" if index else ""
    return f"{event.name}, {time_text(event.seconds)}{since}"


def _band(index: int, timeline: BootTimeline, place: Scale, top: float) -> str:
    badge, width = d.badge(str(timeline.source), _MARGIN, top + 22)
    total = f"{time_text(timeline.seconds)} in all"
    right = _MARGIN + _LABELS + _PLOT + _TIMES
    items = [_event(index, timeline, i, place, top + _HEADER + i * _LINE) for i in range(len(timeline.events))]
    label = f"{timeline.name}: {len(timeline.events)} events, {total}"
    return (
        f'<g class="uv-track"><title>{escape(timeline.name)}, {escape(timeline.method)}</title>'
        f'<path class="uv-rule" d="M{d.number(_MARGIN)} {d.number(top - 2)}H{d.number(right)}"/>'
        # What is written must not be struck through by the lines of the axis.
        f'<rect class="uv-paper" {d.rect((_MARGIN, top, right - _MARGIN, _HEADER - 6))}/>'
        + d.text(d.fit(timeline.name, right - _MARGIN - 120, 15), _MARGIN, top + 15, "uv-name")
        + d.text(total, right, top + 15, "uv-bold", anchor="end")
        + badge
        + d.text(d.fit(timeline.origin, _LABELS + _PLOT - width, 11), _MARGIN + width + 7, top + 34, "uv-muted")
        + f'<g role="listbox" aria-label="{d.attribute(label)}">{"".join(items)}</g></g>'
    )


def _event(band: int, timeline: BootTimeline, index: int, place: Scale, y: float) -> str:
    event = timeline.events[index]
    before = timeline.events[index - 1] if index else None
    left = _MARGIN + _LABELS
    start, end = (left + place.x(each.seconds) for each in (before or event, event))
    # The longest part is what a reader looks for.
    longest = before is not None and event.seconds - before.seconds >= _longest(timeline.events)
    bar = (start, y + 5, max(end - start, 0.0), _LINE - 10)
    box = (_MARGIN, y, _LABELS + _PLOT + _TIMES, _LINE)
    since = f"+{time_text(event.seconds - before.seconds)}" if before else ""
    lines = d.pattern("rw", bar) if longest else ""
    words = event_words(timeline, index)
    return (
        f'<g class="uv-item" data-item="{band}:{index}" role="option" tabindex="-1" aria-selected="false" '
        f'aria-label="{d.attribute(words)}"><title>{escape(words)}</title>'
        f'<rect class="uv-hit" {d.rect(box)}/>'
        + d.text(d.fit(event.name, _LABELS - 14, 12), _MARGIN + 4, y + 16, "uv-bold" if longest else "")
        + f'<rect class="uv-part{" uv-longest" if longest else ""}" {d.rect(bar)} rx="2"/>'
        + (f'<path class="uv-pattern" d="{lines}"/>' if lines else "")
        + f'<path class="uv-moment" d="M{d.number(end)} {d.number(y + 3)}v{d.number(_LINE - 6)}"/>'
        f'<circle class="uv-moment-dot" cx="{d.number(end)}" cy="{d.number(y + _LINE / 2)}" r="3.5"/>'
        + d.text(time_text(event.seconds), left + _PLOT + 60, y + 16, "uv-mono uv-bold", anchor="end")
        + d.text(since, left + _PLOT + _TIMES - 2, y + 16, "uv-address", anchor="end")
        + d.ring((box[0], box[1] + 1, box[2], box[3] - 2))
        + "</g>"
    )


def _longest(events: tuple[BoundaryEvent, ...]) -> float:
    return max((b.seconds - a.seconds for a, b in pairwise(events)), default=math.inf)
