"""Functions, crossings, instructions: between printf and the device, between a request's frame and the answer's."""

from __future__ import annotations

from collections.abc import Iterable

from unilab.machines.journey import ARCHITECTURES, journey
from unilab.machines.request_journey import request_journey
from unilab.measure.figure import Figure, at_most, reported
from unilab.measure.programs import of_course


def printf() -> Iterable[Figure]:
    """Of hello's printf, from its entry to its return, as each architecture that can be followed."""
    program = of_course("hello.c")
    counted = {on: journey(program, on, until="return") for on in ARCHITECTURES}
    ours = counted["unikernel"]
    for on, seen in counted.items():
        yield reported(f"journey.printf.{on}.functions", "functions", [seen.functions])
        yield reported(f"journey.printf.{on}.instructions", "instructions", [seen.instructions])
        if seen is not ours:
            yield reported(f"journey.printf.{on}.crossings", "crossings", [seen.crossings])
    yield at_most("journey.printf.unikernel.crossings", 0, "crossings", [ours.crossings])
    linux = counted["linux"].instructions / ours.instructions
    yield reported("journey.printf.linux_over_unikernel.instructions", "times", [linux])


def request() -> Iterable[Figure]:
    """Of a request for httpd's page, from the interrupt that told of its frame to the answer's frame."""
    program = of_course("httpd.c")
    counted = {on: request_journey(program, on, files=program.parent / "www").journey for on in ("linux", "unikernel")}
    for on, seen in counted.items():
        yield reported(f"journey.request.{on}.functions", "functions", [seen.functions])
        yield reported(f"journey.request.{on}.instructions", "instructions", [seen.instructions])
    yield reported("journey.request.linux.crossings", "crossings", [counted["linux"].crossings])
    yield at_most("journey.request.unikernel.crossings", 0, "crossings", [counted["unikernel"].crossings])
    over = counted["linux"].instructions / counted["unikernel"].instructions
    yield reported("journey.request.linux_over_unikernel.instructions", "times", [over])
