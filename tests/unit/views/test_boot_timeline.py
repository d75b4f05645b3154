"""Boots as pictures, tables and a widget."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.spaces.boot_timeline import BootTimeline, BoundaryEvent
from unilab.spaces.model import Source
from unilab.views import BootTimelineView
from unilab.views.boot_timeline_drawing import scale, svg, time_text


def boot(*times: float, name: str = "hello") -> BootTimeline:
    events = tuple(BoundaryEvent(f"event {i}", seconds, f"seen {i}") for i, seconds in enumerate(times))
    return BootTimeline(name, "unikernel", events, "by hand", Source.MODEL, "nowhere")


SHORT, LONG = boot(0, 0.03, 0.04, 0.053), boot(0, 0.2, 2.8, 3.05, name="Linux")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0"),
        (-1, "0"),
        (1e-9, "0.00100 µs"),
        (0.00099999, "1.00 ms"),
        (0.0497, "49.7 ms"),
        (0.123456, "123 ms"),
        (0.99999, "1.00 s"),
        (2.914, "2.91 s"),
        (59.96, "60.0 s"),
        (12345, "12345 s"),
    ],
)
def test_times_have_three_digits_that_count(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


@given(st.lists(st.floats(0, 1e5), max_size=12), st.sampled_from(["linear", "log"]))
def test_later_is_never_further_left_and_everything_is_on_the_paper(times: list[float], axis: str) -> None:
    made = boot(*sorted(times))
    place = scale([made], axis)  # type: ignore[arg-type]
    xs = [place.x(event.seconds) for event in made.events]
    assert xs == sorted(xs)
    assert all(0 <= x <= place.x(place.end) for x in xs)
    assert 1 <= len(place.ticks()) <= 40
    ElementTree.fromstring(svg([made], axis=axis))  # type: ignore[arg-type]


def test_several_boots_share_a_scale() -> None:
    place = scale([SHORT, LONG], "linear")
    assert place.end == pytest.approx(3.05 * 1.02)
    assert place.x(3.05) > 50 * place.x(0.053)
    log = scale([SHORT, LONG], "log")
    assert log.begin == pytest.approx(0.01)
    assert log.x(0.053) > log.x(3.05) / 4


def test_the_scale_suits_what_is_shown_unless_one_is_chosen() -> None:
    assert BootTimelineView(SHORT, LONG).axis == "log"
    assert BootTimelineView(SHORT).axis == "linear"
    assert BootTimelineView(SHORT, LONG, axis="linear").axis == "linear"
    assert BootTimelineView().axis == "linear"


def test_the_view_has_both_pictures_and_says_every_event() -> None:
    view = BootTimelineView(SHORT, LONG, task="What takes the time?")
    state = view.get_state()
    for picture in state["_pictures"].values():
        drawn = ElementTree.fromstring(picture)
        assert {node.get("data-item") for node in drawn.iter() if "data-item" in node.attrib} == state[
            "_details"
        ].keys()
    assert state["_details"]["1:2"] == {
        "event": "event 2",
        "of": "Linux",
        "at": "2.80 s",
        "after": "2.60 s more",
        "seen by": "seen 2",
    }
    assert "after" not in state["_details"]["0:0"]
    words = list(ElementTree.fromstring(view.svg(theme="light")).itertext())
    assert "+2.60 s" in words
    assert "53.0 ms in all" in words
    view.show(SHORT)
    assert view.get_state()["_details"].keys() == {f"0:{i}" for i in range(4)}


def test_the_longest_part_stands_out() -> None:
    drawn = ElementTree.fromstring(svg([LONG]))
    longest = [node for node in drawn.iter() if "uv-longest" in node.get("class", "")]
    assert len(longest) == 1
    assert float(longest[0].get("width", "0")) > 400


def test_tables_and_static_forms() -> None:
    view = BootTimelineView(SHORT, boot(name="<none>"))
    assert ["event", "1", "30.0", "ms", "30.0", "ms", "seen", "1"] in [
        line.split() for line in view.table().splitlines()
    ]
    assert "hello, MODEL: nowhere; 53.0 ms in all; by hand" in view.table()
    assert "&lt;none&gt;" in view.table_html()
    data, _ = view._repr_mimebundle_()
    assert len(json.dumps(data)) < 200_000
    assert "<none>" not in data["text/html"]
