"""What happened between a program's call and the device, as plain values: functions, privilege levels, crossings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from unilab.spaces.model import Source


class Ring(StrEnum):
    """The privilege level that code runs at."""

    USER = "user"  #: ring 3
    KERNEL = "kernel"  #: ring 0 of the machine the program sees
    HYPERVISOR = "hypervisor"  #: below every guest: Xen, or KVM and QEMU


@dataclass(frozen=True, slots=True)
class Step:
    """One function, from the moment it is entered or returned to until the next.

    Attributes:
        function: Its name; an address in hexadecimal where no symbol is known.
        owner: Whose it is, as in Region.
        ring: The privilege level it ran at.
        depth: How many functions of this journey were on the stack below it.
        instructions: How many it executed here, or 0 where that was not counted.
        crossing: What led here, if that was a change of privilege: ``system call``, ``return from system call``,
            ``interrupt``, ``return from interrupt``, ``exception``, ``return from exception``, ``hypercall``,
            ``VM exit``, ``VM entry``; else empty.
        source: RECORDED for what was seen elsewhere, in a journey that is LIVE otherwise.
    """

    function: str
    owner: str
    ring: Ring
    depth: int
    instructions: int = 0
    crossing: str = ""
    source: Source = Source.LIVE


@dataclass(frozen=True, slots=True)
class Journey:
    """A byte's way.

    Attributes:
        name: ``printf of hello as a unikernel``.
        architecture: What the program ran as.
        steps: In the order in which they happened.
        method: How it was measured.
        source: LIVE, RECORDED or MODEL.
        origin: Where and when.
    """

    name: str
    architecture: str
    steps: tuple[Step, ...]
    method: str
    source: Source = Source.LIVE
    origin: str = ""

    @property
    def functions(self) -> int:
        """How many different functions ran."""
        return len({(step.owner, step.function) for step in self.steps})

    @property
    def crossings(self) -> int:
        """How often the privilege level changed."""
        return sum(1 for step in self.steps if step.crossing)

    @property
    def instructions(self) -> int:
        """How many instructions ran, where they were counted."""
        return sum(step.instructions for step in self.steps)

    def counted(self, crossing: str) -> int:
        """How many crossings there were of one kind."""
        return sum(1 for step in self.steps if step.crossing == crossing)

    def __str__(self) -> str:
        """A table: a line for each step, indented by its depth."""
        lines = [
            f"{self.name}: {self.source}, {self.functions} functions, {self.crossings} crossings, "
            f"{self.instructions} instructions"
        ]
        for step in self.steps:
            if step.crossing:
                lines.append(f"{'':>8}  -- {step.crossing} --")
            where = f"{'  ' * step.depth}{step.function}"
            recorded = "" if step.source is self.source else f" ({step.source})"
            lines.append(f"{step.instructions or '':>8}  {where:<48} {step.owner}, {step.ring}{recorded}".rstrip())
        return "\n".join([*lines, self.method])

    __repr__ = __str__
