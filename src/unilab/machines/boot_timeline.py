"""``boot_timeline(program, on=architecture)``: what happened when, from the start of QEMU to the program's end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import capstone

from unilab import toolchain
from unilab.architectures import in_words
from unilab.errors import CourseError, LayoutError, MachineError, Unavailable
from unilab.machines import accelerator as accelerators
from unilab.machines import qemu, recordings
from unilab.machines.backtrace import Symboliser
from unilab.machines.console import Console
from unilab.machines.devices import Devices
from unilab.machines.gdbstub import DebugStub
from unilab.machines.linux_guest import LinuxGuest
from unilab.machines.unikernel import FIRST_INSTRUCTION as ENTRY_POINT
from unilab.machines.unikernel import Unikernel
from unilab.spaces import boot_timeline as model
from unilab.spaces.boot_timeline import BootTimeline, BoundaryEvent
from unilab.spaces.model import Source
from unilab.toolchain import Image

ARCHITECTURES = ("linux", "unikernel")
_WHAT = "boot"
#: What ships as a recording: programs of ``notebooks/programs``, and what each ran as.
RECORDED = (("hello.c", "linux"), ("hello.c", "unikernel"))
#: Where a bzImage's 32-bit code is loaded and entered. Source: Linux, Documentation/arch/x86/boot.rst.
_LINUX_ENTRY = 0x100000
#: The first function of the library OS in C.
_FIRST_IN_C = "libos_start"
#: Bytes of boot.S before the processor is in long mode: more than there are.
_BOOT_CODE = 512
_DEADLINE = 300.0
_METHOD = "stops at breakpoints of its gdb stub, and the serial line; the time it stood at them is taken out"


class _Watch:
    """Takes times of a machine, without those that it stands still.

    Args:
        age: Seconds since the machine was started.
    """

    def __init__(self, age: Callable[[], float]) -> None:
        self._age = age
        self._stopped_at: float | None = None
        self.stood = 0.0
        self.events = [BoundaryEvent(model.QEMU_STARTED, 0.0)]

    def stops(self, name: str, detail: str) -> None:
        """The machine has just stopped, at an event."""
        self._stopped_at = self._age()
        self.events.append(BoundaryEvent(name, self._stopped_at - self.stood, detail))

    def runs(self) -> None:
        """It is about to run on."""
        if self._stopped_at is not None:
            self.stood += self._age() - self._stopped_at
            self._stopped_at = None

    def adds(self, name: str, seconds: float | None, detail: str) -> None:
        """Something that was timed by somebody else, who does not know of the stops; None if it never happened."""
        if seconds is not None:
            self.events.append(BoundaryEvent(name, seconds - self.stood, detail))


def boot_timeline(
    program: str | Path | Image,
    on: str = "unikernel",
    *,
    machine: str | None = None,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> BootTimeline:
    """Boot a program, and take the time of everything on the way.

    Args:
        program: A C file, or an image from ``build``, whose architecture then counts.
        on: ``unikernel`` or ``linux``.
        machine: QEMU's machine type: ``microvm``, ``q35`` or ``pc``; as for ``start`` unless given.
        args: Arguments after the program's own name.
        env: Its environment; empty unless given.

    Returns:
        The timeline: LIVE, or RECORDED where this host cannot run the program so and a recording of it ships with the
        package.

    Raises:
        CompileError, ProgramNotFound: As in ``build``.
        Unavailable: This host cannot run it so, and there is no recording.
        MachineError: It ended before it reached ``main``.
        CourseError: Nothing boots there.
    """
    architecture = program.architecture if isinstance(program, Image) else on
    if architecture not in ARCHITECTURES:
        raise CourseError(
            f"nothing boots for a program on {architecture!r}", remedy=f"choose one of {', '.join(ARCHITECTURES)}"
        )
    image = program if isinstance(program, Image) else toolchain.build(program, architecture)
    machine = machine or ("q35" if architecture == "linux" else "microvm")
    if machine not in qemu.MACHINES:
        raise CourseError(f"there is no machine {machine!r}", remedy=f"choose one of {', '.join(qemu.MACHINES)}")
    try:
        timed = (_Linux if architecture == "linux" else _Unikernel)(image, machine, args, env or {})
        with timed:
            timed.start()
            timed.go_on()
    except Unavailable:
        recorded = load(image.program.stem, architecture)
        if recorded is None:
            raise
        return recorded
    version = ".".join(map(str, qemu.find().version))
    return BootTimeline(
        f"{image.program.stem} {in_words(architecture)} on {machine}",
        architecture,
        tuple(sorted(timed.watch.events, key=lambda event: event.seconds)),
        f"QEMU {version}, {machine}, {timed.accelerator}: {_METHOD}",
        Source.LIVE,
        datetime.now().astimezone().isoformat(timespec="seconds"),
    )


class _Unikernel(Unikernel):
    """A unikernel that is timed."""

    def __init__(self, image: Image, machine: str, args: Sequence[str], env: Mapping[str, str]) -> None:
        super().__init__(
            image,
            Console(translate=Symboliser(image.debug)),
            args=args,
            env=env,
            machine=machine,
            accelerator=accelerators.choose(),
            memory=64,
            deadline=_DEADLINE,
            stop_at=ENTRY_POINT,
            devices=Devices(),
        )
        self.watch = _Watch(lambda: time.monotonic() - self._live_keeper().begin)

    def _run_to_stop(self) -> None:
        _note_reset(self.watch, self._debugger)
        super()._run_to_stop()
        entry = self.symbols.address(ENTRY_POINT)
        self.watch.stops(model.KERNEL_ENTERED, f"breakpoint at {ENTRY_POINT}, {entry:#x}")

    def go_on(self) -> None:
        """From the kernel's first instruction to the end."""
        entry = self.symbols.address(ENTRY_POINT)
        paging = _after_paging(entry, self.look(entry, _BOOT_CODE))
        for name, address, where in (
            (model.PAGING_ON, paging, "the instruction after the one that sets CR0.PG"),
            (model.C_ENTERED, self.symbols.address(_FIRST_IN_C), _FIRST_IN_C),
            (model.MAIN_ENTERED, self.symbols.address("main"), "main"),
        ):
            self.watch.runs()
            self.run_to(address)
            self.watch.stops(name, f"breakpoint at {where}, {address:#x}")
        self.watch.runs()
        self.resume()
        _finish(self)


class _Linux(LinuxGuest):
    """A Linux guest that is timed."""

    def __init__(self, image: Image, machine: str, args: Sequence[str], env: Mapping[str, str]) -> None:
        super().__init__(
            image,
            Console(),
            args=args,
            env=env,
            machine=machine,
            accelerator=accelerators.choose(),
            memory=256,
            deadline=_DEADLINE,
            stop_at="main",
            devices=Devices(),
        )
        self.watch = _Watch(lambda: time.monotonic() - self._live_keeper().begin)

    def _run_to_stop(self) -> None:
        stub = self._debugger
        assert stub is not None
        _note_reset(self.watch, stub)
        if not stub.run_to(_LINUX_ENTRY):
            raise self._error("the guest ended before its kernel was entered")
        self.watch.stops(model.KERNEL_ENTERED, f"breakpoint at the bzImage's 32-bit entry, {_LINUX_ENTRY:#x}")
        self.watch.runs()
        super()._run_to_stop()

    def _run_to_place(self, place: str, debugger: DebugStub) -> bool:
        # It stands still, since its first process has said that it is ready.
        self.watch.stops(model.FIRST_PROCESS, "second serial line")
        self.kernel()  # takes as long as it takes
        self.watch.runs()
        reached = super()._run_to_place(place, debugger)
        self.watch.stops(model.MAIN_ENTERED, f"breakpoint at main, {self._stop_address or 0:#x}, in the program")
        return reached

    def go_on(self) -> None:
        """From the program's first instruction to the end."""
        self.watch.runs()
        self.resume()
        _finish(self)


def _note_reset(watch: _Watch, stub: DebugStub | None) -> None:
    """QEMU has made its machine as soon as its stub answers; the processor has yet to begin."""
    if stub is None or (rip := stub.rip()) is None:
        raise MachineError("QEMU ended before its machine was there")
    watch.stops(model.FIRST_INSTRUCTION, f"the firmware's, at offset {rip:#x} of the last segment below 4 GiB")
    watch.runs()


def _finish(machine: _Unikernel | _Linux) -> None:
    machine.wait()
    keeper = machine._live_keeper()
    machine.watch.adds(model.FIRST_BYTE, keeper.first_output_seconds, "serial line")
    machine.watch.adds(model.ENDED, keeper.total_seconds, "QEMU has ended")


def _after_paging(start: int, code: bytes) -> int:
    """The address behind the instruction of boot.S that turns paging on."""
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_32)
    for address, size, mnemonic, operands in engine.disasm_lite(code, start):
        if mnemonic == "mov" and operands.startswith("cr0,"):
            return int(address + size)
    raise LayoutError("boot.S does not turn paging on where it was expected")


# ---- recordings --------------------------------------------------------------


def load(stem: str, on: str) -> BootTimeline | None:
    """The recorded boot of a program, by its file's name without ``.c``; None if there is none.

    Raises:
        LayoutError: The file is no recording.
    """
    return recordings.load_value(BootTimeline, stem, on, _WHAT)


def record(program: Path, on: str) -> Path:
    """Boot a program here and now, and keep the timeline as the recording of its name.

    Raises:
        Unavailable: This host cannot run it so.
    """
    seen = boot_timeline(program, on)
    if seen.source is not Source.LIVE:
        raise Unavailable(f"{program.name} cannot be recorded here: this host cannot run it as a {on}")
    events = tuple(replace(event, seconds=round(event.seconds, 4)) for event in seen.events)
    return recordings.save_value(program.stem, on, _WHAT, replace(seen, events=events))
