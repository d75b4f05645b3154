"""Draws a request and its answer: the packets on the wire at the left, at the right the functions between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape

from unilab.spaces.calls import Call, call_tree, widest
from unilab.spaces.exchange import REQUEST, Exchange, Stretch
from unilab.spaces.model import Source
from unilab.spaces.packets import Packet
from unilab.views import drawing as d
from unilab.views.crossing_drawing import RING_WORDS, figures, origin_words, owner_look, owner_strip
from unilab.views.theme import Theme

_MARGIN, _HEADER, _LANE_HEAD = 16.0, 62.0, 30.0
_WIRE, _BETWEEN, _GUEST = 360.0, 70.0, 520.0
_PACKET, _CALL, _HEAD, _GAP = 44.0, 22.0, 42.0, 8.0
_INDENT, _DEEPEST, _SPINE = 12.0, 14, 10.0
_BAR, _COUNT = 110.0, 64.0
_LEGEND_LINE = 24.0
#: Calls that are drawn of the request, and of another stretch, until somebody opens more.
_MOST, _MOST_OTHERS = 40, 14


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture.

    Attributes:
        key: ``p4`` for packet 4; ``s1`` for the head of a stretch; ``1:12`` for the call of stretch 1 that begins with
            its step 12.
        packet: What is drawn at the left, if it is that.
        stretch: What is drawn at the right belongs to it.
        call: A call of it; None for its head.
        more: Whether the call has more in it than is drawn.
    """

    key: str
    packet: Packet | None = None
    stretch: Stretch | None = None
    call: Call | None = None
    more: bool = False


def rows(exchange: Exchange, opened: Collection[str] = ()) -> list[Row]:
    """The lines, from top to bottom: each packet, and below one that something was done for, what that was.

    Args:
        exchange: What to draw.
        opened: Keys of calls whose every call is wanted.
    """
    found: list[Row] = []
    by_arrival = {stretch.arrives: (i, stretch) for i, stretch in enumerate(exchange.stretches)}
    for packet in exchange.packets:
        found.append(Row(f"p{packet.number}", packet=packet))
        if packet.number not in by_arrival:
            continue
        i, stretch = by_arrival[packet.number]
        found.append(Row(f"s{i}", stretch=stretch))
        tree = call_tree(stretch.journey)
        wanted = {int(key.partition(":")[2]) for key in opened if key.startswith(f"{i}:")}
        drawn = widest(tree, _MOST if stretch.named == REQUEST else _MOST_OTHERS, wanted)
        for call in (each for root in tree for each in root.walk()):
            if call.step in drawn:
                found.append(Row(f"{i}:{call.step}", stretch=stretch, call=call, more=drawn[call.step]))
    return found


def stretch_words(stretch: Stretch) -> str:
    """``the request: 116 functions, 0 crossings, 6,563 instructions``."""
    counted = figures(stretch.journey)
    return f"{stretch.named}: " + ", ".join(f"{number:,} {word}" for word, number in counted.items())


def call_words(call: Call, *, more: bool = False) -> str:
    """A call as one speaks of it."""
    how = f"{call.crossing} to " if call.crossing else "back in " if call.continued else ""
    owner = f", {call.owner}" if call.owner else ""
    inside = f", {call.inside:,} calls in it" if call.inside else ""
    closed = ", closed" if more else ""
    return f"{how}{call.function}{owner}, {RING_WORDS[call.ring]}, {call.total:,} instructions{inside}{closed}"


def packet_words(packet: Packet) -> str:
    """A packet as one speaks of it."""
    way = "from the guest" if packet.outgoing else "to the guest"
    return f"packet {packet.number} {way}: {packet.words}"


def source_of(exchange: Exchange) -> Source:
    """Whether it was seen here and now."""
    return next((stretch.journey.source for stretch in exchange.stretches), Source.LIVE)


def name_of(exchange: Exchange) -> str:
    """Whose exchange it is."""
    return exchange.journey.name if exchange.stretches else f"{len(exchange.packets)} packets"


def svg(exchange: Exchange, *, theme: Theme = "auto", opened: Collection[str] = (), selected: str = "") -> str:
    """Draw it.

    Args:
        exchange: What to draw.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
        opened: Keys of calls whose every call is wanted.
        selected: The key of what is selected; empty for none.
    """
    drawn = rows(exchange, opened)
    right = _MARGIN + _WIRE + _BETWEEN
    width = right + _GUEST + _MARGIN
    legend, top = _legend(exchange, width)
    top += 14
    body = top + _HEADER + _LANE_HEAD
    deepest = _shallow(exchange)
    items, y = [], body
    for row in drawn:
        if row.packet is not None:
            items.append(_packet(row.packet, y, selected=row.key == selected))
            y += _PACKET
        elif row.call is None:
            assert row.stretch is not None
            items.append(_head(row, y, selected=row.key == selected))
            y += _HEAD
        else:
            items.append(_call(row, y, deepest, selected=row.key == selected))
            y += _CALL
    bottom = y + _GAP
    label = f"{name_of(exchange)}: {len(exchange.packets)} packets, and what was done between them"
    return d.page(
        label,
        width,
        bottom + _MARGIN,
        legend
        + _header(exchange, top)
        + _lanes(top + _HEADER, bottom)
        + f'<g role="listbox" aria-label="{d.attribute(label)}">{"".join(items)}</g>',
        theme=theme,
        rules=("crossing", "exchange"),
    )


def _shallow(exchange: Exchange) -> Mapping[str, int]:
    """The least depth in each stretch: what is drawn is indented from it."""
    return {s.named: min((step.depth for step in s.journey.steps), default=0) for s in exchange.stretches}


def _header(exchange: Exchange, top: float) -> str:
    journey = exchange.journey if exchange.stretches else None
    origin = origin_words(journey) if journey else ""
    badge, width = d.badge(str(source_of(exchange)), _MARGIN, top + 24)
    method = f"<title>{escape(journey.method)}</title>" if journey else ""
    room = _WIRE + _BETWEEN + _GUEST
    return (
        f"<g>{method}"
        + d.text(d.fit(name_of(exchange), room, 15), _MARGIN, top + 15, "uv-name")
        + badge
        + d.text(d.fit(origin, room - width - 7, 11), _MARGIN + width + 7, top + 36, "uv-muted")
        + "</g>"
    )


def _lanes(top: float, bottom: float) -> str:
    right = _MARGIN + _WIRE + _BETWEEN
    spine = _MARGIN + _WIRE + _BETWEEN / 2
    return (
        '<g aria-hidden="true">'
        f'<rect class="uv-lane" {d.rect((_MARGIN, top, _WIRE, bottom - top))} rx="4"/>'
        f'<rect class="uv-lane uv-lane-kernel" {d.rect((right, top, _GUEST, bottom - top))} rx="4"/>'
        + d.text("packets on the wire", _MARGIN + _WIRE / 2, top + 18, "uv-bold uv-lane-name", anchor="middle")
        + d.text("functions in the guest", right + 10, top + 18, "uv-bold uv-lane-name")
        + d.text("instructions", right + _GUEST - 8, top + 18, "uv-muted", anchor="end")
        + f'<path class="uv-wire" d="M{d.number(spine)} {d.number(top + 8)}V{d.number(bottom - 4)}"/></g>'
    )


def _packet(packet: Packet, y: float, *, selected: bool) -> str:
    box = (_MARGIN + 6, y + 3, _WIRE - 12, _PACKET - 6)
    first, _, rest = packet.words.partition(", ")
    title = packet.text or first
    under = packet.words if packet.text else rest
    if packet.text:
        under = ", ".join(part for part in packet.words.split(", ") if part != packet.text)
    look = "uv-packet-out" if packet.outgoing else "uv-packet-in"
    look += " uv-packet-lost" if packet.lost else ""
    words = packet_words(packet)
    return (
        f'<g class="uv-item {look}" data-item="p{packet.number}" role="option" tabindex="-1" '
        f'aria-selected="{str(selected).lower()}" aria-label="{d.attribute(words)}"><title>{escape(words)}</title>'
        f'<rect class="uv-card" {d.rect(box)} rx="4"/>'
        + d.text(str(packet.number), box[0] + 28, y + 27, "uv-name", anchor="end")
        + d.text(d.fit(title, box[2] - 46, 12), box[0] + 36, y + 18, "uv-bold")
        + d.text(d.fit(under, box[2] - 46, 11), box[0] + 36, y + 33, "uv-muted")
        + _arrow(packet, y + _PACKET / 2)
        + d.ring(box)
        + "</g>"
    )


def _arrow(packet: Packet, y: float) -> str:
    """From the card over the border, or the other way; one that was lost ends on the way."""
    left, right = _MARGIN + _WIRE - 4, _MARGIN + _WIRE + _BETWEEN + 2
    start, end = (right, left) if packet.outgoing else (left, right)
    if packet.lost:
        end = (start + end) / 2
        cross = f"M{d.number(end - 6)} {d.number(y - 6)}l12 12M{d.number(end + 6)} {d.number(y - 6)}l-12 12"
        return f'<path class="uv-arrow uv-arrow-lost" d="M{d.number(start)} {d.number(y)}H{d.number(end)}{cross}"/>'
    way = -1 if packet.outgoing else 1
    head = f"M{d.number(end)} {d.number(y)}l{-9 * way} -5v10z"
    return (
        f'<path class="uv-arrow" d="M{d.number(start)} {d.number(y)}H{d.number(end - 6 * way)}"/>'
        f'<path class="uv-arrow-head" d="{head}"/>'
    )


def _head(row: Row, y: float, *, selected: bool) -> str:
    assert row.stretch is not None
    x = _MARGIN + _WIRE + _BETWEEN + 6
    box = (x, y + 2, _GUEST - 12, _HEAD - 4)
    words = stretch_words(row.stretch)
    named, _, counted = words.partition(": ")
    return (
        f'<g class="uv-item" data-item="{row.key}" role="option" tabindex="-1" '
        f'aria-selected="{str(selected).lower()}" aria-label="{d.attribute(words)}"><title>{escape(words)}</title>'
        f'<rect class="uv-hit" {d.rect(box)}/>'
        + d.text(named, x + 4, y + 17, "uv-bold")
        + d.text(counted, x + 4, y + 33, "uv-muted")
        + d.ring(box)
        + "</g>"
    )


def _call(row: Row, y: float, shallow: Mapping[str, int], *, selected: bool) -> str:
    call, stretch = row.call, row.stretch
    assert call is not None and stretch is not None
    left = _MARGIN + _WIRE + _BETWEEN + 6
    right = left + _GUEST - 12
    x = left + min(call.depth - shallow[stretch.named], _DEEPEST) * _INDENT
    box = (x, y + 1, right - _BAR - _COUNT - x, _CALL - 2)
    name = ("↩ " if call.continued else "") + call.function + (" ▸" if row.more else "")
    share = call.total / max(1, stretch.journey.instructions)
    bar = (right - _BAR - _COUNT + 8, y + 6, max(1.0, share * (_BAR - 8)), _CALL - 12)
    words = call_words(call, more=row.more)
    whole = (x, y + 1, right - x, _CALL - 2)
    most = max(1, int((box[2] - _SPINE - 9) / (11 * d.MONOSPACE)))
    return (
        f'<g class="uv-item{" uv-back" if call.continued else ""}" data-item="{row.key}" role="option" tabindex="-1" '
        f'aria-selected="{str(selected).lower()}" aria-label="{d.attribute(words)}"><title>{escape(words)}</title>'
        f'<rect class="uv-card" {d.rect(box)} rx="3"/>'
        + owner_strip(call.owner, (box[0], box[1], _SPINE, box[3]))
        + d.text(name if len(name) <= most else name[: most - 1] + "…", x + _SPINE + 5, y + 15, "uv-mono")
        + f'<rect class="uv-share" {d.rect(bar)}/>'
        + d.text(f"{call.total:,}", right - 4, y + 15, "uv-address", anchor="end")
        + d.ring(whole)
        + "</g>"
    )


def _legend(exchange: Exchange, width: float) -> tuple[str, float]:
    """Whose the functions are; markup and lower edge."""
    steps = [step for stretch in exchange.stretches for step in stretch.journey.steps]
    owners = list(dict.fromkeys(step.owner or "not known" for step in steps))
    looks: dict[str, list[str]] = {}
    for owner in owners:
        looks.setdefault(owner_look(owner), []).append(owner)
    x, y = _MARGIN, _MARGIN
    parts = []
    for look, names in looks.items():
        words = ", ".join(names[:3])
        room = 28 + d.text_width(words, 11) + 20
        if x > _MARGIN and x + room > width:
            x, y = _MARGIN, y + _LEGEND_LINE
        strip = owner_strip(names[0], (x, y, 20.0, 14.0))
        parts.append(f'<g data-legend="{look}">{strip}{d.text(words, x + 27, y + 11, "uv-muted")}</g>')
        x += room
    if not parts:
        return "", 0.0
    return f'<g class="uv-legend" role="group" aria-label="Legend">{"".join(parts)}</g>', y + 14
