"""Measured services as plain values: what may be said of them, and what not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.errors import CourseError
from unilab.spaces import recording
from unilab.spaces.comparison import Comparison, Contender, Executes, Measured, Quantity, amount
from unilab.spaces.model import Source

BOOT = Quantity("boot", "start to first response", "s", "less", True, "by a clock")
IMAGE = Quantity("image", "image", "bytes", "less", False, "its length")


def comparison(**boots: tuple[float, ...]) -> Comparison:
    """A comparison of contenders with these start times: guests are emulated, as their names say."""
    contenders = tuple(
        Contender(name, Executes.EMULATION if name in ("linux", "unikernel") else Executes.HOST, "here")
        for name in boots
    )
    measured = [Measured(name, "boot", samples) for name, samples in boots.items()]
    measured += [Measured(name, "image", (1000.0 * (i + 1),)) for i, name in enumerate(boots)]
    return Comparison("tally.c", contenders, (BOOT, IMAGE), tuple(measured), rounds=5, wanted=5)


SEEN = comparison(process=(0.01, 0.012, 0.011), linux=(2.9, 3.0, 3.1, 3.2), unikernel=(0.1, 0.11, 0.12, 0.3))


def test_medians_quartiles_and_ratios() -> None:
    linux = SEEN.of("boot", "linux")
    assert linux.median == pytest.approx(3.05)
    assert linux.quartiles == pytest.approx((2.975, 3.125))
    assert SEEN.of("boot", "process").quartiles == (0.01, 0.012)  # of three, all
    assert SEEN.ratio("boot", "linux", "unikernel") == pytest.approx(3.05 / 0.115)
    assert SEEN.ratio("image", "linux", "process") == 2


def test_what_takes_time_is_not_compared_across_processors() -> None:
    with pytest.raises(CourseError, match="emulat"):
        SEEN.ratio("boot", "process", "unikernel")
    assert not SEEN.comparable("boot", "process", "linux")
    assert SEEN.comparable("boot", "linux", "unikernel") and SEEN.comparable("image", "process", "linux")


def test_apart_means_that_the_middle_halves_do_not_meet() -> None:
    assert SEEN.apart("boot", "linux", "unikernel") and SEEN.apart("boot", "unikernel", "linux")
    near = comparison(linux=(1.0, 2.0, 3.0, 4.0), unikernel=(2.0, 3.0, 4.0, 5.0))
    assert not near.apart("boot", "linux", "unikernel")


@pytest.mark.parametrize("wrong", [("speed", "linux"), ("boot", "xen")], ids=["no such quantity", "no such contender"])
def test_what_was_not_measured_is_said(wrong: tuple[str, str]) -> None:
    with pytest.raises(CourseError, match="choose from"):
        SEEN.of(*wrong)


def test_a_figure_without_samples_says_why() -> None:
    gap = Measured("process", "boot", (), "nobody may look")
    assert amount(gap, "s") == "–"
    with pytest.raises(CourseError, match="nobody may look"):
        _ = gap.median


def test_the_table_has_all_of_it_and_says_when_it_was_stopped() -> None:
    stopped = Comparison(
        SEEN.program, SEEN.contenders, SEEN.quantities, SEEN.measured, rounds=2, wanted=5, origin="here"
    )
    text = repr(stopped)
    assert "stopped after 2 of 5 rounds" in text
    for word in ("process", "linux", "unikernel", "start to first response", "3.05 s (2.98–3.12)", "115 ms"):
        assert word in text
    assert "emulated processor: linux, unikernel" in text
    html = stopped._repr_html_()
    assert "<td>3.05 s (2.98–3.12)</td>" in html and "stopped after 2 of 5 rounds" in html


def test_parts_are_rounded_and_known_or_an_error() -> None:
    cost = Measured("linux", "instructions", (10.6,), parts=(("kernel", 7.6), ("program", 3.0)))
    count = Quantity("instructions", "instructions", "instructions", "less", False, "by a log")
    seen = Comparison("tally.c", SEEN.contenders, (count,), (cost,), 1, 1)
    assert seen.parts("linux") == {"kernel": 8, "program": 3}
    with pytest.raises(CourseError, match="parts"):
        seen.parts("unikernel")


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=12))
def test_the_median_lies_between_the_quartiles(samples: list[float]) -> None:
    low, high = (measured := Measured("linux", "boot", tuple(samples))).quartiles
    assert low <= measured.median * (1 + 1e-9) and measured.median <= high * (1 + 1e-9)


def test_a_recording_is_the_same_but_for_its_source() -> None:
    fields: recording.Fields = {}
    data = recording.encode(SEEN, fields)
    again = recording.decode(Comparison, data, fields, origin="elsewhere")
    assert again.of("boot", "linux").samples == SEEN.of("boot", "linux").samples
    assert again.contender("linux").executes is Executes.EMULATION
    assert {each.source for each in again.measured} == {Source.RECORDED}
    assert {each.origin for each in again.measured} == {"elsewhere"}
