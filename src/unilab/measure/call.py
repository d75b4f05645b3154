"""What a call of the operating system costs where it is a function call, and where it is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from unilab.architectures import in_words
from unilab.machines import run
from unilab.measure.figure import Figure, at_most, reported
from unilab.measure.programs import of_bench
from unilab.toolchain import build


@dataclass(frozen=True, slots=True, repr=False)
class NullCall:
    """What the cheapest call of an operating system costs: ``getppid``, which gives back a number.

    Attributes:
        on: Where: ``process``, ``unikernel``, ...
        function: Cycles of the processor's time-stamp counter for a call of a function that does nothing.
        call: Cycles for the call. Both are from the quickest of 20 rounds of 20,000 in one run: what else the host
            does can only add, and on a busy one it does so to most rounds.
    """

    on: str
    function: float
    call: float

    @property
    def over_function(self) -> float:
        """How many calls of a function it costs."""
        return self.call / self.function

    def __repr__(self) -> str:
        """In a line."""
        return (
            f"{in_words(self.on)}: a function call {self.function:.0f} cycles, getppid {self.call:.0f}: "
            f"{self.over_function:.1f} function calls"
        )


def null_call(on: str = "unikernel", *, by_number: bool = False) -> NullCall:
    """Measure it, now and here.

    Args:
        on: As for ``run``.
        by_number: By ``syscall()``, whose argument says which call is meant.

    Raises:
        CourseError: It cannot be run there.
    """
    image = build(of_bench("null_call.c"), on, cflags=["-DBY_NUMBER"] if by_number else [])
    function, call = zip(*_rounds(run(image).console), strict=True)
    return NullCall(on, min(function), min(call))


def null() -> Iterable[Figure]:
    """getppid() against an empty function, in one run of the unikernel. Cycles of the host's counter."""
    pairs = _rounds(run(of_bench("null_call.c")).console)
    yield at_most("call.null.over_function_cycles", 20, "cycles", [call - function for function, call in pairs])
    yield reported("call.null.cycles", "cycles", [call for _, call in pairs])
    yield reported("call.function.cycles", "cycles", [function for function, _ in pairs])


def _rounds(console: str) -> list[tuple[float, float]]:
    rows = [line.split() for line in console.splitlines()]
    # The first round finds code that the emulator has not translated yet.
    return [(float(function), float(call)) for function, call in rows[1:]]
