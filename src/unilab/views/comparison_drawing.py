"""Draws a comparison as one SVG: a panel for each quantity, in it a line for each contender, all samples on one axis.

A dot is a sample, the bar goes from the first quartile to the third, the stroke is the median. In panels of what takes
time, contenders that different processors execute stand in bands of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from unilab.spaces.comparison import Comparison, Executes, Measured, Quantity, amount, number_text, scaled
from unilab.spaces.model import Source
from unilab.views import drawing as d
from unilab.views.theme import Theme

_MARGIN = 16.0
_NAMES, _PLOT, _VALUES = 128.0, 460.0, 206.0
_WIDTH = _MARGIN + _NAMES + _PLOT + _VALUES + _MARGIN
_TOP, _HEADER, _LINE, _GAP = 46.0, 46.0, 26.0, 16.0
_BETWEEN = 15.0
#: Where one value is so many times another, a linear axis shows nothing of the smaller.
_MUCH = 10.0
#: Nothing is measured that finely: it counts as 0.
_LEAST = 1e-12
#: By who executes: the words in a band, and its look, one of three that differ in their dashes as well.
_BANDS = {
    Executes.HOST: ("this host's own processor", "user"),
    Executes.EMULATION: ("emulated by QEMU: compare only these with each other", "kernel"),
    Executes.VIRTUALISATION: ("this host's processor, under KVM", "hypervisor"),
}


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to pixels.

    Attributes:
        log: Whether it is logarithmic.
        low: The value at the left edge.
        high: The value at the right edge.
    """

    log: bool
    low: float
    high: float

    def x(self, value: float) -> float:
        """Pixels from the left edge; what lies beyond an edge is drawn there."""
        value = min(self.high, max(self.low, value))
        if self.log:
            return _PLOT * math.log(value / self.low) / math.log(self.high / self.low)
        return _PLOT * (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values, few enough to read."""
        if self.log:
            powers = range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1)
            every = max(1, math.ceil(len(powers) / 7))
            return [10.0**power for power in powers[::every]]
        step = 10 ** math.floor(math.log10(self.high))
        step = next((step / part for part in (1, 2, 5, 10) if self.high / (step / part) >= 3), step)
        return [i * step for i in range(int(self.high / step + 1e-9) + 1)]


def axis(values: Sequence[float]) -> Axis:
    """The axis on which all values have room: logarithmic where they differ much."""
    positive = [value for value in values if value > _LEAST]
    if not positive:
        return Axis(False, 0.0, 1.0)
    low, high = min(positive), max(positive)
    if high > _MUCH * low and len(positive) == len(values):
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return Axis(True, 10.0**first, 10.0 ** max(last, first + 1))
    return Axis(False, 0.0, high * 1.05)


def svg(comparison: Comparison, names: Sequence[str] = (), *, theme: Theme = "auto") -> str:
    """Draw a comparison.

    Args:
        comparison: What was measured.
        names: Which quantities, from top to bottom; all unless given.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.

    Raises:
        CourseError: There is no such quantity.
    """
    quantities = [comparison.quantity(name) for name in names] if names else list(comparison.quantities)
    parts, y = [_title(comparison)], _MARGIN + _TOP
    for index, quantity in enumerate(quantities):
        panel, height = _panel(comparison, quantity, index, y)
        parts.append(panel)
        y += height + _GAP
    return d.page(label(comparison, quantities), _WIDTH, y, "".join(parts), theme=theme, rules=("bands", "comparison"))


def label(comparison: Comparison, quantities: Sequence[Quantity]) -> str:
    """What the picture shows, in a sentence."""
    who = ", ".join(each.architecture for each in comparison.contenders) or "nobody"
    return f"{comparison.program} as {who}: {', '.join(quantity.title for quantity in quantities)}"


def _title(comparison: Comparison) -> str:
    sources = {each.source for each in comparison.measured} or {Source.LIVE}
    source = Source.RECORDED if Source.RECORDED in sources else Source.LIVE
    badge, width = d.badge(str(source), _MARGIN, _MARGIN + 22)
    how = "dot: a sample; bar: first to third quartile; stroke: median"
    return (
        d.text(f"{comparison.program}, {comparison.progress}", _MARGIN, _MARGIN + 14, "uv-name")
        + badge
        + d.text(f"{comparison.origin}; {how}", _MARGIN + width + 8, _MARGIN + 34, "uv-muted")
    )


def _panel(comparison: Comparison, quantity: Quantity, index: int, top: float) -> tuple[str, float]:
    lines = [comparison.of(quantity.name, each.architecture) for each in comparison.contenders]
    # Where all is recorded, the badge above has said so.
    mixed = len({each.source for each in comparison.measured}) > 1
    place = axis([value for line in lines for value in line.samples])
    groups = [list(group) for _, group in groupby(comparison.contenders, key=lambda each: each.executes)]
    if not quantity.timed or len(groups) < 2:
        groups = [list(comparison.contenders)]
    words = f"{'less' if quantity.better == 'less' else 'more'} is better" if quantity.better else ""
    kind = "logarithmic" if place.log else "linear"
    aside = "; ".join(filter(None, (words, f"{kind} axis")))
    bands, texts = [], [d.text(quantity.title, _MARGIN, top + 17, "uv-bold", aside=aside)]
    y, items, number = top + _HEADER, [], 0
    for group in groups:
        if len(groups) > 1:
            words, look = _BANDS[group[0].executes]
            height = _BETWEEN + _LINE * len(group)
            band = (_MARGIN, y, _WIDTH - 2 * _MARGIN, height)
            bands.append(f'<g class="uv-ring-{look}"><rect class="uv-band" {d.rect(band)}/></g>')
            texts.append(d.text(words, _MARGIN + 4, y + 12, "uv-band-name"))
            y += _BETWEEN
        for contender in group:
            measured = comparison.of(quantity.name, contender.architecture)
            which = comparison.contenders.index(contender)
            items.append(_item(f"{index}:{number}", quantity, measured, which=which, place=place, y=y, mixed=mixed))
            number += 1
            y += _LINE
        y += 4 if len(groups) > 1 else 0
    rule = f'<path class="uv-rule" d="M{d.number(_MARGIN)} {d.number(top)}H{d.number(_WIDTH - _MARGIN)}"/>'
    name = f"{quantity.title}: {len(lines)} contenders"
    box = f'<g role="listbox" aria-label="{d.attribute(name)}">{"".join(items)}</g>'
    # Bands lie below the lines of the axis, and words above them.
    parts = [rule, *bands, _ticks(place, quantity, top + _HEADER, y), *texts, box]
    return f'<g class="uv-panel">{"".join(parts)}</g>', y - top


def _ticks(place: Axis, quantity: Quantity, top: float, bottom: float) -> str:
    parts, left = [], _MARGIN + _NAMES
    for value in place.ticks():
        x = left + place.x(value)
        parts.append(f'<path class="uv-grid" d="M{d.number(x)} {d.number(top - 5)}V{d.number(bottom)}"/>')
        anchor = "end" if x > left + _PLOT - 20 else "middle"
        parts.append(d.text(tick_text(value, quantity.unit), x, top - 9, "uv-address", anchor=anchor))
    return f'<g aria-hidden="true">{"".join(parts)}</g>'


def tick_text(value: float, unit: str) -> str:
    """A value on an axis.

    >>> tick_text(0.001, "s"), tick_text(100.0, "MiB"), tick_text(10_000.0, "requests/s")
    ('1 ms', '100 MiB', '10,000')
    """
    if value == 0:
        return "0"
    shown, factor = scaled(value, unit)
    number = number_text(round(value * factor, 9))
    return f"{number} {shown}" if unit in ("s", "bytes", "MiB") else number


def words_of(quantity: Quantity, measured: Measured) -> str:
    """A line as one speaks of it."""
    value = amount(measured, quantity.unit) if measured.samples else f"not measured: {measured.note}"
    count = f", {len(measured.samples)} samples" if len(measured.samples) > 1 else ""
    return f"{measured.architecture}, {quantity.title}: {value}{count}"


def _item(key: str, quantity: Quantity, measured: Measured, *, which: int, place: Axis, y: float, mixed: bool) -> str:
    left, middle = _MARGIN + _NAMES, y + _LINE / 2
    box = (_MARGIN, y, _WIDTH - 2 * _MARGIN, _LINE)
    recorded = "recorded" if mixed and measured.source is not Source.LIVE else ""
    marks = ""
    if measured.samples:
        low, high = (left + place.x(edge) for edge in measured.quartiles)
        bar = (low, middle - 6, max(high - low, 1.0), 12)
        marks = f'<rect class="uv-quartiles uv-look-{which}" {d.rect(bar)} rx="2"/>'
        if high - low > 4:
            marks += f'<path class="uv-pattern" d="{d.pattern(("r", "rw", "rx", "rwx")[which % 4], bar)}"/>'
        marks += "".join(_dot(left + place.x(sample), middle, which) for sample in measured.samples)
        x = left + place.x(measured.median)
        marks += f'<path class="uv-median" d="M{d.number(x)} {d.number(y + 4)}v{d.number(_LINE - 8)}"/>'
    value = amount(measured, quantity.unit) if measured.samples else "not measured"
    words = words_of(quantity, measured)
    return (
        f'<g class="uv-item" data-item="{key}" role="option" tabindex="-1" aria-selected="false" '
        f'aria-label="{d.attribute(words)}"><title>{escape(words)}</title>'
        f'<rect class="uv-hit" {d.rect(box)}/>'
        + d.text(measured.architecture, _MARGIN + 6, middle + 4, aside=recorded)
        + marks
        + d.text(
            d.fit(value, _VALUES - 10, 11),
            left + _PLOT + _VALUES - 4,
            middle + 4,
            "uv-mono uv-bold" if measured.samples else "uv-muted",
            anchor="end",
        )
        + d.ring((box[0], box[1] + 1, box[2], box[3] - 2))
        + "</g>"
    )


def _dot(x: float, y: float, which: int) -> str:
    """A sample: a shape of its own for each contender."""
    at, r = (d.number(x), d.number(y)), 4
    look = f'class="uv-sample uv-look-{which}"'
    match which % 4:
        case 0:
            return f'<circle {look} cx="{at[0]}" cy="{at[1]}" r="{r}"/>'
        case 1:
            return f'<path {look} d="M{at[0]} {at[1]}m-3.5 -3.5h7v7h-7z"/>'
        case 2:
            return f'<path {look} d="M{at[0]} {at[1]}m0 -5l4.5 8h-9z"/>'
        case _:
            return f'<path {look} d="M{at[0]} {at[1]}m0 -5l5 5l-5 5l-5 -5z"/>'
