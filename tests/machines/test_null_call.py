"""What the cheapest call costs, where it is a call and where it is none."""

from __future__ import annotations

import pytest

from unilab.errors import CourseError
from unilab.measure.call import null_call


def test_without_a_border_it_is_a_call_and_a_jump() -> None:
    cost = null_call()
    assert cost.on == "unikernel" and cost.function > 0
    # Instructions, not time, decide this under emulation: two calls instead of one, whoever else is busy.
    assert cost.over_function < 10
    assert repr(cost).startswith("as a unikernel: a function call ") and repr(cost).endswith(" function calls")


def test_with_a_border_it_is_dearer_in_the_same_program() -> None:
    assert null_call("process").over_function > null_call().over_function


def test_by_number_it_has_to_be_looked_up() -> None:
    assert null_call(by_number=True).call > 2 * null_call().call


def test_nowhere_is_an_error() -> None:
    with pytest.raises(CourseError, match="not as 'moon'"):
        null_call("moon")
