from __future__ import annotations

from unilab.spaces.journey import Journey, Ring, Step
from unilab.spaces.model import Source

_STEPS = (
    Step("main", "program", Ring.USER, 0),
    Step("write", "C library", Ring.USER, 1, 5),
    Step("tty_write", "kernel", Ring.KERNEL, 2, 0, "system call", Source.RECORDED),
    Step("write", "C library", Ring.USER, 1, 2, "return from system call"),
)


def test_functions_crossings_and_instructions_are_counted() -> None:
    journey = Journey("write of hello", "process", _STEPS, "by hand")
    assert (journey.functions, journey.crossings, journey.instructions) == (3, 2, 7)
    assert journey.counted("system call") == 1


def test_it_is_shown_as_a_table() -> None:
    lines = repr(Journey("write of hello", "process", _STEPS, "by hand")).splitlines()
    assert lines[0] == "write of hello: LIVE, 3 functions, 2 crossings, 7 instructions"
    assert [line.split()[0] for line in lines[1:]] == ["main", "5", "--", "tty_write", "--", "2", "by"]
    assert "kernel, kernel (RECORDED)" in lines[4]
