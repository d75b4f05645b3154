"""``observe(program, on=architecture)``: run a program and look at its address space, or show a recording of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unilab.errors import CourseError, Unavailable
from unilab.machines import recordings
from unilab.machines.devices import Disk
from unilab.machines.files import Files
from unilab.machines.machine import EXIT
from unilab.machines.network import Network
from unilab.machines.recorded_extras import EXTRAS
from unilab.machines.result import Result
from unilab.machines.run import start
from unilab.spaces.model import AddressSpace, Source
from unilab.toolchain import Image

#: Seconds, for a machine that is looked at on the way.
_DEADLINE = 60.0


@dataclass(frozen=True, slots=True)
class Observation:
    """One run of one program, and its address space at one moment of it.

    Attributes:
        result: What the program did.
        space: Its address space when it was stopped.
        spaces: All there were in the machine then, the program's first.
        why_recorded: Why it could not be seen live; empty if it was.
    """

    result: Result
    space: AddressSpace
    spaces: tuple[AddressSpace, ...] = ()
    why_recorded: str = ""

    @property
    def source(self) -> Source:
        """LIVE, or RECORDED where this host cannot run the program so."""
        return self.space.source

    @property
    def console(self) -> str:
        """Everything it printed."""
        return self.result.console

    def __repr__(self) -> str:
        """One line: what ran, on what, and how it ended."""
        result = self.result
        return (
            f"<{self.space.name}: {self.source}, exit status {result.exit_status}, {len(self.space.regions)} regions>"
        )


def observe(
    program: str | Path | Image,
    on: str = "unikernel",
    *,
    stop_at: str = EXIT,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    machine: str | None = None,
    memory: int | None = None,
    files: Files | None = None,
    initrd: str | Path | None = None,
    disks: Sequence[str | Path | Disk] = (),
    network: Network | None = None,
    entropy: bool = False,
    kernel_options: Sequence[str] = (),
) -> Observation:
    """Run a program, look at its address space when it is about to enter a function, and let it run to its end.

    Args:
        program: A C file, or an image from ``build``.
        on: As for ``start``.
        stop_at: The function; by default the moment before its end, when everything it made is still there.
        args: Arguments after the program's own name.
        env: Its environment; empty unless given.
        machine: QEMU's machine type, as for ``start``.
        memory: MiB, as for ``start``.
        files: A folder or files that it finds where it starts, as for ``start``.
        initrd: A file in a unikernel's memory.
        disks: Files that are a unikernel's disks.
        network: What its network card is connected to.
        entropy: It has a device that makes random bytes.
        kernel_options: Words for a Linux guest's kernel, such as ``pti=on``.

    Returns:
        The run and the address space: LIVE, or RECORDED where this host cannot run the program so and a recording of
        a program of that name ships with the package.

    Raises:
        Unavailable: This host cannot run it, and there is no recording.
        CourseError: As for ``run``.
    """
    try:
        with start(
            program,
            on,
            stop_at=stop_at,
            args=args,
            env=env,
            machine=machine,
            memory=memory,
            files=files,
            initrd=initrd,
            disks=disks,
            network=network,
            entropy=entropy,
            kernel_options=kernel_options,
            deadline=_DEADLINE,
        ) as running:
            spaces = running.address_spaces()
            running.resume()
            running.wait()
            return Observation(running.result(), spaces[0], spaces)
    except Unavailable as error:
        name = program.program if isinstance(program, Image) else Path(program)
        file = recordings.file_of(name.stem, program.architecture if isinstance(program, Image) else on)
        if file is None:
            raise
        return replace(load(file), why_recorded=error.message)


def load(file: Path) -> Observation:
    """Read a recording.

    Raises:
        LayoutError: The file is none.
    """
    found = recordings.load(file)
    return Observation(found.result, found.spaces[0], found.spaces)


def record(program: Path, on: str, *, say: Callable[[str], None] = lambda line: None) -> Path:
    """Observe a program here and now, and keep it as the recording of its name.

    Args:
        program: A C file.
        on: The architecture.
        say: Told what of the rest (``EXTRAS``) could not be recorded, and why.

    Raises:
        Unavailable: This host cannot run it.
        CourseError: As for ``observe``.
    """
    extras: dict[str, Sequence[object]] = {}
    with start(program, on, stop_at=EXIT, deadline=_DEADLINE) as running:
        spaces = running.address_spaces()
        for name, extra in EXTRAS.items():
            try:
                values = extra.of(running)
            except CourseError as error:
                say(f"{name} of {program.name} as a {on}: {error}")
            else:
                extras |= {name: values} if values else {}
        running.resume()
        running.wait()
        return recordings.save(program.stem, on, running.result(), spaces, extras)
