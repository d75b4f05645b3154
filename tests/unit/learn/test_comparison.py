from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.learn.comparison import Answer, compare, parse_number, value_text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        (" 1,234,567 ", 1234567),
        ("1_000", 1000),
        ("1\u202f000\u00a0000", 1000000),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-3", -3),
        ("2e3", 2000),
        ("0x1F", 31),
    ],
)
def test_numbers_as_people_type_them(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text", ["", " ", "many", "1,5", "12,34", "1,2345", "12 bytes", "0x", "0xg", "nan", "inf", "1e999"]
)
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@given(st.integers(-(2**53), 2**53))
def test_a_number_as_written_reads_back(number: int) -> None:
    assert parse_number(value_text(number)) == number


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12345, "bytes", "12,345 bytes"),
        (12345.0, "", "12,345"),
        (0.123456, "ms", "0.1235 ms"),
        ("the kernel", "", "the kernel"),
        (True, "", "True"),
    ],
)
def test_values_as_people_write_them(value: Answer, unit: str, text: str) -> None:
    assert value_text(value, unit) == text


@pytest.mark.parametrize(
    ("predicted", "observed", "verdict"),
    [
        (61.0, 61, "Just as you predicted."),
        (100, 95, "Within a tenth of what you predicted."),
        (10, 61, "Observed is 6.1 times what you predicted."),
        (1000, 10, "You predicted 100 times what was observed."),
        (1234, 1, "You predicted 1,234 times what was observed."),
        (2, 1_234_567, "Observed is 617,284 times what you predicted."),
        (0, 61, "You were off by 61 cycles."),
        (61, 0, "You were off by 61 cycles."),
        (-5, 5, "You were off by 10 cycles."),
        ("both", "both", "Just as you predicted."),
        ("4", 4, "Just as you predicted."),
        ("both", "neither", "Not what you predicted. What made you expect it?"),
    ],
)
def test_verdicts(predicted: Answer, observed: Answer, verdict: str) -> None:
    assert compare(predicted, observed, "cycles").verdict == verdict


def test_without_a_prediction_there_is_an_observation_and_no_verdict() -> None:
    comparison = compare(None, 61, "cycles")
    assert (comparison.predicted, comparison.observed) == ("no prediction", "61 cycles")
    assert str(comparison) == "Predicted: no prediction\nObserved:  61 cycles"


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_any_two_numbers_have_a_verdict(predicted: float, observed: float) -> None:
    assert compare(predicted, observed).verdict.endswith(".")
