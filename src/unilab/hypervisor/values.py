"""What a hypervisor sees of its guest, as plain values: exits, the accesses behind them, and the run they add up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from unilab.spaces.model import Source


class Reason(StrEnum):
    """Why a guest gave the processor back to its hypervisor: KVM's names, without their ``KVM_EXIT_``.

    Source:
        Linux, include/uapi/linux/kvm.h.
    """

    IO = "IO"  #: an ``in`` or ``out`` instruction
    MMIO = "MMIO"  #: a load or store at a physical address that is no RAM
    HLT = "HLT"  #: a ``hlt`` instruction: the guest has nothing to do
    SHUTDOWN = "SHUTDOWN"  #: a triple fault: an exception that could not be delivered, twice over
    FAIL_ENTRY = "FAIL_ENTRY"  #: the processor refuses the state it was to start in
    INTERNAL_ERROR = "INTERNAL_ERROR"  #: KVM met something that it cannot emulate


@dataclass(frozen=True, slots=True)
class Access:
    """What a guest asks of a device: one transfer to or from a port or a physical address.

    Attributes:
        reason: IO or MMIO.
        address: The port, or the physical address in bytes.
        size: Bytes transferred: 1, 2, 4 or 8.
        write: Whether the guest gives ``value``; otherwise it wants one.
        value: What it writes; 0 for a read.
    """

    reason: Reason
    address: int
    size: int
    write: bool
    value: int = 0

    def __str__(self) -> str:
        """As a sentence's middle: ``wrote 0x41 (1 byte) to port 0x3f8``."""
        did = f"wrote {self.value:#x}" if self.write else "read"
        where = "port" if self.reason is Reason.IO else "physical address"
        unit = "byte" if self.size == 1 else "bytes"
        return f"{did} ({self.size} {unit}) {'to' if self.write else 'from'} {where} {self.address:#x}"


#: Answers an access; the value counts only for reads.
Answer = Callable[[Access], int]


@dataclass(frozen=True, slots=True)
class Exit:
    """All VM exits of one reason in one run.

    Attributes:
        reason: Why the guest was left.
        count: How often.
        seconds: What they took together, each from the moment the guest was let run until its exit was answered.
    """

    reason: Reason
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Stop:
    """How a backend came back from a guest.

    Attributes:
        reason: Its last exit; None if the deadline passed.
        registers: General registers, ``rip`` and ``rflags`` by name.
        detail: What else the backend knows about why; may be empty.
    """

    reason: Reason | None
    registers: Mapping[str, int]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class GuestRun:
    """One run of one guest.

    Attributes:
        backend: ``kvm`` or ``emulated``.
        processor: What executed the guest's instructions, in words.
        mode: The mode it started in: ``real`` or ``long``.
        end: The last exit's reason: HLT if all went well.
        exits: Exits by reason, the most frequent first.
        console: Everything it wrote to the console's port.
        registers: General registers, ``rip`` and ``rflags`` by name, at the end.
        seconds: From the first instruction to the last exit.
        source: Always LIVE: both backends execute the guest now.
    """

    backend: str
    processor: str
    mode: str
    end: Reason
    exits: tuple[Exit, ...]
    console: str
    registers: Mapping[str, int] = field(repr=False)
    seconds: float
    source: Source = Source.LIVE

    def count(self, reason: Reason) -> int:
        """How many exits had that reason."""
        return next((row.count for row in self.exits if row.reason is reason), 0)

    def __str__(self) -> str:
        """A table: a line for each reason."""
        lines = [f"a guest in {self.mode} mode, on {self.processor}: {self.source}"]
        lines.append(f"{'VM exit':<16}{'count':>8}{'µs each':>12}")
        lines += [f"{row.reason:<16}{row.count:>8}{row.seconds / row.count * 1e6:>12.1f}" for row in self.exits]
        return "\n".join(lines)

    __repr__ = __str__
