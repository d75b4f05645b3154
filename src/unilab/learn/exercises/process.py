"""Exercises of notebook 01, A process and its address space."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import EllipsisType

from unilab.errors import CourseError
from unilab.learn.feedback import Feedback, check
from unilab.machines import EXIT, start
from unilab.machines.process import Process
from unilab.spaces.model import Region

_MAPPED, _RESIDENT = 40 << 20, 1 << 20


def rights(answer: tuple[int, int] | EllipsisType, regions: Sequence[Region]) -> Feedback:
    """Exercise 1: bytes that may be written, and bytes that may be written and executed."""
    writable = sum(region.size for region in regions if "w" in region.permissions)
    both = sum(region.size for region in regions if "w" in region.permissions and "x" in region.permissions)
    return check(
        "bytes to write, and bytes to write and execute",
        answer if answer is ... else answer == (writable, both),
        hints=[
            "sum(region.size for region in regions if ...), once with one letter and once with two.",
            "the second number is small. Whoever can write code into a process and run it owns the process.",
        ],
        answer="two sums of region.size: where 'w' is in region.permissions, and where 'x' is, too",
        objective=1,
    )


def large_and_empty(program: Path | EllipsisType) -> Feedback:
    """Exercise 2: a program with much mapped and little resident."""
    return check(
        "40 MiB mapped, less than 1 MiB resident",
        program if program is ... else lambda: _is_large_and_empty(program),
        hints=[
            "mmap a private anonymous range, as touch.c does. What must you not do with it?",
            "a large array without a first value works as well. Look at `later` in section 1.1.",
        ],
        answer='mine = write_program("mine.c", "char big[40 << 20]; int main(void) { big[0] = 1; return 0; }")',
        objective=2,
    )


def _is_large_and_empty(program: Path) -> bool:
    with start(program, on="process", memory=256, stop_at=EXIT) as machine:
        assert isinstance(machine, Process)
        seen = machine.memory_counters()
    if seen.mapped < _MAPPED:
        raise CourseError(f"it has {seen.mapped >> 20} MiB mapped")
    if seen.resident >= _RESIDENT:
        raise CourseError(f"it has {seen.resident >> 10} KiB in memory")
    return True
