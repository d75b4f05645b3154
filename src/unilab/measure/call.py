"""What a call of the operating system costs where it is a function call."""

from __future__ import annotations

from collections.abc import Iterable

from unilab.machines import run
from unilab.measure.figure import Figure, at_most, reported
from unilab.measure.programs import of_bench


def null() -> Iterable[Figure]:
    """getppid() against an empty function, in one run of the unikernel. Cycles of the host's counter."""
    rows = [line.split() for line in run(of_bench("null_call.c")).console.splitlines()]
    # The first round finds code that the emulator has not translated yet.
    pairs = [(float(function), float(call)) for function, call in rows[1:]]
    yield at_most("call.null.over_function_cycles", 20, "cycles", [call - function for function, call in pairs])
    yield reported("call.null.cycles", "cycles", [call for _, call in pairs])
    yield reported("call.function.cycles", "cycles", [function for function, _ in pairs])
