from __future__ import annotations

import pytest

from unilab.spaces.thread_timeline import IDLE, Stretch, Switch, ThreadState, ThreadTimeline, Turn, Why

R, D, W = ThreadState.RUNS, ThreadState.READY, ThreadState.WAITS

#: Thread 1 waits for 2, which is interrupted for 3; then 3 ends.
SEEN = ThreadTimeline(
    "three as a unikernel",
    (
        Switch(0.0, 1, 2, Why.WAITED, ("wait_on", "main"), ((1, W), (2, R), (3, D))),
        Switch(0.010, 2, IDLE, Why.INTERRUPTED, ("preempt", "add"), ((1, W), (2, D), (3, D), (IDLE, R))),
        Switch(0.011, IDLE, 3, Why.WORK_DONE, ("idle",), ((1, W), (2, D), (3, R))),
        Switch(0.015, 3, 2, Why.ENDED, ("thread_end",), ((1, D), (2, R))),
    ),
    0.020,
    False,
    "by hand",
)


def test_turns_are_what_lies_between_switches() -> None:
    assert SEEN.turns == (
        Turn(2, 0.0, 0.010, Why.INTERRUPTED, ("preempt", "add")),
        Turn(IDLE, 0.010, 0.011, Why.WORK_DONE, ("idle",)),
        Turn(3, 0.011, 0.015, Why.ENDED, ("thread_end",)),
        Turn(2, 0.015, 0.020, Why.RAN_ON),
    )


def test_turns_fill_the_time_without_gaps() -> None:
    assert sum(turn.seconds for turn in SEEN.turns) == pytest.approx(SEEN.end)
    assert sum(SEEN.ran(thread) for thread in SEEN.threads) == pytest.approx(SEEN.end)


def test_threads_are_in_order_and_the_idle_one_last() -> None:
    assert SEEN.threads == (1, 2, 3, IDLE)


def test_stretches_join_what_goes_on() -> None:
    assert SEEN.stretches(1) == (Stretch(0.0, 0.015, W), Stretch(0.015, 0.020, D))
    assert SEEN.stretches(2) == (Stretch(0.0, 0.010, R), Stretch(0.010, 0.015, D), Stretch(0.015, 0.020, R))


def test_a_thread_that_has_ended_has_no_more_stretches() -> None:
    assert SEEN.stretches(3)[-1].end == 0.015


def test_reasons_are_counted_for_the_programs_threads_alone() -> None:
    assert SEEN.count(Why.INTERRUPTED) == SEEN.count(Why("interrupted")) == 1
    assert SEEN.count(Why.WORK_DONE) == 0


def test_nothing_seen_is_nothing() -> None:
    nothing = ThreadTimeline("none", (), 0.0, True, "by hand")
    assert nothing.turns == nothing.threads == ()
