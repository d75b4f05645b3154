"""Journeys as pictures, tables and a widget."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.spaces.journey import Journey, Ring, Step
from unilab.spaces.model import Source
from unilab.views import CrossingView, crossing_layout, crossing_table
from unilab.views.crossing_drawing import fold_words, is_return, svg
from unilab.views.crossing_layout import OPENED, SHORT, rows, stretches

U, K, H = Ring.USER, Ring.KERNEL, Ring.HYPERVISOR


def journey(*steps: Step, name: str = "puts") -> Journey:
    return Journey(name, "linux", steps, "a description", Source.MODEL, "by hand")


def call(function: str, ring: Ring, depth: int, crossing: str = "", owner: str = "kernel") -> Step:
    return Step(function, owner, ring, depth, 7, crossing)


SYSTEM_CALL = journey(
    call("main", U, 0, owner="program"),
    call("write", U, 1, owner="C library"),
    call("entry", K, 2, "system call"),
    call("tty_write", K, 3),
    call("entry", K, 2),
    call("write", U, 1, "return from system call", "C library"),
    call("main", U, 0, owner="program"),
)
LONG = journey(
    call("main", U, 0),
    call("entry", K, 1, "system call"),
    *(call(f"deep_{i}", K, 2 + i % 3) for i in range(500)),
    call("main", U, 0, "return from system call"),
    name="a long way",
)
NOWHERE = journey(name="no way")


def keys(text: str, name: str = "data-item") -> list[str]:
    return [node.get(name, "") for node in ElementTree.fromstring(text).iter() if name in node.attrib]


def test_a_short_journey_is_drawn_step_for_step() -> None:
    assert keys(svg([SYSTEM_CALL])) == [f"0:{i}" for i in range(7)]
    assert [list(run) for run in stretches(SYSTEM_CALL)] == [[0, 1], [2, 3, 4], [5, 6]]


def test_a_long_stretch_is_folded_and_opens() -> None:
    closed = rows(LONG)
    folds = [row for row in closed if row.folded]
    assert len(closed) < SHORT
    assert len(folds) == 1
    opened = rows(LONG, [(folds[0].first, folds[0].last)])
    assert sum(1 for row in opened if not row.folded) == sum(1 for row in closed if not row.folded) + OPENED


def test_the_selected_step_is_always_drawn_with_what_is_around_it() -> None:
    drawn = {row.key for row in rows(LONG, selected=250)}
    assert {"249", "250", "251"} <= drawn
    assert "300" not in drawn


_rings = st.sampled_from([U, K, H])


@given(
    st.lists(st.tuples(_rings, st.integers(0, 12)), max_size=300),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=4),
    st.none() | st.integers(0, 299),
)
def test_rows_stand_for_every_step_once_and_in_order(
    steps: list[tuple[Ring, int]], opened: list[tuple[int, int]], selected: int | None
) -> None:
    before: list[Ring | None] = [None, *(ring for ring, _ in steps)]
    made = journey(
        *(
            call("f", ring, depth, "system call" if was not in (None, ring) else "")
            for was, (ring, depth) in zip(before, steps, strict=False)
        )
    )
    found = rows(made, opened, selected)
    assert [i for row in found for i in range(row.first, row.last + 1)] == list(range(len(steps)))
    assert not any(one.folded and other.folded for one, other in pairwise(found))
    assert len(found) < 2 * (24 * 12 + 13 + 4 * OPENED)
    ElementTree.fromstring(svg([made], opened=[opened], selected=(0, selected) if selected is not None else None))


def test_what_is_a_return() -> None:
    assert [is_return(SYSTEM_CALL, i) for i in range(7)] == [False, False, False, False, True, True, True]


def test_the_picture_says_the_crossings_and_the_counts() -> None:
    words = [text for text in ElementTree.fromstring(svg([SYSTEM_CALL], theme="light")).itertext() if text.strip()]
    for word in ("system call", "return from system call", "user, ring 3", "kernel, ring 0", "MODEL", "↩ tty_write"):
        assert (word in words) is (word != "↩ tty_write")
    assert "hypervisor" not in words
    at = words.index("functions")
    assert words[at - 1 : at + 5] == ["4", "functions", "2", "crossings", "49", "instructions"]


def test_one_crossing_is_one() -> None:
    words = list(ElementTree.fromstring(svg([replace(LONG, steps=LONG.steps[:3])])).itertext())
    assert "crossing" in words
    assert "crossings" not in words


def test_a_fold_says_what_it_holds() -> None:
    fold = next(row for row in rows(LONG) if row.folded)
    assert fold_words(LONG, fold) == "496 steps, 496 functions, 3,472 instructions"


def test_steps_that_were_seen_elsewhere_are_told_apart() -> None:
    mixed = replace(SYSTEM_CALL, source=Source.LIVE, origin="here")
    kernel = [replace(step, source=Source.RECORDED) if step.ring is K else step for step in mixed.steps]
    view = CrossingView(replace(mixed, steps=tuple(kernel)))
    assert "puts, LIVE: here; 3 of 7 steps RECORDED; 4 functions" in view.table()
    details = view.get_state()["_details"]
    assert [details[f"0:{i}"].get("source") for i in (1, 2)] == [None, "RECORDED"]


def test_names_of_anything_are_text() -> None:
    evil = journey(call("<script>&\"'", K, 0), name='"><img>')
    ElementTree.fromstring(svg([evil]))
    assert "<script>" not in svg([evil])
    assert "<img>" not in crossing_table.as_html([evil])


@pytest.mark.parametrize("journeys", [(), (NOWHERE,), (NOWHERE, SYSTEM_CALL)])
def test_nothing_to_show_is_no_fault(journeys: tuple[Journey, ...]) -> None:
    view = CrossingView(*journeys)
    ElementTree.fromstring(view.svg())
    assert view.static_html()
    view.selected = "0:0"
    view.table()


def test_tables_have_every_step_and_html_only_so_many() -> None:
    text = crossing_table.as_text([SYSTEM_CALL])
    assert len(text.splitlines()) == 2 + 7
    assert "puts, MODEL: by hand; 4 functions, 2 crossings, 49 instructions; by a description" in text
    html = crossing_table.as_html([LONG], most=100)
    assert html.count("<tr>") == 1 + 100
    assert f"{len(LONG.steps) - 100} more steps" in html


def test_the_view_draws_what_is_selected_and_says_it() -> None:
    view = CrossingView(SYSTEM_CALL, LONG)
    state = view.get_state()
    assert state["_details"].keys() == set(keys(state["_picture"]))
    assert (state["_lengths"], state["_crossings"]) == ([7, 503], [[2, 5], [1, 502]])
    view.selected = "1:250"
    state = view.get_state()
    assert state["_details"].keys() == set(keys(state["_picture"]))
    assert state["_details"]["1:250"] == {
        "function": "deep_248",
        "owner": "kernel",
        "privilege": "kernel, ring 0",
        "step": "251 of 503",
        "led here": "a return" if is_return(LONG, 250) else "a call",
        "depth": str(2 + 248 % 3),
        "crossings so far": "1",
        "instructions": "7",
        "so far": f"{251 * 7:,}",
    }
    view.expanded = [next(key for key in state["_details"] if "-" in key)]
    assert len(view.get_state()["_details"]) > len(state["_details"])


@pytest.mark.parametrize("key", ["", "9:1", "1:9999", "x:y", "0:1-2", "-1:0"])
def test_keys_of_nothing_are_ignored(key: str) -> None:
    view = CrossingView(SYSTEM_CALL, LONG)
    view.selected = key
    view.expanded = [key]
    ElementTree.fromstring(view.svg())


def test_other_journeys_take_the_place() -> None:
    view = CrossingView(LONG)
    view.selected = "0:250"
    view.show(SYSTEM_CALL)
    assert (view.journeys, view.selected) == ((SYSTEM_CALL,), "")
    assert view.get_state()["_lengths"] == [7]


def test_what_a_notebook_keeps_is_small() -> None:
    view = CrossingView(SYSTEM_CALL, LONG, task="How often?")
    data, _ = view._repr_mimebundle_()
    assert len(json.dumps(data)) < 200_000
    assert data["text/plain"].startswith("How often?\nputs, MODEL")
    assert 'alt="The way of puts and a long way' in data["text/html"]
    assert len(crossing_layout.rows(LONG)) < SHORT
