"""What a recorded journey tells of journeys that cannot see the kernel."""

from __future__ import annotations

from dataclasses import replace

from unilab.spaces.folding import SYSTEM_CALL
from unilab.spaces.journey import Journey, Step
from unilab.spaces.model import Source

#: How x86-64 Linux names the function of a system call (arch/x86/include/asm/syscall_wrapper.h).
_WRAPPER = "__x64_sys_"
#: Where what depends on the terminal begins: its driver; and what has nothing to do with the call: an interrupt.
_CUT = ("uart_", "asm_", "irq_entries_start")


def system_calls(journey: Journey) -> dict[str, tuple[Step, ...]]:
    """What a kernel did for each system call in a journey, by the call's name.

    Without the terminal's driver, which differs from machine to machine, and without interrupts. Depths count from
    the kernel's first function; instructions are none, since nobody counted those of another run.
    """
    found: dict[str, tuple[Step, ...]] = {}
    inside: list[Step] = []
    for step in journey.steps:
        if step.crossing == SYSTEM_CALL:
            inside = [step]
        elif inside and step.crossing == f"return from {SYSTEM_CALL}":
            name = next((s.function.removeprefix(_WRAPPER) for s in inside if s.function.startswith(_WRAPPER)), None)
            if name is not None:
                found.setdefault(name, _without_driver(inside))
            inside = []
        elif inside:
            inside.append(step)
    return found


def _without_driver(steps: list[Step]) -> tuple[Step, ...]:
    base, kept = steps[0].depth, list[Step]()
    cut: int | None = None  # the depth of what is left out
    for step in steps:
        if cut is not None and step.depth >= cut:
            continue
        cut = step.depth if step.function.startswith(_CUT) else None
        if cut is None:
            same = replace(
                step, depth=step.depth - base, instructions=0, crossing="", source=Source.RECORDED, owner="kernel"
            )
            # Where something was cut out, a function goes on that was there before.
            if not kept or kept[-1] != same:
                kept.append(same)
    return tuple(kept)
