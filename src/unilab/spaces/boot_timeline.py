"""A boot as plain values: what happened when, from the start of the machine to the end of the program."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from unilab.spaces.model import Source

#: Names of the events that are the same whatever boots. The others are the names of functions.
QEMU_STARTED, FIRST_INSTRUCTION, KERNEL_ENTERED = "QEMU started", "first instruction", "kernel entered"
PAGING_ON, C_ENTERED = "paging on", "C entered"
FIRST_PROCESS, MAIN_ENTERED = "first process", "main entered"
FIRST_BYTE, ENDED = "first byte", "ended"


@dataclass(frozen=True, slots=True)
class BoundaryEvent:
    """The moment when one part of a boot ends and the next begins.

    Attributes:
        name: What happened: one of this module's names, or a function that was entered.
        seconds: Since the host started QEMU.
        detail: How it was seen, and where: ``breakpoint at 0x100000``, ``serial line``; may be empty.
    """

    name: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BootTimeline:
    """One boot.

    Attributes:
        name: What people call it: ``hello as a unikernel``.
        architecture: What the program ran as.
        events: In the order of their times; the first is QEMU's start, at 0.
        method: How the times were taken, and what that adds to them.
        source: LIVE, RECORDED or MODEL.
        origin: Where and when.
    """

    name: str
    architecture: str
    events: tuple[BoundaryEvent, ...]
    method: str
    source: Source = Source.LIVE
    origin: str = ""

    @property
    def seconds(self) -> float:
        """From QEMU's start to the last event."""
        return self.events[-1].seconds if self.events else 0.0

    @property
    def parts(self) -> tuple[tuple[BoundaryEvent, BoundaryEvent], ...]:
        """What lies between one event and the next."""
        return tuple(pairwise(self.events))

    def at(self, name: str) -> BoundaryEvent | None:
        """The event of that name, or None."""
        return next((event for event in self.events if event.name == name), None)
