"""``observe(program, on=architecture)``: run a program and look at its address space, or show a recording of it."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from unilab.errors import LayoutError, Unavailable
from unilab.machines import qemu
from unilab.machines.devices import Disk
from unilab.machines.files import Files
from unilab.machines.machine import EXIT
from unilab.machines.network import Network
from unilab.machines.result import Result
from unilab.machines.run import start
from unilab.spaces import recording
from unilab.spaces.model import AddressSpace, Source
from unilab.toolchain import Image

RECORDINGS = Path(__file__).resolve().parent.parent / "recordings"
#: What ships as a recording: programs of ``notebooks/programs``, and what each ran as.
RECORDED = (("hello.c", "process"), ("hello.c", "unikernel"))


@dataclass(frozen=True, slots=True)
class Observation:
    """One run of one program, and its address space at one moment of it.

    Attributes:
        result: What the program did.
        space: Its address space when it was stopped.
    """

    result: Result
    space: AddressSpace

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
) -> Observation:
    """Run a program, look at its address space when it is about to enter a function, and let it run to its end.

    Args:
        program: A C file, or an image from ``build``.
        on: ``unikernel`` or ``process``.
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
            deadline=60.0,
        ) as running:
            space = running.address_space()
            running.resume()
            running.wait()
            return Observation(running.result(), space)
    except Unavailable:
        name = program.program if isinstance(program, Image) else Path(program)
        file = _file(name.stem, program.architecture if isinstance(program, Image) else on)
        if not file.exists():
            raise
        return load(file)


def load(file: Path) -> Observation:
    """Read a recording.

    Raises:
        LayoutError: The file is none.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        origin = f"recorded {data['recorded']} on {data['host']}"
        return Observation(Result(**data["result"]), recording.from_json(data["space"], origin=origin))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LayoutError(f"{file.name} is no recording: {error!r}") from error


def record(program: Path, on: str) -> Path:
    """Observe a program here and now, and keep it as the recording of its name.

    Raises:
        Unavailable: This host cannot run it.
        CourseError: As for ``observe``.
    """
    seen = observe(program, on)
    if seen.source is not Source.LIVE:
        raise Unavailable(f"{program.name} cannot be recorded here: this host cannot run it as a {on}")
    data: dict[str, object] = {
        "recorded": datetime.now(UTC).date().isoformat(),
        "host": _host(),
        # Paths say where this host keeps things, and nothing about the program.
        "result": asdict(seen.result) | {"program": program.name, "image": Path(seen.result.image).name},
        "space": recording.to_json(seen.space),
    }
    file = _file(program.stem, on)
    file.parent.mkdir(exist_ok=True)
    file.write_text(recording.dumps(data), encoding="utf-8")
    return file


def _file(stem: str, on: str) -> Path:
    return RECORDINGS / f"{stem}.{on}.json"


def _host() -> str:
    version = ".".join(map(str, qemu.find().version))
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{platform.system()} {kernel} {platform.machine()}, QEMU {version}"
