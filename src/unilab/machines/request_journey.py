"""``request_journey(server, on=architecture)``: what happens to an HTTP request between the wire and the wire.

The server runs, and a client of this host has connected. The guest stands still while the request is written, and then
runs at speed with QEMU's log on. The journey is what its processor did from the interrupt that told of the request's
frame until the first frame of the answer was handed to the card.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from unilab import toolchain
from unilab.errors import CourseError, MachineError, Unavailable
from unilab.machines import qemu, recordings, steady
from unilab.machines.devices import Devices
from unilab.machines.files import Files
from unilab.machines.files import read as read_files
from unilab.machines.network import Forward, UserNetwork
from unilab.machines.request_client import Client, Patience
from unilab.machines.request_follower import PORT, Follower
from unilab.machines.virtual_machine import VirtualMachine
from unilab.machines.web import wait_until_it_speaks
from unilab.spaces.exchange import Exchange
from unilab.spaces.model import Source
from unilab.toolchain import Image

#: What ships as a recording: servers of ``notebooks/programs``, and what each ran as.
RECORDED = (("httpd.c", "linux"), ("httpd.c", "unikernel"))
RECORDED_PATH, RECORDED_FILES = "/", "www"
_WHAT = "request"
ARCHITECTURES = ("linux", "unikernel")
_DEADLINE = 300.0


def request_journey(
    program: str | Path | Image,
    on: str = "unikernel",
    *,
    path: str = "/",
    args: Sequence[str] = (),
    files: Files | None = None,
    whole: bool = False,
    machine: str | None = None,
) -> Exchange:
    """Follow one HTTP request of a server, function by function, with the packets beside it.

    The server has answered the same request once before, on another connection, so nothing happens for the first time.

    Args:
        program: A server that listens on port 80 and keeps connections open: a C file, or an image, whose architecture
            then counts.
        on: ``unikernel`` or ``linux``.
        path: What is asked for.
        args: Arguments after the program's own name.
        files: What it finds where it starts, as for ``start``.
        whole: Follow the connection's beginning and end, too.
        machine: QEMU's machine type, as for ``start``.

    Returns:
        The exchange. How it was measured is in its journeys' ``method``.

    Raises:
        CompileError, ProgramNotFound: As in ``build``.
        Unavailable: This host cannot run it so.
        MachineError: The server does not answer, or ends.
        CourseError: An argument makes no sense.
    """
    architecture = program.architecture if isinstance(program, Image) else on
    if architecture not in ARCHITECTURES:
        raise CourseError(
            f"no request can be followed on {architecture!r}", remedy=f"choose one of {', '.join(ARCHITECTURES)}"
        )
    if machine is not None and machine not in qemu.MACHINES:
        raise CourseError(f"there is no machine {machine!r}", remedy=f"choose one of {', '.join(qemu.MACHINES)}")
    if not path.startswith("/") or not path.isprintable() or " " in path:
        raise CourseError(f"{path!r} is no path to ask for", remedy="give one that begins with a slash, without blanks")
    image = program if isinstance(program, Image) else toolchain.build(program, architecture)
    devices = Devices(network=UserNetwork((Forward(0, PORT),)), files={} if files is None else read_files(files))
    makes: Callable[[], VirtualMachine] = partial(
        steady.unikernel if architecture == "unikernel" else partial(steady.linux, stop_at=None),
        image,
        args=args,
        env={},
        machine=machine or ("microvm" if architecture == "unikernel" else "q35"),
        deadline=_DEADLINE,
        devices=devices,
    )
    try:
        made = makes()
    except Unavailable:
        recorded = load(image.program.stem, architecture)
        if path != RECORDED_PATH or whole or recorded is None:
            raise
        return recorded
    with made as running:
        running.start()
        _warm_up(running, path)
        return Follower(running, architecture, path).exchange(whole=whole)


def load(stem: str, on: str) -> Exchange | None:
    """The recorded exchange of a server, by its file's name without ``.c``; None if there is none.

    Raises:
        LayoutError: The file is no recording.
    """
    return recordings.load_value(Exchange, stem, on, _WHAT)


def record(program: Path, on: str) -> Path:
    """Follow a request of a server, here and now, and keep that as the recording of its name.

    Raises:
        Unavailable: This host cannot run it so.
    """
    seen = request_journey(program, on, path=RECORDED_PATH, files=program.parent / RECORDED_FILES)
    if seen.journey.source is not Source.LIVE:
        raise Unavailable(f"{program.name} cannot be recorded here: this host cannot run it as a {on}")
    return recordings.save_value(program.stem, on, _WHAT, seen)


def _warm_up(running: VirtualMachine, path: str) -> None:
    """Have the server answer once. Linux takes a while to get to it."""
    wait_until_it_speaks(running)
    clock = Patience("the server does not answer")
    while True:
        with (
            contextlib.suppress(OSError, MachineError),
            contextlib.closing(Client(running.host_port(PORT), path)) as client,
        ):
            if client.ask():
                return
        clock.wait(running)
