"""Exercises of notebook 02, The system call."""

from __future__ import annotations

from pathlib import Path
from types import EllipsisType

from unilab.errors import CourseError
from unilab.learn.feedback import Feedback, check
from unilab.machines.system_calls import SystemCallTrace, trace_system_calls

_LINES = "".join(f"{number}\n" for number in range(1, 101))
_WRITES = ("write", "writev", "pwrite64")


def printed(answer: int | EllipsisType, trace: SystemCallTrace) -> Feedback:
    """Exercise 1: the bytes that a traced program handed over to be printed."""
    expected = sum(call.result or 0 for call in trace.calls if call.name in _WRITES)
    return check(
        "bytes handed to the kernel",
        answer if answer is ... else answer == expected,
        hints=[
            "find the calls whose name begins with write.",
            "a write's result says how many bytes were taken; len(call.text) says how many there were.",
        ],
        answer='sum(call.result for call in trace.calls if call.name.startswith("write"))',
        objective=1,
    )


def one_write(program: Path | EllipsisType) -> Feedback:
    """Exercise 2: a program that prints a hundred lines and crosses the border to write once."""
    return check(
        "a hundred lines, one write",
        program if program is ... else lambda: _writes_once(program),
        hints=[
            "setvbuf(stdout, buffer, _IOFBF, sizeof buffer), before the first printf.",
            "or sprintf into one large array, and write that at the end.",
        ],
        answer="static char all[4096]; setvbuf(stdout, all, _IOFBF, sizeof all); then printf a hundred times",
        objective=4,
    )


def _writes_once(program: Path) -> bool:
    trace = trace_system_calls(program)
    if trace.result.console != _LINES:
        raise CourseError("it does not print the numbers 1 to 100, a line each")
    writes = sum(call.name in _WRITES for call in trace.calls)
    if writes != 1:
        raise CourseError(f"it crossed the border {writes} times to write")
    return True
