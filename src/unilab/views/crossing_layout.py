"""Which steps of a journey are drawn one by one, and which are folded together.

A journey through a unikernel has a hundred steps, one through a Linux kernel thousands. Around each change of
privilege a few steps are always shown; the rest of a long stretch is one fold, until somebody opens it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from unilab.spaces.journey import Journey, Ring

#: A journey of so many steps at most is drawn whole.
SHORT = 100
#: A stretch at one privilege level of so many steps at most is drawn whole, if the journey does not change level often.
_SHORT_STRETCH = 12
#: Steps shown at a longer stretch's beginning and end.
_FIRST, _LAST = 3, 2
#: Changes of level, from the beginning and from the end, around which steps are shown.
_STRETCHES = 12
#: Steps that are shown around the one that is selected, on each side; and of a fold that is opened.
_AROUND, OPENED = 6, 60


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a journey's picture.

    Attributes:
        first: The step it stands for, from 0.
        last: The last step it stands for; the same for a step of its own.
        rings: The privilege levels of those steps, each once.
        crossing: How its first step was led to, if by a change of privilege.
        origin: The level before that change; None for the first step.
    """

    first: int
    last: int
    rings: tuple[Ring, ...]
    crossing: str
    origin: Ring | None

    @property
    def folded(self) -> bool:
        """Whether it stands for several steps."""
        return self.last > self.first

    @property
    def key(self) -> str:
        """``12`` for a step, ``12-40`` for a fold."""
        return f"{self.first}-{self.last}" if self.folded else str(self.first)


def stretches(journey: Journey) -> list[range]:
    """Runs of steps without a change of privilege between them."""
    starts = [i for i, step in enumerate(journey.steps) if i == 0 or step.crossing]
    return [range(start, end) for start, end in zip(starts, [*starts[1:], len(journey.steps)], strict=True)]


def rows(journey: Journey, opened: Iterable[tuple[int, int]] = (), selected: int | None = None) -> list[Row]:
    """The lines of the picture, in order; together they stand for every step.

    Args:
        journey: What to draw.
        opened: First and last steps of folds that were opened.
        selected: A step that must be drawn by itself; None for none.
    """
    shown = _shown(journey)
    for first, last in opened:
        shown |= set(range(first, min(last, first + OPENED - 1) + 1))
    if selected is not None:
        shown |= set(range(selected - _AROUND, selected + _AROUND + 1))
    found: list[Row] = []
    hidden: list[int] = []
    for i in range(len(journey.steps)):
        if i in shown:
            _end(journey, hidden, found)
            found.append(_row(journey, i, i))
        else:
            hidden.append(i)
    _end(journey, hidden, found)
    return found


def _shown(journey: Journey) -> set[int]:
    if len(journey.steps) <= SHORT:
        return set(range(len(journey.steps)))
    runs = stretches(journey)
    if len(runs) > 2 * _STRETCHES:
        runs = runs[:_STRETCHES] + runs[-_STRETCHES:]
    shown: set[int] = set()
    for run in runs:
        shown |= set(run) if len(run) <= _SHORT_STRETCH else {*run[:_FIRST], *run[-_LAST:]}
    return shown


def _end(journey: Journey, hidden: list[int], found: list[Row]) -> None:
    """A fold of what was hidden so far."""
    if hidden:
        found.append(_row(journey, hidden[0], hidden[-1]))
        hidden.clear()


def _row(journey: Journey, first: int, last: int) -> Row:
    steps = journey.steps
    rings = tuple(dict.fromkeys(step.ring for step in steps[first : last + 1]))
    origin = steps[first - 1].ring if first else None
    return Row(first, last, rings, steps[first].crossing, origin)
