"""What a run leaves behind: plain values, the same for every architecture."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from unilab.machines.crash import Crash


class State(StrEnum):
    """Where a machine is in its life."""

    CREATED = "created"  #: nothing runs yet
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class End(StrEnum):
    """Why a machine ended."""

    EXIT = "exit"  #: the program ended with a status
    PANIC = "panic"  #: the library OS stopped itself
    SIGNAL = "signal"  #: a signal ended the program
    RESET = "reset"  #: the processor met an exception that nothing could handle: a triple fault
    QUIT = "quit"  #: we ended it


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a machine ended.

    Attributes:
        end: Why.
        exit_status: What the program gave to exit(), 0-255; 128 plus the number for a signal; 255 for a panic
            or a reset; None if it was ended from outside.
    """

    end: End
    exit_status: int | None


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """One run of one program. Shown in a notebook as what it printed, and one line of facts.

    Attributes:
        program: Path of the C file.
        architecture: One of ``unilab.architectures.ARCHITECTURES``.
        machine: QEMU's machine type; None for a process or a container, which have no machine
            of their own.
        accelerator: ``tcg`` or ``kvm``; None for a process.
        image: Path of the ELF file that ran.
        image_bytes: Its size.
        build_seconds: Time the build took.
        first_output_seconds: From the start of the host command to the first byte printed; None if none was.
        total_seconds: From the start of the host command to its end.
        exit_status: As in Outcome.
        console: Everything printed.
        crash: What is known of its crash, for ``explain``; None if it did not crash.
    """

    program: str
    architecture: str
    machine: str | None
    accelerator: str | None
    image: str
    image_bytes: int
    build_seconds: float
    first_output_seconds: float | None
    total_seconds: float
    exit_status: int | None
    console: str
    crash: Crash | None = field(default=None, compare=False)

    #: How many console lines are shown; all of them are in ``console``.
    SHOWN: ClassVar[int] = 60

    def __repr__(self) -> str:
        """The last console lines behind a bar, between what ran and how it went."""
        machine = f" on QEMU {self.machine}, {self.accelerator}" if self.machine else ""
        lines = self.console.splitlines()
        left_out = [f"  | ... {len(lines) - self.SHOWN} more lines"] if len(lines) > self.SHOWN else []
        facts = [f"exit status {self.exit_status}", f"image of {self.image_bytes:,} bytes"]
        if self.first_output_seconds is not None:
            facts.append(f"first output after {self.first_output_seconds:.3f} s")
        return "\n".join(
            [
                f"{PurePath(self.program).name} as a {self.architecture}{machine}",
                *left_out,
                *(f"  | {line}" for line in lines[-self.SHOWN :]),
                ", ".join(facts),
            ]
        )

    def to_json(self) -> str:
        """One JSON object on one line, its keys the attributes above but ``crash``."""
        return json.dumps(
            {f.name: getattr(self, f.name) for f in fields(self) if f.name != "crash"}, ensure_ascii=False
        )
