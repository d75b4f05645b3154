"""Which thread of a unikernel ran when, as plain values: one processor, one thread at a time.

Times are seconds of the guest's, from the first switch that was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from unilab.spaces.model import Source

#: The number of the library OS's idle thread, which does its deferred work and halts the processor.
IDLE = 0


class ThreadState(StrEnum):
    """What a thread is doing."""

    RUNS = "runs"
    READY = "ready"
    WAITS = "waits"


class Why(StrEnum):
    """Why a thread left the processor."""

    INTERRUPTED = "interrupted"  #: by the timer, or by a device
    WAITED = "waited"
    YIELDED = "yielded"
    ENDED = "ended"
    WORK_DONE = "work done"  #: the idle thread
    RAN_ON = "ran on"  #: it had the processor when watching ended


@dataclass(frozen=True, slots=True)
class Switch:
    """The moment when the processor goes from one thread to another.

    Attributes:
        seconds: When.
        leaves: The number of the thread that ran.
        enters: The number of the one that runs from now on.
        why: Why the first left.
        callers: The functions it was in, the innermost first.
        states: What each thread does from now on, by its number; those that have ended are missing.
    """

    seconds: float
    leaves: int
    enters: int
    why: Why
    callers: tuple[str, ...]
    states: tuple[tuple[int, ThreadState], ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """A time during which one thread had the processor.

    Attributes:
        thread: Its number.
        begin: Seconds.
        end: Seconds.
        why: Why it ended.
        callers: The functions it was in when it ended, the innermost first.
    """

    thread: int
    begin: float
    end: float
    why: Why
    callers: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which a thread's state did not change. Seconds."""

    begin: float
    end: float
    state: ThreadState


@dataclass(frozen=True, slots=True)
class ThreadTimeline:
    """A part of a program's run.

    Attributes:
        name: What people call it: ``threads as a unikernel``.
        switches: In the order of their times.
        end: When watching ended, or the program: seconds.
        ended: Whether it was the program that ended.
        method: How it was seen, and what that adds to the times.
        source: LIVE, RECORDED or MODEL.
        origin: Where and when.
    """

    name: str
    switches: tuple[Switch, ...]
    end: float
    ended: bool
    method: str
    source: Source = Source.LIVE
    origin: str = ""

    @property
    def turns(self) -> tuple[Turn, ...]:
        """From one switch to the next; before the first, nothing is known."""
        turns = [
            Turn(one.enters, one.seconds, after.seconds, after.why, after.callers)
            for one, after in pairwise(self.switches)
        ]
        if self.switches:
            last = self.switches[-1]
            turns.append(Turn(last.enters, last.seconds, self.end, Why.ENDED if self.ended else Why.RAN_ON))
        return tuple(turns)

    @property
    def threads(self) -> tuple[int, ...]:
        """The numbers of all threads that were seen, in order, the idle thread last."""
        seen = {number for switch in self.switches for number, _ in switch.states}
        seen |= {number for switch in self.switches for number in (switch.leaves, switch.enters)}
        return tuple(sorted(seen, key=lambda number: (number == IDLE, number)))

    def stretches(self, thread: int) -> tuple[Stretch, ...]:
        """What a thread did, from state to state, as seen at the switches."""
        ends = [*(switch.seconds for switch in self.switches[1:]), self.end]
        found: list[Stretch] = []
        for switch, end in zip(self.switches, ends, strict=False):
            state = dict(switch.states).get(thread)
            if state is None:
                continue
            if found and found[-1].state is state and found[-1].end == switch.seconds:
                found[-1] = Stretch(found[-1].begin, end, state)
            else:
                found.append(Stretch(switch.seconds, end, state))
        return tuple(found)

    def ran(self, thread: int) -> float:
        """Seconds for which a thread had the processor."""
        return sum(turn.seconds for turn in self.turns if turn.thread == thread)

    def count(self, why: Why) -> int:
        """How many turns of the program's threads ended for a reason."""
        return sum(1 for turn in self.turns if turn.why == why and turn.thread != IDLE)
