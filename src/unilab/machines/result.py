"""What a run leaves behind: plain values, the same for every architecture."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


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
    QUIT = "quit"  #: we ended it


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a machine ended.

    Attributes:
        end: Why.
        exit_status: What the program gave to exit(), 0-255; 128 plus the number for a signal; 255 for a panic;
            None if it was ended from outside.
    """

    end: End
    exit_status: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one program.

    Attributes:
        program: Path of the C file.
        architecture: ``unikernel`` or ``process``.
        machine: QEMU's machine type; None for a process, which has no machine of its own.
        accelerator: ``tcg`` or ``kvm``; None for a process.
        image: Path of the ELF file that ran.
        image_bytes: Its size.
        build_seconds: Time the build took.
        first_output_seconds: From the start of the host command to the first byte printed; None if none was.
        total_seconds: From the start of the host command to its end.
        exit_status: As in Outcome.
        console: Everything printed.
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

    def to_json(self) -> str:
        """One JSON object on one line, its keys the attributes above."""
        return json.dumps(asdict(self), ensure_ascii=False)
