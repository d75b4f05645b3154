"""A measured figure, and whether it is what was promised."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: Dotted, from the general to the particular: ``boot.hello.over_floor``.
        value: The median of the samples, unless ``unit`` says otherwise.
        unit: What the value counts.
        goal: The promise in words: ``at most 1.1``; None for a figure that is only reported.
        met: Whether the promise is kept; None without one.
        samples: Everything that was measured, in order.
    """

    name: str
    value: float
    unit: str
    goal: str | None
    met: bool | None
    samples: tuple[float, ...]


def at_most(name: str, goal: float, unit: str, samples: Sequence[float], *, value: float | None = None) -> Figure:
    """A figure that should not be larger than its goal.

    Args:
        name: As in Figure.
        goal: The largest value that keeps the promise.
        unit: Of value, goal and samples.
        samples: At least one.
        value: What the samples come to; their median unless given.
    """
    result = statistics.median(samples) if value is None else value
    return Figure(name, result, unit, f"at most {goal:g}", result <= goal, tuple(samples))


def at_least(name: str, goal: float, unit: str, samples: Sequence[float], *, value: float | None = None) -> Figure:
    """A figure that should not be smaller than its goal; arguments as for ``at_most``."""
    result = statistics.median(samples) if value is None else value
    return Figure(name, result, unit, f"at least {goal:g}", result >= goal, tuple(samples))


def reported(name: str, unit: str, samples: Sequence[float]) -> Figure:
    """A figure without a promise: the median of its samples."""
    return Figure(name, statistics.median(samples), unit, None, None, tuple(samples))
