"""Exercises of notebook 00, First boot."""

from __future__ import annotations

from pathlib import Path
from types import EllipsisType

from unilab.learn.feedback import Feedback, check
from unilab.machines import run
from unilab.spaces.model import AddressSpace

_STATUS = 42


def own_text(answer: int | EllipsisType, space: AddressSpace) -> Feedback:
    """Exercise 1: bytes of the program's own executable text in a space."""
    expected = sum(r.size for r in space.regions if r.owner == "program" and "x" in r.permissions)
    return check(
        "bytes of the program's own text",
        answer if answer is ... else answer == expected,
        hints=[
            "add up the size of every region whose owner is 'program'.",
            "count a region only if there is an 'x' in its permissions.",
        ],
        answer="sum(r.size for r in unikernel.space.regions if r.owner == 'program' and 'x' in r.permissions)",
    )


def ends_with_42(program: Path | EllipsisType) -> Feedback:
    """Exercise 2: a program that, as a unikernel, ends with status 42."""
    return check(
        "a unikernel that ends with status 42",
        program if program is ... else lambda: run(program).exit_status == _STATUS,
        hints=[
            'write_program returns the path; mine = write_program("mine.c", ...)',
            "the exit status is what main returns.",
        ],
        answer='mine = write_program("mine.c", "int main(void) { return 42; }")',
    )
