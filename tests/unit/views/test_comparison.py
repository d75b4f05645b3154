"""Comparisons as pictures, tables and a widget."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.spaces.test_comparison import SEEN, comparison
from tests.unit.views import pictures
from unilab.errors import CourseError
from unilab.spaces.comparison import Comparison, Measured
from unilab.views import ComparisonView
from unilab.views.comparison_drawing import axis, svg, tick_text


@given(st.lists(st.floats(0, 1e9), max_size=20))
def test_larger_is_never_further_left_and_everything_is_on_the_axis(values: list[float]) -> None:
    place = axis(values)
    xs = [place.x(value) for value in sorted(values)]
    assert xs == sorted(xs)
    assert all(0 <= x <= place.x(place.high) for x in xs)
    assert 1 <= len(place.ticks()) <= 12


def test_an_axis_is_logarithmic_where_values_differ_much() -> None:
    assert axis([0.01, 3.0]).log and axis([0.01, 3.0]).x(0.1) == pytest.approx(axis([0.01, 3.0]).x(10) / 3)
    assert not axis([1.0, 2.0]).log
    assert not axis([0.0, 100.0]).log  # 0 has no place on the other


def test_ticks_have_units_where_their_values_have() -> None:
    assert [tick_text(value, "s") for value in (1e-5, 0.01, 10)] == ["10 µs", "10 ms", "10 s"]
    assert tick_text(100_000, "requests/s") == "100,000"


def test_the_picture_keeps_processors_apart_where_it_takes_time() -> None:
    picture = ElementTree.fromstring(svg(SEEN))
    pictures.check(picture)
    words = pictures.words(picture)
    assert words.count("this host's own processor") == 1  # in the panel of times, and not in that of bytes
    assert any("compare only these" in word for word in words)
    items = [node for node in picture.iter() if "data-item" in node.attrib]
    assert [node.get("data-item") for node in items] == ["0:0", "0:1", "0:2", "1:0", "1:1", "1:2"]
    assert "3.05 s" in str(items[1].get("aria-label"))


def test_every_contender_has_a_shape_of_its_own() -> None:
    shapes = set()
    picture = ElementTree.fromstring(svg(comparison(process=(1.0,), linux=(2.0,), unikernel=(3.0,)), ["boot"]))
    for item in (node for node in picture.iter() if "data-item" in node.attrib):
        mark = next(node for node in item.iter() if "uv-sample" in node.get("class", ""))
        shapes.add((mark.tag, "".join(letter for letter in mark.get("d", "") if letter.isalpha())))
    assert len(shapes) == 3


def test_what_was_not_measured_is_said_in_picture_and_table() -> None:
    measured = (*SEEN.measured[1:], Measured("process", "boot", (), "nobody may look"))
    seen = Comparison(SEEN.program, SEEN.contenders, SEEN.quantities, measured, 1, 5)
    view = ComparisonView(seen, "boot", task="Look.")
    assert "not measured" in view.svg() and "nobody may look" in view.table()
    assert view.details()["0:0"]["remark"] == "nobody may look"
    assert view.static_text().startswith("Look.\n\ntally.c, stopped after 1 of 5 rounds")


def test_the_widget_shows_what_is_chosen() -> None:
    view = ComparisonView(SEEN, "image")
    assert set(view.details()) == {"0:0", "0:1", "0:2"}
    assert "start to first" not in view.static_html()
    with pytest.raises(CourseError, match="choose from"):
        ComparisonView(SEEN, "speed")
