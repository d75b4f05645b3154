"""``journey(program, on=architecture)``: what happens between a program's call and the device, function by function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from unilab import toolchain
from unilab.architectures import in_words
from unilab.errors import CourseError, Unavailable
from unilab.machines import guest_journey, process_journey, qemu, recordings, steady
from unilab.machines.devices import Disk
from unilab.machines.files import Files
from unilab.machines.machine import Machine
from unilab.machines.process import Process
from unilab.machines.run import start
from unilab.machines.unikernel import Unikernel
from unilab.spaces import journey_recording
from unilab.spaces.journey import Journey, Step
from unilab.spaces.model import Source
from unilab.spaces.program_places import ProgramPlaces
from unilab.toolchain import Image

ENDS = ("device", "return")
ARCHITECTURES = ("process", "container", "linux", "xen", "unikernel")
#: What the compiler makes of a call of printf whose format is no more than text.
_INSTEAD = {"printf": ("puts", "putchar")}
_DEADLINE = 300.0
_WHAT = "journey"
#: What ships as a recording: programs of ``notebooks/programs``, and what each ran as.
RECORDED = tuple(("hello.c", on) for on in ("linux", "xen", "unikernel", "process", "container"))
RECORDED_UNTIL = "return"


def journey(
    program: str | Path | Image,
    on: str = "unikernel",
    *,
    call: str = "printf",
    until: str = "device",
    vm_exits: bool = False,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    machine: str | None = None,
    files: Files | None = None,
    disks: Sequence[str | Path | Disk] = (),
) -> Journey:
    """Follow the first call of a function down to the device, instruction by instruction.

    Args:
        program: A C file, or an image from ``build``, whose architecture then counts.
        on: ``process``, ``container``, ``linux``, ``xen`` or ``unikernel``.
        call: The function whose first call is followed.
        until: ``device``: to the first byte that is given to the serial line; or ``return``: to the call's end, if that
            byte comes later or never. A process is followed to the end of the system call that writes, since the
            host's devices are out of sight.
        vm_exits: Count each access of a guest to a port as a crossing: under virtualisation, it is one.
        args: Arguments after the program's own name.
        env: Its environment; empty unless given.
        machine: QEMU's machine type, as for ``start``.
        files: What a unikernel finds where it starts, as for ``start``.
        disks: A unikernel's disks, as for ``start``. Then a call that waits for one can be followed to its return: what
            the processor does meanwhile belongs to the journey.

    Returns:
        The journey. How it was measured is in its ``method``.

    Raises:
        CompileError, ProgramNotFound: As in ``build``.
        Unavailable: This host cannot run it so, or lets nobody trace a process.
        MachineError: The program never calls the function, or the call does not end.
        CourseError: An argument makes no sense.
    """
    architecture = program.architecture if isinstance(program, Image) else on
    if architecture not in ARCHITECTURES:
        raise CourseError(
            f"nothing can be followed on {architecture!r}", remedy=f"choose one of {', '.join(ARCHITECTURES)}"
        )
    if until not in ENDS:
        raise CourseError(f"a journey does not end at {until!r}", remedy=f"choose one of {', '.join(ENDS)}")
    if machine is not None and machine not in qemu.MACHINES:
        raise CourseError(f"there is no machine {machine!r}", remedy=f"choose one of {', '.join(qemu.MACHINES)}")
    if (files or disks) and architecture != "unikernel":
        raise CourseError("only a unikernel is followed with files or disks", remedy='follow it on="unikernel"')
    if disks and until != "return":
        raise CourseError("with disks, a call is followed to its end", remedy='follow it until="return"')
    services = ["disk"] if disks else []
    image = program if isinstance(program, Image) else toolchain.build(program, architecture, services=services)
    places = ProgramPlaces.of(image.debug, image.map)
    followed = _linked(places, call)
    if followed is None:
        raise CourseError(
            f"{image.program.name} has no function {call!r} to follow",
            remedy="name a function that it calls and that is linked into it",
        )
    try:
        return _measured(_Wanted(image, places, followed, until, vm_exits, args, env or {}, machine, files, disks))
    except Unavailable:
        recorded = load(image.program.stem, architecture)
        if (call, until, vm_exits) != ("printf", RECORDED_UNTIL, False) or recorded is None:
            raise
        return recorded


def load(stem: str, on: str) -> Journey | None:
    """The recorded journey of a program, by its file's name without ``.c``; None if there is none.

    Raises:
        LayoutError: The file is no recording.
    """
    return recordings.load_value(Journey, stem, on, _WHAT)


def record(program: Path, on: str) -> Path:
    """Follow a program's printf to its end, here and now, and keep that as the recording of its name.

    Raises:
        Unavailable: This host cannot run it so.
    """
    seen = journey(program, on, until=RECORDED_UNTIL)
    if seen.source is not Source.LIVE:
        raise Unavailable(f"{program.name} cannot be recorded here: this host cannot run it as a {on}")
    return recordings.save_value(program.stem, on, _WHAT, seen)


def _measured(wanted: _Wanted) -> Journey:
    architecture = wanted.image.architecture
    running = {"process": _process, "container": _process, "linux": _linux, "xen": _xen, "unikernel": _unikernel}[
        architecture
    ]
    steps, method = running(wanted)
    return Journey(
        name=f"{wanted.call} of {wanted.image.program.stem} {in_words(architecture)}",
        architecture=architecture,
        steps=steps,
        method=method,
        origin=datetime.now().astimezone().isoformat(timespec="seconds"),
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A journey's arguments, looked up."""

    image: Image
    places: ProgramPlaces
    call: str
    until: str
    vm_exits: bool
    args: Sequence[str]
    env: Mapping[str, str]
    machine: str | None
    files: Files | None
    disks: Sequence[str | Path | Disk]


def _linked(places: ProgramPlaces, call: str) -> str | None:
    return next((name for name in (call, *_INSTEAD.get(call, ())) if places.has(name)), None)


def _unikernel(wanted: _Wanted) -> tuple[tuple[Step, ...], str]:
    with _stopped(wanted, wanted.machine or "microvm") as running:
        assert isinstance(running, Unikernel)
        if wanted.disks:
            steps = guest_journey.waiting(running, wanted.places, vm_exits=wanted.vm_exits)
            how = "every instruction from its log, those of other threads too"
            return steps, _method(f"emulated by {_qemu()}, {running.machine}: {how}", wanted)
        steps = guest_journey.unikernel(running, wanted.places, until=wanted.until, vm_exits=wanted.vm_exits)
        how = "every instruction stepped through its gdb stub, while interrupts wait"
        return steps, _method(f"emulated by {_qemu()}, {running.machine}: {how}", wanted)


def _linux(wanted: _Wanted) -> tuple[tuple[Step, ...], str]:
    guest = steady.linux(
        wanted.image,
        args=wanted.args,
        env=wanted.env,
        machine=wanted.machine or "q35",
        stop_at=wanted.call,
        deadline=_DEADLINE,
    )
    with guest as running:
        running.start()
        steps = guest_journey.linux(running, wanted.places, until=wanted.until, vm_exits=wanted.vm_exits)
        kernel = running.kernel().notes.release
        how = "every instruction from its log, with a clock that counts these; what timers and other tasks did is left "
        how += "out"
        return steps, _method(f"Linux {kernel} emulated by {_qemu()}, {running.machine}: {how}", wanted)


def _xen(wanted: _Wanted) -> tuple[tuple[Step, ...], str]:
    guest = steady.xen(
        wanted.image,
        args=wanted.args,
        env=wanted.env,
        machine=wanted.machine or "pc",
        stop_at=wanted.call,
        deadline=_DEADLINE,
    )
    with guest as running:
        running.start()
        steps = guest_journey.xen(running, wanted.places, until=wanted.until, vm_exits=wanted.vm_exits)
        how = (
            "every instruction from its log; what interrupted the domain is left out, and Xen's functions have no names"
        )
        return steps, _method(f"Xen emulated by {_qemu()}, {running.machine}: {how}", wanted)


def _process(wanted: _Wanted) -> tuple[tuple[Step, ...], str]:
    with _stopped(wanted, None) as running:
        if not isinstance(running, Process):
            raise Unavailable("this host cannot run it in a container that could be followed")
        recorded = _recorded_kernel()
        kernel = {} if recorded is None else journey_recording.system_calls(recorded)
        steps, method = process_journey.follow(running, wanted.places, kernel, until=wanted.until)
        if recorded is not None:
            method += (
                f". The kernel's functions, which nobody may watch, are those of {recorded.method.split(':')[0]}, "
            )
            method += f"{recorded.origin}, as far as every terminal has them"
        return steps, method


def _recorded_kernel() -> Journey | None:
    """What a kernel did for the system calls of printf, where that could be watched."""
    return load("hello", "linux")


def _stopped(wanted: _Wanted, machine: str | None) -> Machine:
    return start(
        wanted.image,
        args=wanted.args,
        env=wanted.env,
        machine=machine,
        accelerator="tcg",
        files=wanted.files,
        disks=wanted.disks,
        deadline=_DEADLINE,
        stop_at=wanted.call,
    )


def _method(how: str, wanted: _Wanted) -> str:
    counted = "and is counted as one" if wanted.vm_exits else "which is not counted"
    return f"{how}. Under virtualisation each access to a port would be a VM exit, {counted}"


def _qemu() -> str:
    return f"QEMU {'.'.join(map(str, qemu.find().version))}"
