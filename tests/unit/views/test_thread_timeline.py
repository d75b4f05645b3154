"""Threads over time as a picture, a table and a widget."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.spaces.test_thread_timeline import SEEN
from unilab.spaces.thread_timeline import IDLE, Switch, ThreadState, ThreadTimeline, Why
from unilab.views import ThreadTimelineView
from unilab.views.thread_timeline_drawing import svg, turn_words

_SVG = "{http://www.w3.org/2000/svg}"


def _items(timeline: ThreadTimeline) -> list[ElementTree.Element]:
    return [e for e in ElementTree.fromstring(svg(timeline)).iter(f"{_SVG}g") if e.get("data-item") is not None]


def test_each_turn_is_an_item_that_says_what_it_is() -> None:
    items = _items(SEEN)
    assert [item.get("data-item") for item in items] == ["0", "1", "2", "3"]
    assert [item.get("data-thread") for item in items] == ["2", "0", "3", "2"]
    assert items[0].get("aria-label") == "thread 2 ran for 10.0 ms from 0, then it was interrupted"
    assert "idle thread" in str(items[1].get("aria-label"))


def test_a_turn_is_drawn_on_its_threads_lane_and_where_its_time_is() -> None:
    boxes = [item.find(f"{_SVG}rect") for item in _items(SEEN)]
    left = [float(box.get("x", "")) for box in boxes if box is not None]
    rows = [float(box.get("y", "")) for box in boxes if box is not None]
    assert left == sorted(left)
    assert rows[0] == rows[3] < rows[2] < rows[1], "thread 2, thread 3, and the idle thread below"


def test_waiting_looks_unlike_being_ready() -> None:
    drawing = svg(SEEN)
    assert drawing.count('class="uv-waits"') == 1 + 1, "thread 1, and the legend"
    assert drawing.count('class="uv-ready"') == 1 + 1 + 1 + 1, "1, 2 and 3 at some time, and the legend"


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 10)), max_size=30))
def test_anything_can_be_drawn(turns: list[tuple[int, float]]) -> None:
    at, switches = 0.0, []
    for thread, seconds in turns:
        switches.append(Switch(at, 1, thread, Why.YIELDED, (), ((thread, ThreadState.RUNS),)))
        at += seconds
    made = ThreadTimeline("made", tuple(switches), at, True, "by chance")
    assert len(_items(made)) == len(turns)
    view = ThreadTimelineView(made)
    assert len(view.table().splitlines()) == 2 + len(turns)


def test_the_table_says_what_the_picture_shows() -> None:
    rows = ThreadTimelineView(SEEN).table().splitlines()
    assert "thread 2 15.0 ms" in rows[0] and "LIVE" in rows[0]
    assert rows[2].split() == ["1", "2", "0", "10.0", "ms", "interrupted", "preempt", "←", "add"]
    assert rows[3].split()[1] == "idle"


def test_details_name_every_function_on_the_stack() -> None:
    details = ThreadTimelineView(SEEN).details()
    assert details["0"]["in"] == "preempt ← add"
    assert details["1"]["of"] == "idle thread"
    assert "in" not in details["3"]


def test_the_saved_form_has_the_picture_and_the_table() -> None:
    view = ThreadTimelineView(SEEN, task="Who ran first?")
    assert view.static_text().startswith("Who ran first?")
    assert "data:image/svg+xml" in view.static_html() and "<table" in view.static_html()
    assert json.loads(json.dumps(view.get_state(["_details"])))["_details"] == view.details()


@pytest.mark.parametrize("why", list(Why))
def test_each_ending_has_words(why: Why) -> None:
    switch = Switch(0.0, 1, IDLE, why, (), ())
    timeline = ThreadTimeline("t", (switch, Switch(1.0, IDLE, 1, why, (), ())), 2.0, False, "by hand")
    assert turn_words(timeline.turns[0])
