"""``run(program, on=architecture)``: the one idea that carries the software."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from unilab import toolchain
from unilab.errors import CourseError, MachineError
from unilab.machines import accelerator as accelerators
from unilab.machines.backtrace import Symboliser
from unilab.machines.console import Console
from unilab.machines.machine import Machine
from unilab.machines.process import Process
from unilab.machines.qemu import MACHINES
from unilab.machines.result import Result
from unilab.machines.unikernel import Unikernel
from unilab.toolchain import Image


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
    if memory < 1:
        raise CourseError(f"{memory} MiB is no amount of memory", remedy="give it 1 MiB or more")
    if not deadline > 0:
        raise CourseError(f"a deadline of {deadline} seconds is over before it begins", remedy="give it more than 0")
    if machine not in MACHINES:
        raise CourseError(f"there is no machine {machine!r}", remedy=f"choose one of {', '.join(MACHINES)}")
    image = program if isinstance(program, Image) else toolchain.build(program, on)
    console = Console(translate=Symboliser(image.debug), listener=on_output)
    made: Machine
    try:
        if image.architecture == "process":
            made = Process(
                image, console, args=args, env=env or {}, memory=memory, deadline=deadline, stop_at=stop_at
            )
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
    input: str = "",  # noqa: A002 - the word people know from subprocess.run
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

    Args:
        input: What is typed on its console, followed by the end of the file.
        check: Raise if it crashed. A program that ends with a status other than 0 has not crashed.
        program, on, args, env, machine, accelerator, memory, deadline, on_output: As for ``start``.

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
        # On a thread of its own: the program may print much before it reads, and we must not wait for it.
        typist = threading.Thread(target=_type, args=(running, input), daemon=True)
        typist.start()
        running.wait(check=check)
        return running.result()


def _type(machine: Machine, text: str) -> None:
    # A program that ends without reading its input is no error.
    with contextlib.suppress(MachineError, OSError):
        if text:
            machine.send(text)
        machine.send_eof()
