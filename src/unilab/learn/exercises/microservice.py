"""Exercises of notebook 11, A microservice."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable
from itertools import combinations
from types import EllipsisType

from unilab.errors import CourseError
from unilab.learn.feedback import Feedback, check
from unilab.spaces.comparison import Comparison, Measured

_TRIALS = 60


def fair_pairs(answer: Collection[Iterable[str]] | EllipsisType, comparison: Comparison) -> Feedback:
    """Exercise 1: the pairs of architectures whose requests a second may be compared."""
    return check(
        "which may be set beside which",
        answer if answer is ... else lambda: _are_fair(answer, comparison),
        hints=[
            "what executes the instructions of each? comparison.contenders says it.",
            "of four, two run on this host's processor and two on QEMU's emulated one: there are two fair pairs.",
        ],
        answer='fair = {("process", "container"), ("linux", "unikernel")}',
        objective=1,
    )


def _are_fair(answer: Collection[Iterable[str]], comparison: Comparison) -> bool:
    names = [each.architecture for each in comparison.contenders]
    given = {frozenset(pair) for pair in answer}
    if strange := sorted({name for pair in given for name in pair} - set(names)):
        raise CourseError(f"{strange[0]!r} did not take part")
    fair = {frozenset(pair) for pair in combinations(names, 2) if comparison.comparable("rate", *pair)}
    if unfair := given - fair:
        one, other = sorted(next(iter(unfair)) | {"itself"})[:2]
        raise CourseError(f"{one} and {other} are not executed by the same processor")
    return given == fair


def differs(function: Callable[[Measured, Measured], object] | EllipsisType) -> Feedback:
    """Exercise 2: whether the middle halves of two measurements lie apart."""
    return check(
        "a difference, or chance",
        function if function is ... else lambda: _tells_apart(function),
        hints=[
            "one.quartiles is a pair: where the middle half of its samples begins, and where it ends.",
            "two ranges lie apart if one ends before the other begins; either may be the lower one.",
        ],
        answer="return one.quartiles[1] < other.quartiles[0] or other.quartiles[1] < one.quartiles[0]",
        objective=2,
    )


def _tells_apart(function: Callable[[Measured, Measured], object]) -> bool:
    if not callable(function):
        raise CourseError("differs has to be a function of two measurements")
    draw = random.Random(11)
    for _ in range(_TRIALS):
        one, other = (_drawn(draw, name) for name in ("linux", "unikernel"))
        expected = one.quartiles[1] < other.quartiles[0] or other.quartiles[1] < one.quartiles[0]
        if bool(function(one, other)) != expected:
            ranges = " and ".join("{:.3g} to {:.3g}".format(*each.quartiles) for each in (one, other))
            raise CourseError(f"of middle halves from {ranges} it says {not expected}")
    return True


def _drawn(draw: random.Random, name: str) -> Measured:
    middle, spread = draw.uniform(10, 20), draw.uniform(0.5, 5)
    return Measured(name, "rate", tuple(draw.gauss(middle, spread) for _ in range(draw.randint(4, 9))))
