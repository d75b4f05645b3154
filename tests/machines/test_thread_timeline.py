"""Which thread of a real unikernel runs when."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from unilab import start, thread_timeline
from unilab.errors import CourseError
from unilab.spaces.thread_timeline import IDLE, Why

_PROGRAMS = Path(__file__).resolve().parents[2] / "notebooks" / "programs"
_THREADS = _PROGRAMS / "threads.c"


def test_four_threads_take_turns() -> None:
    seen = thread_timeline(_THREADS, args=["300000"], switches=40)
    assert seen.threads == (1, 2, 3, 4, 5, IDLE)
    assert len(seen.turns) == 40 and not seen.ended
    assert seen.count(Why.INTERRUPTED) > 4
    assert all(seen.ran(thread) > 0 for thread in (2, 3, 4, 5))
    for turn in seen.turns:
        assert turn.seconds > 0
    waits = next(switch for switch in seen.switches if switch.why is Why.WAITED)
    assert waits.callers[:2] == ("wait_on", "futex_wait")
    assert {"main", "add_with_lock"} & set(waits.callers)
    assert dict(waits.states)[waits.leaves] == "waits"


def test_yields_go_round_in_order_to_the_end() -> None:
    seen = thread_timeline(_PROGRAMS / "race.c", switches=400)
    turns = [turn.thread for turn in seen.turns if turn.thread in (2, 3, 4, 5)]
    following = {2: 3, 3: 4, 4: 5, 5: 2}
    in_order = sum(after == following[one] for one, after in pairwise(turns))
    assert in_order > 0.9 * len(turns) > 90, "but for an interrupt now and then"
    assert seen.count(Why.YIELDED) > 100


def test_a_program_that_ends_is_watched_to_its_end() -> None:
    seen = thread_timeline(_PROGRAMS / "pipes.c", args=["3"], switches=300)
    assert seen.ended
    assert seen.count(Why.ENDED) >= 4


@pytest.mark.parametrize(
    ("program", "options", "words"),
    [("hello.c", {}, "has one thread"), ("threads.c", {"switches": 0}, "cannot be watched")],
)
def test_what_cannot_be_watched_is_said(program: str, options: dict[str, int], words: str) -> None:
    with pytest.raises(CourseError, match=words):
        thread_timeline(_PROGRAMS / program, **options)


def test_stacks_are_on_the_map_with_their_guards() -> None:
    with start(_THREADS, stop_at="pthread_join") as machine:
        regions = machine.address_space().regions
    labels = [region.label for region in regions if "thread" in region.label]
    assert labels == [f"stack{part} of thread {tid}" for tid in (2, 3, 4, 5) for part in (" guard", "")]
