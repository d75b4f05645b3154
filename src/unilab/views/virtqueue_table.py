"""Virtqueues as text and as HTML: the same facts as the pictures, without entries that were never used."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from unilab.spaces.virtqueue import Descriptor, QueueState
from unilab.views.virtqueue_layout import Layout, layout
from unilab.views.words import address_text

_DESCRIPTOR = ("descriptor", "address", "bytes", "who writes", "next", "what for")


def as_text(states: Sequence[QueueState]) -> str:
    """Every step, its rings on a line each, and its descriptors on lines of their own."""
    plans = plan(states)
    return "\n\n".join(_text(i, state, plans[i]) for i, state in enumerate(states))


def as_html(states: Sequence[QueueState]) -> str:
    """The same as HTML, a table for each step."""
    plans = plan(states)
    return "".join(_html(i, state, plans[i]) for i, state in enumerate(states))


def plan(states: Sequence[QueueState]) -> list[Layout]:
    """What to draw of each state: the same for all of one queue."""
    by_name: dict[tuple[str, int], list[QueueState]] = {}
    for state in states:
        by_name.setdefault((state.name, state.size), []).append(state)
    plans = {name: layout(of_one) for name, of_one in by_name.items()}
    return [plans[state.name, state.size] for state in states]


def heading(number: int, state: QueueState) -> str:
    """``1. virtio-blk, requests: The driver ...``."""
    return f"{number + 1}. {state.name}" + (f": {state.caption}" if state.caption else "")


def facts(state: QueueState) -> str:
    """The indices and the notes, in a line."""
    words = [f"available index {state.available_index}", f"used index {state.used_index}"]
    if state.device_index is not None:
        words.append(f"the device has taken {state.device_index}")
    if state.driver is not None:
        words.append(f"the driver has added {state.driver.added} and taken back {state.driver.seen}")
    return ", ".join(words)


def entries(state: QueueState, drawn: Layout) -> list[str]:
    """The rings, as far as they are drawn."""
    available = ", ".join(f"[{place}] = {state.available[place]}" for place in drawn.available.shown)
    used = ", ".join(
        f"[{place}] = {state.used[place].id} with {state.used[place].length} bytes" for place in drawn.used.shown
    )
    return [f"available ring: {available}", f"used ring: {used}"]


def row(part: Descriptor) -> tuple[str, ...]:
    """A descriptor, field by field."""
    return (
        str(part.index),
        address_text(part.address),
        str(part.length),
        "device" if part.device_writes else "driver",
        str(part.next) if part.continues else "",
        part.role,
    )


def _rows(state: QueueState, drawn: Layout) -> list[tuple[str, ...]]:
    return [row(state.descriptors[i]) for i in drawn.descriptors.shown if state.descriptors[i].length]


def _text(number: int, state: QueueState, drawn: Layout) -> str:
    lines = [_DESCRIPTOR, *_rows(state, drawn)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_DESCRIPTOR))]
    cells = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    where = f"{state.source}: {state.origin}" if state.origin else str(state.source)
    return "\n".join([heading(number, state), where, facts(state), *entries(state, drawn), *cells])


def _html(number: int, state: QueueState, drawn: Layout) -> str:
    head = "".join(f'<th scope="col">{field}</th>' for field in _DESCRIPTOR)
    body = "".join(
        f'<tr><th scope="row">{line[0]}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in line[1:]) + "</tr>"
        for line in _rows(state, drawn)
    )
    words = "; ".join([facts(state), *entries(state, drawn)])
    return (
        f'<table class="uv-table"><caption>{escape(heading(number, state))}</caption><thead><tr>{head}</tr></thead>'
        f'<tbody>{body}<tr class="uv-gap-row"><td colspan="{len(_DESCRIPTOR)}">{escape(words)}</td></tr></tbody>'
        "</table>"
    )
