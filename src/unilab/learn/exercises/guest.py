"""Exercises of notebook 04, A guest is a whole system."""

from __future__ import annotations

from types import EllipsisType

from unilab.learn.feedback import Feedback, check
from unilab.spaces.page_walk import PageWalk

_USER = 1 << 2


def indexes(answer: tuple[int, ...] | EllipsisType, walk: PageWalk) -> Feedback:
    """Exercise 1: which entry of each table an address chooses."""
    return check(
        "the four indexes, from the address alone",
        answer if answer is ... else lambda: tuple(answer) == tuple(entry.index for entry in walk.entries),
        hints=[
            "the lowest 12 bits are the place in the page; the nine above them choose in the page table.",
            "address >> 12 & 511 is the last of the four. Which shifts do the others need?",
        ],
        answer="tuple(address >> shift & 511 for shift in (39, 30, 21, 12))",
        objective=2,
    )


def keeper(answer: int | EllipsisType, walk: PageWalk) -> Feedback:
    """Exercise 2: the level of the first entry that lets no user pass."""
    expected = next(entry.level for entry in walk.entries if not entry.value & _USER)
    return check(
        "the level that keeps the program out",
        answer if answer is ... else answer == expected,
        hints=[
            "read what the cell printed from the top down.",
            "a right must be given at every level: one refusal is enough.",
        ],
        answer=f"{expected}: the first line that says 'kernel only'",
        objective=3,
    )
