"""Draws journeys as one SVG: a lane for each privilege level, time downwards, the border between lanes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from unilab.spaces.journey import Journey, Ring, Step
from unilab.spaces.model import Source
from unilab.views import drawing as d
from unilab.views.crossing_layout import Row, rows
from unilab.views.theme import Theme

_MARGIN = 16.0
_HEADER = 100.0
_LANE, _LANE_HEAD = 212.0, 30.0
_BORDER, _GAP = 34.0, 44.0
_STEP, _FOLD, _ARROW = 22.0, 30.0, 30.0
_INDENT, _DEEPEST = 8.0, 8
_SPINE = 10.0
_LEGEND_LINE = 24.0

RING_WORDS = {Ring.USER: "user, ring 3", Ring.KERNEL: "kernel, ring 0", Ring.HYPERVISOR: "hypervisor"}
#: Whose a function is -> the look of its strip: colour and pattern. Others get ``other``.
_OWNERS = {
    "program": "program",
    "C library": "libc",
    "library OS": "libos",
    "kernel": "kernel",
    "hypervisor": "hypervisor",
    "Xen": "hypervisor",
    "QEMU": "hypervisor",
    "hardware": "hardware",
}


@dataclass(frozen=True, slots=True)
class _Track:
    """One journey's place on the page."""

    index: int
    journey: Journey
    rows: list[Row]
    lanes: tuple[Ring, ...]
    left: float
    selected: int | None

    @property
    def width(self) -> float:
        return len(self.lanes) * _LANE + (len(self.lanes) - 1) * _BORDER

    def x(self, ring: Ring) -> float:
        """The left edge of a lane."""
        return self.left + self.lanes.index(ring) * (_LANE + _BORDER)


def figures(journey: Journey) -> dict[str, int]:
    """What a journey counts, in words and numbers; instructions only where they were counted."""
    counted = {"functions": journey.functions, "crossings": journey.crossings}
    return counted | ({"instructions": journey.instructions} if journey.instructions else {})


def origin_words(journey: Journey) -> str:
    """Where and when, and which of its steps were not seen there and then."""
    others = Counter(str(step.source) for step in journey.steps if step.source is not journey.source)
    words = [journey.origin] if journey.origin else []
    if journey.source is Source.LIVE:
        words += [f"{count:,} of {len(journey.steps):,} steps {source}" for source, count in others.items()]
    return "; ".join(words)


def is_return(journey: Journey, index: int) -> bool:
    """Whether a step goes on with a function that was called earlier."""
    step = journey.steps[index]
    if step.crossing:
        return step.crossing.startswith("return") or step.crossing == "VM entry"
    return index > 0 and step.depth < journey.steps[index - 1].depth


def svg(
    journeys: Sequence[Journey],
    *,
    theme: Theme = "auto",
    opened: Sequence[Iterable[tuple[int, int]]] = (),
    selected: tuple[int, int] | None = None,
) -> str:
    """Draw journeys beside each other.

    Args:
        journeys: Left to right.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
        opened: For each journey, the folds that were opened.
        selected: A journey and its step, which is then drawn by itself.
    """
    tracks: list[_Track] = []
    left = _MARGIN
    for index, journey in enumerate(journeys):
        step = selected[1] if selected and selected[0] == index else None
        drawn = rows(journey, opened[index] if index < len(opened) else (), step)
        used = {step.ring for step in journey.steps}
        lanes = tuple(ring for ring in Ring if ring in used) or (Ring.USER,)
        tracks.append(_Track(index, journey, drawn, lanes, left, step))
        left += max(tracks[-1].width, 300.0) + _GAP
    width = max(left - _GAP, 360.0) + _MARGIN
    legend, top = _legend(journeys, width)
    bodies, bottoms = zip(*(_track(track, top + 14) for track in tracks), strict=True) if tracks else ((), (top,))
    names = " and ".join(journey.name for journey in journeys) or "no journey"
    label = f"Functions and privilege levels of {names}"
    return d.page(label, width, max(bottoms) + _MARGIN, legend + "".join(bodies), theme=theme, rules=("crossing",))


def _track(track: _Track, top: float) -> tuple[str, float]:
    """Markup of one journey, and its lower edge."""
    body = top + _HEADER
    y = body + _LANE_HEAD
    items = []
    shallowest = _shallowest(track)
    for row in track.rows:
        if row.crossing and not row.folded and row.origin is not None:
            items.append(_arrow(track, row, y))
            y += _ARROW
        elif row.crossing and row.folded:
            y += 6
        height = _FOLD if row.folded else _STEP
        items.append(_fold(track, row, y) if row.folded else _step(track, row.first, y, shallowest))
        y += height
    bottom = y + 8
    label = f"{track.journey.name}: {len(track.journey.steps)} steps, first to last"
    return (
        f'<g class="uv-track" data-track="{track.index}">{_header(track, top)}{_lanes(track, body, bottom)}'
        f'<g role="listbox" aria-label="{d.attribute(label)}">{"".join(items)}</g></g>'
    ), bottom


def _shallowest(track: _Track) -> dict[Ring, int]:
    """The least depth in each lane: what is drawn there is indented from it."""
    least: dict[Ring, int] = {}
    for step in track.journey.steps:
        least[step.ring] = min(step.depth, least.get(step.ring, step.depth))
    return least


def _header(track: _Track, top: float) -> str:
    journey, x = track.journey, track.left
    room = max(track.width, 300.0)
    badge, width = d.badge(str(journey.source), x, top + 24)
    parts = [
        f"<g><title>{escape(journey.name)}, {escape(journey.method)}, {escape(journey.origin)}</title>",
        d.text(d.fit(journey.name, room, 15), x, top + 15, "uv-name"),
        badge,
        d.text(d.fit(origin_words(journey), room - width - 7, 11), x + width + 7, top + 36, "uv-muted"),
    ]
    at = x
    for word, count in figures(journey).items():
        number = f"{count:,}"
        parts.append(d.text(number, at, top + 70, "uv-figure"))
        shown = word[:-1] if count == 1 else word
        parts.append(d.text(shown, at, top + 85, "uv-muted"))
        at += max(d.text_width(number, 20), d.text_width(shown, 11)) + 22
    return "".join(parts) + "</g>"


def _lanes(track: _Track, top: float, bottom: float) -> str:
    parts = []
    for ring in track.lanes:
        x = track.x(ring)
        parts.append(f'<rect class="uv-lane uv-lane-{ring}" {d.rect((x, top, _LANE, bottom - top))} rx="4"/>')
        parts.append(d.text(RING_WORDS[ring], x + _LANE / 2, top + 18, "uv-bold uv-lane-name", anchor="middle"))
    for ring in track.lanes[1:]:
        x = track.x(ring) - _BORDER / 2
        parts.append(f'<path class="uv-border" d="M{d.number(x - 2)} {d.number(top)}V{d.number(bottom)}"/>')
        parts.append(f'<path class="uv-border" d="M{d.number(x + 2)} {d.number(top)}V{d.number(bottom)}"/>')
    return f'<g aria-hidden="true">{"".join(parts)}</g>'


def _arrow(track: _Track, row: Row, y: float) -> str:
    """The way over the border, with its name on it."""
    assert row.origin is not None
    here, there = row.rings[0], row.origin
    if here is there:
        return ""
    right = track.lanes.index(here) > track.lanes.index(there)
    start = track.x(there) + _LANE / 2
    end = track.x(here) + _LANE / 2
    middle = y + _ARROW / 2
    width = d.text_width(row.crossing, 11) + 18
    # On the border that is crossed: the one beside the lane that is entered.
    x = track.x(here) - _BORDER / 2 if right else track.x(here) + _LANE + _BORDER / 2
    return (
        '<g aria-hidden="true">'
        f'<path class="uv-arrow" d="M{d.number(start)} {d.number(y - 1)}V{d.number(middle)}H{d.number(end)}'
        f'V{d.number(y + _ARROW - 3)}"/>'
        f'<path class="uv-arrow-head" d="M{d.number(end - 5)} {d.number(y + _ARROW - 7)}h10l-5 6z"/>'
        f'<rect class="uv-pill" {d.rect((x - width / 2, middle - 9, width, 18))} rx="9"/>'
        + d.text(row.crossing, x, middle + 4, "uv-pill-text", anchor="middle")
        + "</g>"
    )


def step_words(journey: Journey, index: int) -> str:
    """A step as one speaks of it."""
    step = journey.steps[index]
    how = f"{step.crossing} to " if step.crossing else "back in " if is_return(journey, index) else ""
    owner = f", {step.owner}" if step.owner else ""
    count = f", {step.instructions:,} instructions" if step.instructions else ""
    return f"step {index + 1} of {len(journey.steps)}: {how}{step.function}{owner}, {RING_WORDS[step.ring]}{count}"


def _step(track: _Track, index: int, y: float, shallowest: dict[Ring, int]) -> str:
    step = track.journey.steps[index]
    indent = min(step.depth - shallowest[step.ring], _DEEPEST) * _INDENT
    x = track.x(step.ring) + 6 + indent
    box = (x, y + 1, track.x(step.ring) + _LANE - 6 - x, _STEP - 2)
    back = is_return(track.journey, index)
    count = f"{step.instructions:,}" if step.instructions else ""
    room = box[2] - _SPINE - 10 - (d.text_width(count, 10) + 8 if count else 0)
    name = ("↩ " if back else "") + step.function
    words = step_words(track.journey, index)
    return (
        _item(f"{track.index}:{index}", words, "uv-back" if back else "", selected=track.selected == index)
        + f'<rect class="uv-card" {d.rect(box)} rx="3"/>'
        + strip(step, (box[0], box[1], _SPINE, box[3]))
        + d.text(_fit_mono(name, room), x + _SPINE + 5, y + 15, "uv-mono")
        + (d.text(count, box[0] + box[2] - 5, y + 15, "uv-address", anchor="end") if count else "")
        + d.ring(box)
        + "</g>"
    )


def fold_words(journey: Journey, row: Row) -> str:
    """A fold as one speaks of it."""
    steps = journey.steps[row.first : row.last + 1]
    crossings = sum(1 for step in steps[0 if row.first else 1 :] if step.crossing)
    instructions = sum(step.instructions for step in steps)
    words = [f"{len(steps):,} steps", f"{len({step.function for step in steps}):,} functions"]
    if crossings > bool(row.crossing):
        words.append(f"{crossings:,} crossings")
    if instructions:
        words.append(f"{instructions:,} instructions")
    return ", ".join(words)


def _fold(track: _Track, row: Row, y: float) -> str:
    words = fold_words(track.journey, row)
    if len(row.rings) == 1:
        x, width = track.x(row.rings[0]) + 6, _LANE - 12
    else:
        x, width = track.left + 6, track.width - 12
    box = (x, y + 3, width, _FOLD - 6)
    return (
        _item(f"{track.index}:{row.key}", f"closed: {words}", "uv-folded")
        + f'<rect class="uv-card uv-neutral" {d.rect((x + 3, y + 6, width, _FOLD - 6))} rx="3"/>'
        + f'<rect class="uv-card uv-neutral" {d.rect(box)} rx="3"/>'
        + d.text(d.fit("▸ " + ", ".join(words.split(", ")[:2]), width - 16, 11), x + 8, y + 19, "uv-small")
        + d.ring(box)
        + "</g>"
    )


def _item(key: str, words: str, look: str, *, selected: bool = False) -> str:
    """The start tag of something a reader can focus."""
    return (
        f'<g class="uv-item {look}" data-item="{key}" role="option" tabindex="-1" '
        f'aria-selected="{str(selected).lower()}" aria-label="{d.attribute(words)}"><title>{escape(words)}</title>'
    )


def owner_look(owner: str) -> str:
    """The name of an owner's colour and pattern."""
    return _OWNERS.get(owner, "other")


def strip(step: Step, box: d.Box) -> str:
    """The strip that says whose a function is."""
    return owner_strip(step.owner, box)


def owner_strip(owner: str, box: d.Box) -> str:
    """The same, of an owner's name."""
    return _strip(owner_look(owner), box)


def _strip(look: str, box: d.Box) -> str:
    patterns = {"program": "rw", "libc": "r", "libos": "rx", "kernel": "rwx"}
    kind = patterns.get(look)
    lines = f'<path class="uv-pattern" d="{d.pattern(kind, box)}"/>' if kind else ""
    return f'<rect class="uv-owner uv-owner-{look}" {d.rect(box)}/>{lines}'


def _legend(journeys: Sequence[Journey], width: float) -> tuple[str, float]:
    """Whose the functions are, wrapped to the width; markup and lower edge."""
    owners = list(dict.fromkeys(step.owner or "not known" for journey in journeys for step in journey.steps))
    looks: dict[str, list[str]] = {}
    for owner in owners:
        looks.setdefault(owner_look(owner), []).append(owner)
    order = ["program", "libc", "libos", "kernel", "hypervisor", "hardware", "other"]
    x, y = _MARGIN, _MARGIN
    parts = []
    for look in sorted(looks, key=order.index):
        names = looks[look]
        words = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        room = 28 + d.text_width(words, 11) + 20
        if x > _MARGIN and x + room > width:
            x, y = _MARGIN, y + _LEGEND_LINE
        parts.append(
            f'<g data-legend="{look}">{_strip(look, (x, y, 20.0, 14.0))}{d.text(words, x + 27, y + 11, "uv-muted")}</g>'
        )
        x += room
    if not parts:
        return "", 0.0
    return f'<g class="uv-legend" role="group" aria-label="Legend">{"".join(parts)}</g>', y + 14


def _fit_mono(text: str, width: float) -> str:
    most = max(1, int(width / (11 * d.MONOSPACE)))
    return text if len(text) <= most else text[: most - 1] + "…"
