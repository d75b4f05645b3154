"""Orders and sketches: the other kinds of prediction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.errors import CourseError
from unilab.learn import Span, predict
from unilab.learn.comparison import compare

_BOOT = ("firmware", "kernel", "main")


def test_an_order_is_offered_in_another() -> None:
    asked = predict("What comes first?", order=_BOOT)
    assert asked.kind == "order"
    assert sorted(asked.choices) == sorted(_BOOT) and tuple(asked.choices) != _BOOT
    assert predict("What comes first?", order=_BOOT, key="again").choices == asked.choices


def test_a_committed_order_is_compared_place_by_place() -> None:
    asked = predict("What comes first?", order=_BOOT)
    asked.commit(("kernel", "firmware", "main"))
    assert asked.value == ("kernel", "firmware", "main")
    assert asked.reveal(_BOOT).comparison.verdict == "1 of 3 are where they belong."


def test_the_right_order_is_just_as_predicted() -> None:
    assert compare(_BOOT, _BOOT).verdict == "Just as you predicted."


@pytest.mark.parametrize("answer", [("main",), ("main", "main", "kernel"), "main"])
def test_what_is_no_order_is_refused(answer: object) -> None:
    with pytest.raises(CourseError, match="put in order"):
        predict("What comes first?", order=_BOOT).commit(answer)  # type: ignore[arg-type]


def test_a_sketch_is_a_range_of_addresses() -> None:
    asked = predict("Where is the stack?", span=(0x1000, 1 << 64), landmarks={0x40000: "text"})
    asked.commit(Span(0x2000, 1 << 63))
    assert asked.value == Span(0x2000, 1 << 63)  # every bit of it: a float has 53
    assert "0x40000: text" in asked.static_text()


@pytest.mark.parametrize("answer", ["0x0-0x2000", "0x3000-0x2000", "0x2000", "nowhere", "0x2000-0x1ffffffffffffffff"])
def test_what_is_no_range_in_the_scale_is_refused(answer: str) -> None:
    with pytest.raises(CourseError, match="stay between 0x1000 and 0x9000"):
        predict("Where?", span=(0x1000, 0x9000)).commit(answer)


@pytest.mark.parametrize(
    ("predicted", "verdict"),
    [
        (Span(0x1000, 0x2000), "Yours lies 0x2000 bytes below it."),
        (Span(0x7000, 0x8000), "Yours lies 0x1000 bytes above it."),
        (Span(0x5000, 0x6000), "They share 0x1000 bytes: 50% of what both take up together."),
        (Span(0x4000, 0x6000), "Just as you predicted."),
    ],
)
def test_sketches_are_compared_in_words(predicted: Span, verdict: str) -> None:
    assert compare(predicted, Span(0x4000, 0x6000)).verdict == verdict


@given(st.tuples(*[st.integers(0, 1 << 40)] * 4))
def test_any_two_sketches_have_a_verdict(edges: tuple[int, int, int, int]) -> None:
    one, other = Span(*sorted(edges[:2])), Span(*sorted(edges[2:]))
    if one.start < one.end and other.start < other.end:
        assert compare(one, other).verdict


def test_one_question_has_one_kind_of_answer() -> None:
    with pytest.raises(CourseError, match="ask two questions"):
        predict("Which?", choices=["a", "b"], order=["a", "b"])
    with pytest.raises(CourseError, match="no addresses"):
        predict("Where?", span=(5, 5))
