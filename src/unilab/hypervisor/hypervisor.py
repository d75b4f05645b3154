"""``Hypervisor``: memory, devices, and a loop that lets a guest run and answers its exits."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from unilab.errors import CourseError, DeadlineExceeded, MachineError
from unilab.hypervisor import probe
from unilab.hypervisor.assembly import GUESTS, assemble, guest
from unilab.hypervisor.emulated import Emulated
from unilab.hypervisor.kvm import Kvm
from unilab.hypervisor.ledger import Ledger
from unilab.hypervisor.state import ENTRY, State, long_mode, real_mode
from unilab.hypervisor.values import Access, Answer, GuestRun, Reason, Stop

BACKENDS = ("auto", "kvm", "emulated")
#: The port of the first serial line, where a PC's firmware and kernels write what they have to say.
CONSOLE = 0x3F8
#: MiB. Page tables are in pages of 2 MiB; and a guest of a few instructions has no use for more.
_LEAST_MEMORY, _MOST_MEMORY = 2, 64
#: Seconds.
_LONGEST = 600.0

Write = Callable[[int], object]
Read = Callable[[], int]


class Backend(Protocol):
    """What executes instructions."""

    name: str
    processor: str

    def run(self, memory: mmap.mmap, state: State, ledger: Ledger, deadline: float) -> Stop:
        """As ``Kvm.run``."""


class Hypervisor:
    """A virtual machine with one processor, some RAM from address 0 on, and the devices you give it.

    Args:
        backend: ``kvm``: the host's processor, out of /dev/kvm; ``emulated``: Unicorn; ``auto``: KVM where it works.
        memory: MiB of RAM, an even number.

    Raises:
        CourseError: There is no such backend, or no such amount of memory.

    A guest that writes to port 0x3f8 finds a console there. Everything else is for ``on_port`` and ``on_memory``:

    >>> from unilab.hypervisor import Hypervisor
    >>> machine = Hypervisor()
    >>> machine.on_port(0x10, read=lambda: 42)
    """

    def __init__(self, backend: str = "auto", *, memory: int = 2) -> None:
        if backend not in BACKENDS:
            raise CourseError(f"there is no backend {backend!r}", remedy=f"choose one of {', '.join(BACKENDS)}")
        if memory % 2 or not _LEAST_MEMORY <= memory <= _MOST_MEMORY:
            raise CourseError(
                f"{memory} MiB is no amount of memory for this machine",
                remedy=f"give it an even number of MiB from {_LEAST_MEMORY} to {_MOST_MEMORY}",
            )
        if backend == "auto":
            backend = probe.probe().name
        self._backend: Backend = Kvm() if backend == "kvm" else Emulated()
        #: The guest's RAM, from physical address 0 on: read it, write it.
        self.memory = mmap.mmap(-1, memory << 20)
        self._console = bytearray()
        self._ports: dict[int, tuple[Read | None, Write | None]] = {}
        self._ranges: list[tuple[range, Answer]] = []
        self._busy = threading.Lock()
        self.on_port(CONSOLE, write=self._print)

    @property
    def backend(self) -> str:
        """Which one executes guests: ``kvm`` or ``emulated``."""
        return self._backend.name

    @property
    def processor(self) -> str:
        """The same, in words."""
        return self._backend.processor

    def on_port(self, port: int, *, read: Read | None = None, write: Write | None = None) -> None:
        """Put a device at a port, in place of what is there.

        Args:
            port: 0 to 0xffff.
            read: Called for an ``in``; gives what it reads.
            write: Called for an ``out`` with the value written.

        Raises:
            CourseError: There is no such port.
        """
        if not 0 <= port <= 0xFFFF:
            raise CourseError(f"there is no port {port:#x}", remedy="give a number from 0 to 0xffff")
        self._ports[port] = (read, write)

    def on_memory(self, address: int, size: int, answer: Answer) -> None:
        """Put a device at physical addresses where there is no RAM.

        Args:
            address: The first, bytes.
            size: How many bytes.
            answer: Called for each load and store with the ``Access``; for a load it gives what is read.

        Raises:
            CourseError: There is RAM, or another device, or nothing below 4 GiB.
        """
        wanted = range(address, address + size)
        if size <= 0 or address < len(self.memory) or wanted.stop > 1 << 32:
            raise CourseError(
                f"no device can be at {address:#x}, {size} bytes long",
                remedy=f"choose addresses between the end of RAM, {len(self.memory):#x}, and 4 GiB",
            )
        for there, _ in self._ranges:
            if there.start < wanted.stop and wanted.start < there.stop:
                raise CourseError(f"there is a device at {there.start:#x} already", remedy="choose other addresses")
        self._ranges.append((wanted, answer))

    def run(
        self,
        code: bytes | str | Path,
        mode: str | State = "real",
        *,
        deadline: float = 5.0,
        check: bool = True,
    ) -> GuestRun:
        """Load a guest, run it until it halts, and tell what it took.

        Args:
            code: A ``.S`` file, one of the package's guests by name, or the bytes themselves.
            mode: ``real``: 16-bit code; ``long``: 64-bit code, with page tables in place; or a ``State`` of your own.
            deadline: Seconds after which it is ended.
            check: Raise if it ends otherwise than by ``hlt``.

        Raises:
            CompileError, ProgramNotFound: As in ``assemble``.
            DeadlineExceeded: Its time was up.
            MachineError: With ``check``: it ended in a triple fault, or KVM gave up on it. Always: it asked for a
                device that is not there.
            Unavailable: This host's KVM refuses.
            CourseError: An argument makes no sense.
        """
        if not 0 < deadline <= _LONGEST:
            raise CourseError(f"a guest cannot run for {deadline} seconds", remedy=f"give it at most {_LONGEST:g}")
        with self._busy:
            self._load(_bytes(code))
            state = self._state(mode)
            self._console.clear()
            ledger = Ledger(self._answer)
            stop = self._backend.run(self.memory, state, ledger, deadline)
            run = GuestRun(
                backend=self.backend,
                processor=self.processor,
                mode=state.mode,
                end=stop.reason or Reason.INTERNAL_ERROR,
                exits=ledger.exits(),
                console=self._console.decode("utf-8", "replace"),
                registers=stop.registers,
                seconds=ledger.seconds,
            )
        if stop.reason is None:
            raise DeadlineExceeded(
                f"the guest was still running after {deadline:g} seconds and was ended, at rip "
                f"{stop.registers['rip']:#x}, after {sum(row.count for row in run.exits)} exits",
                console=run.console,
                remedy="if it needs longer, give a larger deadline; if it never reaches its hlt, look for a loop",
            )
        if check and stop.reason is not Reason.HLT:
            raise _failure(stop, run)
        return run

    def _load(self, code: bytes) -> None:
        room = len(self.memory) - ENTRY
        if not 0 < len(code) <= room:
            raise CourseError(f"a guest of {len(code)} bytes cannot be loaded: there is room for 1 to {room}")
        self.memory[ENTRY : ENTRY + len(code)] = code

    def _state(self, mode: str | State) -> State:
        if isinstance(mode, State):
            return mode
        if mode not in ("real", "long"):
            raise CourseError(f"there is no mode {mode!r}", remedy="choose real or long")
        return real_mode() if mode == "real" else long_mode(self.memory)

    def _answer(self, access: Access) -> int:
        """Ask the device."""
        if access.reason is Reason.IO and access.address in self._ports:
            read, write = self._ports[access.address]
            if access.write and write is not None:
                write(access.value)
                return 0
            if not access.write and read is not None:
                return read()
        for there, answer in self._ranges if access.reason is Reason.MMIO else ():
            if access.address in there:
                return answer(access)
        call = "on_port" if access.reason is Reason.IO else "on_memory"
        raise MachineError(
            f"the guest {access}, and no device is there to answer",
            console=self._console.decode("utf-8", "replace"),
            remedy=f"give the hypervisor one with {call}, or mend the guest's address",
        )

    def _print(self, value: int) -> None:
        self._console.append(value & 0xFF)


def _bytes(code: bytes | str | Path) -> bytes:
    if isinstance(code, bytes):
        return code
    return guest(code) if isinstance(code, str) and code in GUESTS else assemble(code)


def _failure(stop: Stop, run: GuestRun) -> MachineError:
    detail = f": {stop.detail}" if stop.detail else ""
    if stop.reason is Reason.SHUTDOWN:
        return MachineError(
            "the guest's processor shut down by a triple fault: an exception happened, there is no handler for it, "
            f"and none for that either{detail}",
            console=run.console,
            remedy="look for an instruction that is none, or an address that no page table maps"
            + ("" if stop.detail else '; backend="emulated" tells which instruction it was'),
        )
    if stop.reason is Reason.FAIL_ENTRY:
        return MachineError(
            f"the processor refuses the state that the guest was to start in{detail}",
            remedy="check the control registers and segments against each other",
        )
    return MachineError(
        f"the guest cannot go on{detail or ', and KVM does not say why'}",
        console=run.console,
        remedy="look for a jump to an address where there is no code",
    )
