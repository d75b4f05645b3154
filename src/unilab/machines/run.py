"""``run(program, on=architecture)``: the one idea that carries the software."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from unilab import toolchain
from unilab.errors import CourseError
from unilab.machines import accelerator as accelerators
from unilab.machines.backtrace import Symboliser
from unilab.machines.console import Console
from unilab.machines.machine import Machine
from unilab.machines.process import Process
from unilab.machines.qemu import MACHINES
from unilab.machines.result import Result
from unilab.machines.unikernel import Unikernel
from unilab.toolchain import Image

#: MiB. All of it then lies below the hole for devices, on every machine: physical addresses count from its beginning.
MOST_MEMORY = 2048
#: Seconds: a day.
LONGEST = 86_400


def start(
    program: str | Path | Image,
    on: str = "unikernel",
    *,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    machine: str = "microvm",
    accelerator: str = "auto",
    memory: int = 64,
    deadline: float = 300.0,
    stop_at: str | None = None,
    on_output: Callable[[str], None] | None = None,
) -> Machine:
    """Build a program if need be, and start it.

    Args:
        program: A C file, or an image from ``build``, whose architecture then counts.
        on: ``unikernel`` or ``process``.
        args: Arguments after the program's own name.
        env: Its environment; empty unless given.
        machine: QEMU's machine type: ``microvm``, ``q35`` or ``pc``. A process has none.
        accelerator: ``auto``, ``tcg`` or ``kvm``. A process has none.
        memory: MiB: a unikernel's RAM, or the address space a process may fill.
        deadline: Seconds after which it is ended, come what may.
        stop_at: Pause it when it is about to enter this function; ``"exit"``: when it is about to end.
        on_output: Gets each piece of console text as it comes, on another thread.

    Returns:
        The running machine, or the paused one with ``stop_at``. Use it in a ``with`` statement, or ``quit`` it.

    Raises:
        ProgramNotFound, CompileError: As in ``build``.
        QemuMissing: A unikernel needs QEMU.
        StartFailed, DeadlineExceeded, MachineError: It did not start, or did not reach ``stop_at``.
        CourseError: An option makes no sense. The message says which do.
    """
    if not 1 <= memory <= MOST_MEMORY:
        raise CourseError(
            f"{memory} MiB is no amount of memory for a machine", remedy=f"give it 1 to {MOST_MEMORY} MiB"
        )
    if not 0 < deadline <= LONGEST:
        raise CourseError(
            f"a machine cannot run for {deadline} seconds", remedy=f"give it more than 0 and at most {LONGEST}"
        )
    if machine not in MACHINES:
        raise CourseError(f"there is no machine {machine!r}", remedy=f"choose one of {', '.join(MACHINES)}")
    _check_words(args, env or {})
    image = program if isinstance(program, Image) else toolchain.build(program, on)
    console = Console(translate=Symboliser(image.debug), listener=on_output)
    made: Machine
    try:
        if image.architecture == "process":
            made = Process(image, console, args=args, env=env or {}, memory=memory, deadline=deadline, stop_at=stop_at)
        else:
            made = Unikernel(
                image,
                console,
                args=args,
                env=env or {},
                machine=machine,
                accelerator=accelerators.choose(accelerator),
                memory=memory,
                deadline=deadline,
                stop_at=stop_at,
            )
    except KeyError as error:
        raise CourseError(
            f"{image.program.name} has no function {stop_at!r} to stop at",
            remedy='name a function that is linked into it, or "exit"',
        ) from error
    return made.start()


def run(
    program: str | Path | Image,
    on: str = "unikernel",
    *,
    input: str = "",
    check: bool = True,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    machine: str = "microvm",
    accelerator: str = "auto",
    memory: int = 64,
    deadline: float = 30.0,
    on_output: Callable[[str], None] | None = None,
) -> Result:
    """Build a program if need be, run it to its end, and give back what it did.

    The arguments are those of ``start``, and two more: ``input`` is typed on its console, followed by the end of the
    file; ``check`` raises if it crashed. A program that ends with a status other than 0 has not crashed.

    Raises:
        GuestPanic, MachineError: With ``check``: it crashed, or a signal ended it.
        DeadlineExceeded: It did not end in time.
        CourseError: As for ``start``.
    """
    running = start(
        program,
        on,
        args=args,
        env=env,
        machine=machine,
        accelerator=accelerator,
        memory=memory,
        deadline=deadline,
        on_output=on_output,
    )
    with running:
        if input:
            # On a thread of its own: the program may print much before it reads, and we must not wait for it.
            threading.Thread(target=_type, args=(running, input), daemon=True).start()
        else:
            _type(running, input)
        running.wait(check=check)
        return running.result()


def _type(machine: Machine, text: str) -> None:
    # A program that ends without reading its input is no error.
    with contextlib.suppress(CourseError, OSError):
        if text:
            machine.send(text)
        machine.send_eof()


def _check_words(args: Sequence[str], env: Mapping[str, str]) -> None:
    if any("\0" in word for word in (*args, *env, *env.values())):
        raise CourseError("an argument has a NUL in it, which would be its end", remedy="leave it out")
    for name in env:
        if not name or "=" in name:
            raise CourseError(f"{name!r} cannot be the name of a variable", remedy="give it a name without =")
