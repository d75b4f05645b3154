"""Draws a virtqueue at one moment as an SVG: available ring, descriptor table, used ring, and what points where."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from unilab.spaces.virtqueue import NO_INTERRUPT, NO_NOTIFY, Descriptor, QueueState
from unilab.views import drawing as d
from unilab.views.theme import Theme
from unilab.views.virtqueue_layout import Layout, Part, changed, heads
from unilab.views.words import address_text

_MARGIN = 16.0
_GUTTER, _RING, _GAP, _TABLE = 84.0, 156.0, 54.0, 332.0
_ROW, _ENTRY, _MORE = 38.0, 24.0, 18.0
_CAPTION_LINE, _CAPTION_WIDTH = 19.0, 118
_HEAD = 70.0
_WIDTH = 2 * (_MARGIN + _GUTTER + _RING + _GAP) + _TABLE


@dataclass(frozen=True, slots=True)
class _Look:
    """What of a picture is common to its parts: the state, what is new in it, and where the parts begin."""

    state: QueueState
    new: set[str]
    top: float

    def mark(self, *keys: str) -> str:
        """The class of what is new."""
        return " uv-new" if self.new & set(keys) else ""


def svg(
    state: QueueState,
    plan: Layout,
    *,
    before: QueueState | None = None,
    step: tuple[int, int] | None = None,
    theme: Theme = "auto",
) -> str:
    """Draw a queue.

    Args:
        state: The queue.
        plan: What to draw of it.
        before: The same queue a step earlier: what is new since is marked.
        step: Which step this is, from 1, and of how many.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
    """
    head, top = _heading(state, step)
    look = _Look(state, changed(before, state), top)
    left, middle = _MARGIN + _GUTTER, _MARGIN + _GUTTER + _RING + _GAP
    right = middle + _TABLE + _GAP
    table, table_rows, table_end = _column(look, plan.descriptors, middle, width=_TABLE, height=_ROW, draw=_descriptor)
    available, available_rows, available_end = _column(
        look, plan.available, left, width=_RING, height=_ENTRY, draw=_available
    )
    used, used_rows, used_end = _column(look, plan.used, right, width=_RING, height=_ENTRY, draw=_used)
    bottom = max(table_end, available_end, used_end)
    body = (
        head
        + _titles(look, left, middle, right)
        + _pointers(look, available_rows, table_rows, used_rows, (left, middle, right))
        + f'<g role="listbox" aria-label="Entries">{available}{table}{used}</g>'
        + _markers(look, available_rows, used_rows, (left, right))
    )
    notes, bottom = _notes(look, bottom + 16)
    label = f"Virtqueue {state.name}: {state.caption}" if state.caption else f"Virtqueue {state.name}"
    return d.page(label, _WIDTH, bottom + _MARGIN, body + notes, theme=theme, rules=("virtqueue",))


def _heading(state: QueueState, step: tuple[int, int] | None) -> tuple[str, float]:
    """Name, where from, caption; markup and lower edge."""
    badge, width = d.badge(str(state.source), _MARGIN, _MARGIN + 24)
    lines = textwrap.wrap(state.caption, _CAPTION_WIDTH) or [""]
    y = _MARGIN + 66
    count = f"step {step[0]} of {step[1]}" if step else ""
    parts = [
        d.text(state.name, _MARGIN, _MARGIN + 15, "uv-name"),
        d.text(count, _WIDTH - _MARGIN, _MARGIN + 15, "uv-bold", anchor="end") if count else "",
        badge,
        d.text(d.fit(state.origin, 620, 11), _MARGIN + width + 7, _MARGIN + 36, "uv-muted"),
        *(d.text(line, _MARGIN, y + i * _CAPTION_LINE, "uv-caption") for i, line in enumerate(lines)),
    ]
    # Two lines at least, so that a step with a short caption does not move the picture.
    return "".join(parts), y + max(len(lines), 2) * _CAPTION_LINE


def _titles(look: _Look, left: float, middle: float, right: float) -> str:
    state, y = look.state, look.top + 12
    quiet = "no interrupts, please" if state.available_flags & NO_INTERRUPT else "flags 0"
    busy = "no notifications, please" if state.used_flags & NO_NOTIFY else "flags 0"
    parts = [
        (left, _RING, "driver", "available ring", "the driver writes", quiet, look.mark("available_flags")),
        (middle, _TABLE, "driver", "descriptor table", "the driver writes", f"{state.size} descriptors", ""),
        (right, _RING, "device", "used ring", "the device writes", busy, look.mark("used_flags")),
    ]
    return "".join(
        d.text(name, x, y, "uv-bold")
        + d.text(who, x, y + 15, "uv-muted")
        + d.text(d.fit(more, width, 11), x, y + 29, f"uv-muted{mark}")
        + f'<rect class="uv-who uv-who-{whose}" {d.rect((x, y + 36, width, 5))}/>'
        + (f'<path class="uv-pattern" d="{d.pattern("rx", (x, y + 36, width, 5))}"/>' if whose == "device" else "")
        for x, width, whose, name, who, more, mark in parts
    )


_Draw = Callable[[_Look, int, d.Box], str]


def _column(
    look: _Look, part: Part, x: float, *, width: float, height: float, draw: _Draw
) -> tuple[str, dict[int, float], float]:
    """The entries of one part; markup, the middle of each entry, and the lower edge."""
    y = look.top + _HEAD - 10
    rows: dict[int, float] = {}
    parts = []
    for row in part.rows:
        if isinstance(row, range):
            free = f"⋮ {len(row)} more"
            parts.append(f'<g aria-hidden="true">{d.text(free, x + 10, y + 13, "uv-muted")}</g>')
            y += _MORE
            continue
        rows[row] = y + height / 2
        parts.append(draw(look, row, (x, y + 1, width, height - 2)))
        y += height
    return "".join(parts), rows, y


def _item(key: str, words: str, look: str) -> str:
    return (
        f'<g class="uv-item{look}" data-item="{key}" role="option" tabindex="-1" aria-selected="false" '
        f'aria-label="{d.attribute(words)}"><title>{escape(words)}</title>'
    )


def descriptor_words(part: Descriptor) -> str:
    """A descriptor as one speaks of it."""
    if not (part.length or part.address):
        return f"descriptor {part.index}, never used"
    who = "the device writes it" if part.device_writes else "the device reads it"
    role = f", {part.role}" if part.role else ""
    then = f", continues at {part.next}" if part.continues else ""
    return f"descriptor {part.index}: {part.length} bytes at {address_text(part.address)}, {who}{role}{then}"


def _descriptor(look: _Look, index: int, box: d.Box) -> str:
    part = look.state.descriptors[index]
    x, y, width, height = box
    in_use = any(part.index == each.index for head in heads(look.state).values() for each in look.state.chain(head))
    state = "" if in_use else " uv-free"
    kind = "device" if part.device_writes else "driver"
    used = bool(part.length or part.address)
    spine = (x, y, 10.0, height)
    flow = ("device writes" if part.device_writes else "device reads") if used else "never used"
    then = f"→ {part.next}" if part.continues else ""
    return (
        _item(f"d{index}", descriptor_words(part), state + look.mark(f"d{index}", f"b{index}"))
        + f'<rect class="uv-card" {d.rect(box)} rx="3"/>'
        + (f'<rect class="uv-who uv-who-{kind}" {d.rect(spine)}/>' if used else "")
        + (f'<path class="uv-pattern" d="{d.pattern("rx", spine)}"/>' if used and kind == "device" else "")
        + d.text(str(index), x + 36, y + 16, "uv-mono uv-bold", anchor="end")
        + (d.text(address_text(part.address), x + 46, y + 16, "uv-mono") if used else "")
        + (d.text(f"{part.length:,} B", x + width - 46, y + 16, "uv-mono", anchor="end") if used else "")
        + d.text(then, x + width - 8, y + 16, "uv-mono uv-bold", anchor="end")
        + d.text(d.fit(part.role or flow, width - 66 - d.text_width(flow, 11), 11), x + 46, y + 31, "uv-small")
        + (d.text(flow, x + width - 8, y + 31, "uv-muted", anchor="end") if part.role else "")
        + _new(look, box, f"d{index}", f"b{index}")
        + d.ring(box)
        + "</g>"
    )


def _available(look: _Look, place: int, box: d.Box) -> str:
    state = look.state
    added = state.driver.added if state.driver is not None else state.available_index
    # How many entries ago it was written: more than there are was never.
    age = (added - 1 - place) % state.size
    written = age < min(added, state.size)
    text = f"descriptor {state.available[place]}" if written else "empty"
    unpublished = age < (added - state.available_index) % (1 << 16)
    words = f"available ring, place {place}: {text}" + (", not published yet" if unpublished else "")
    return _entry(look, f"a{place}", box, words=words, text=text, written=written)


def _used(look: _Look, place: int, box: d.Box) -> str:
    state = look.state
    entry = state.used[place]
    written = (state.used_index - 1 - place) % state.size < min(state.used_index, state.size)
    text = f"{entry.id}: {entry.length:,} bytes" if written else "empty"
    words = f"used ring, place {place}: " + (f"descriptor {entry.id}, {entry.length} bytes" if written else "empty")
    return _entry(look, f"u{place}", box, words=words, text=text, written=written)


def _entry(look: _Look, key: str, box: d.Box, *, words: str, text: str, written: bool) -> str:
    x, y, width, _ = box
    return (
        _item(key, words, ("" if written else " uv-free") + look.mark(key))
        + f'<rect class="uv-card" {d.rect(box)} rx="3"/>'
        + d.text(key[1:], x + 26, y + 15, "uv-address", anchor="end")
        + d.text(d.fit(text, width - 40, 12), x + 34, y + 15, "uv-text")
        + _new(look, box, key)
        + d.ring(box)
        + "</g>"
    )


def _new(look: _Look, box: d.Box, *keys: str) -> str:
    """What says, also without colour, that something has just changed."""
    if not look.new & set(keys):
        return ""
    x, y, _, _ = box
    return (
        f'<rect class="uv-new-ring" {d.rect(box)} rx="3"/>'
        f'<rect class="uv-new-tag" {d.rect((x + 4, y - 9, 28, 13))} rx="6.5"/>'
        + d.text("new", x + 18, y + 1, "uv-new-word", anchor="middle")
    )


def _markers(look: _Look, available: dict[int, float], used: dict[int, float], at: tuple[float, float]) -> str:
    """Whose index stands where, beside the rings."""
    state, (left, right) = look.state, at
    on_left: list[tuple[int, str, str]] = [(state.available_index, "index", "available_index")]
    if state.device_index is not None:
        on_left.append((state.device_index, "device", "device_index"))
    on_right: list[tuple[int, str, str]] = [(state.used_index, "index", "used_index")]
    if state.driver is not None:
        on_right.append((state.driver.seen, "driver", "seen"))
    parts = []
    for marks, rows, edge, toward in ((on_left, available, left, -1), (on_right, used, right + _RING, 1)):
        words: dict[int, list[tuple[str, str]]] = {}
        for index, name, key in marks:
            words.setdefault(index % state.size, []).append((f"{name} {index}", look.mark(key)))
        for place, names in words.items():
            if place not in rows:
                continue
            y = rows[place]
            parts.append(
                f'<path class="uv-arrow-head" d="M{d.number(edge + 4 * toward)} {d.number(y)}l{8 * toward} -5v10z"/>'
            )
            for i, (name, mark) in enumerate(names):
                shift = 4 + (i - (len(names) - 1) / 2) * 13
                anchor = "end" if toward < 0 else "start"
                parts.append(d.text(name, edge + 16 * toward, y + shift, f"uv-marker{mark}", anchor=anchor))
    return f'<g aria-hidden="true">{"".join(parts)}</g>'


def _pointers(
    look: _Look,
    available: dict[int, float],
    table: dict[int, float],
    used: dict[int, float],
    at: tuple[float, float, float],
) -> str:
    """From entries of the rings to descriptors, and from descriptor to descriptor."""
    state, (left, middle, right) = look.state, at
    added = state.driver.added if state.driver is not None else state.available_index
    parts = []
    for place, head in heads(state).items():
        if place in available and head in table:
            published = (added - 1 - place) % state.size >= (added - state.available_index) % (1 << 16)
            parts.append(
                _curve(left + _RING, available[place], middle, table[head], "" if published else " uv-pending")
            )
    last = (state.used_index - 1) % state.size
    unseen = (state.used_index - state.driver.seen) % (1 << 16) if state.driver is not None else 1
    if state.used_index and unseen and last in used and (head := state.used[last].id) in table:
        parts.append(_curve(right, used[last], middle + _TABLE, table[head], ""))
    return f'<g aria-hidden="true">{"".join(parts)}</g>'


def _curve(x: float, y: float, to_x: float, to_y: float, look: str) -> str:
    bend = (to_x - x) / 2
    tip = 6 if to_x > x else -6
    return (
        f'<path class="uv-pointer{look}" d="M{d.number(x)} {d.number(y)}C{d.number(x + bend)} {d.number(y)} '
        f'{d.number(to_x - bend)} {d.number(to_y)} {d.number(to_x - tip)} {d.number(to_y)}"/>'
        f'<path class="uv-arrow-head" d="M{d.number(to_x)} {d.number(to_y)}l{-tip - tip // 3} -4.5v9z"/>'
    )


def _notes(look: _Look, y: float) -> tuple[str, float]:
    """What driver and device keep for themselves."""
    state = look.state
    lines = []
    if state.driver is not None:
        own = state.driver
        lines.append(
            (
                f"The driver's own notes: {own.added} added, {own.seen} taken back, {own.outstanding} outstanding, "
                f"{own.free} of {state.size} descriptors free.",
                look.mark("driver"),
            )
        )
    if state.device_index is not None:
        lines.append(
            (
                f"The device's own notes: {state.device_index} taken from the available ring, {state.used_index} given "
                "back.",
                look.mark("device_index", "used_index"),
            )
        )
    parts = [
        d.text(("● " if mark else "") + line, _MARGIN, y + 10 + i * 17, f"uv-note{mark}")
        for i, (line, mark) in enumerate(lines)
    ]
    return "".join(parts), y + len(lines) * 17 - (2 if lines else 16)
