"""A request and its answer as a picture, a table and a widget."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from unilab.spaces.exchange import CONNECT, REQUEST, Exchange, Stretch
from unilab.spaces.journey import Journey, Ring, Step
from unilab.spaces.model import Source
from unilab.spaces.packets import Packet
from unilab.spaces.recording import decode, encode
from unilab.views import ExchangeView
from unilab.views.exchange_drawing import rows, svg


def packet(number: int, *, outgoing: bool, text: str = "", lost: bool = False) -> Packet:
    ends = ("10.0.2.15:80", "10.0.2.2:4000")
    sender, receiver = ends if outgoing else ends[::-1]
    return Packet(number, number / 10, outgoing, "TCP", sender, receiver, 60, 9, ("ACK",), 1, 1, 512, text, lost=lost)


def journey(*names: str) -> Journey:
    steps = tuple(Step(name, "library OS", Ring.KERNEL, depth, 10) for depth, name in enumerate(names))
    return Journey("the request of httpd", "unikernel", steps, "a description", Source.LIVE, "today")


WIDE = Journey(
    "wide",
    "unikernel",
    (Step("main", "program", Ring.KERNEL, 0, 1), *(Step(f"f{i}", "C library", Ring.KERNEL, 1, i) for i in range(60))),
    "a description",
)
EXCHANGE = Exchange(
    (
        packet(1, outgoing=False),
        packet(2, outgoing=True),
        packet(3, outgoing=False, text="GET / HTTP/1.1"),
        packet(4, outgoing=True, text="HTTP/1.1 200 OK", lost=True),
    ),
    (Stretch(journey("idle", "work"), 1, 2, CONNECT), Stretch(journey("idle", "main", "send"), 3, 4, REQUEST)),
    b"HTTP/1.1 200 OK\r\n\r\n",
)


def items(text: str) -> list[str]:
    return [node.get("data-item", "") for node in ElementTree.fromstring(text).iter() if "data-item" in node.attrib]


def test_functions_stand_between_the_packets_that_they_are_about() -> None:
    assert items(svg(EXCHANGE)) == ["p1", "s0", "0:0", "0:1", "p2", "p3", "s1", "1:0", "1:1", "1:2", "p4"]


def test_a_wide_call_is_closed_until_it_is_opened() -> None:
    wide = replace(EXCHANGE, stretches=(Stretch(WIDE, 3, 4, REQUEST),))
    closed, opened = rows(wide), rows(wide, ["0:0"])
    assert closed[4].more and not opened[4].more
    assert len(closed) < len(opened) == 4 + 1 + 61
    view = ExchangeView(wide)
    few = len(items(view._picture))
    view.expanded = ["0:0"]
    assert len(items(view._picture)) == len(opened) > few


def test_what_was_lost_does_not_arrive() -> None:
    assert svg(EXCHANGE).count('class="uv-arrow uv-arrow-lost"') == 1
    assert svg(replace(EXCHANGE, packets=EXCHANGE.packets[:3])).count('class="uv-arrow uv-arrow-lost"') == 0


def test_each_line_can_be_asked_about() -> None:
    view = ExchangeView(EXCHANGE)
    assert set(view.details()) == set(items(view.svg()))
    assert view.details()["p3"]["what"].endswith("GET / HTTP/1.1")
    assert view.details()["1:1"]["instructions"] == "20, 10 of its own"
    assert view.details()["s1"]["measured"] == "a description"


def test_table_and_text_say_the_same() -> None:
    view = ExchangeView(EXCHANGE, task="Look.")
    for form in (view.table(), view.table_html()):
        assert all(word in form for word in ("packet 4 out", "LOST", "main", "library OS", "3 functions"))
    text = view.static_text()
    assert text.startswith("Look.\n") and text.count("\n") == 5
    ElementTree.fromstring(f"<div>{view.table_html()}</div>")
    assert "<img" in view.static_html() and "Look." in view.static_html()


def test_it_says_where_it_comes_from() -> None:
    fields: dict[str, list[str]] = {}
    recorded = decode(Exchange, encode(EXCHANGE, fields), fields, origin="elsewhere")
    assert recorded.packets == EXCHANGE.packets and recorded.answer == EXCHANGE.answer
    assert 'data-badge="RECORDED"' in svg(recorded) and 'data-badge="LIVE"' in svg(EXCHANGE)
    assert "elsewhere" in svg(recorded)


def test_packets_alone() -> None:
    alone = replace(EXCHANGE, stretches=())
    assert items(svg(alone)) == ["p1", "p2", "p3", "p4"]
    assert ExchangeView(alone).table_html()


def test_both_themes() -> None:
    for theme in ("light", "dark"):
        assert "var(" not in svg(EXCHANGE, theme=theme)  # type: ignore[arg-type]
