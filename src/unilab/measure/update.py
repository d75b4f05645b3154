"""A service replaced by its next version: how long building takes, and how long nobody answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from unilab.measure.service import fetch, serve, web
from unilab.toolchain import build


@dataclass(frozen=True, slots=True)
class Update:
    """What it took.

    Attributes:
        architecture: What the service runs as.
        build_seconds: To compile and link the next version, while the last one still serves.
        down_seconds: From the last answer of the one to the first answer of the other.
        before: What the one answered to /status.
        after: What the other did.
    """

    architecture: str
    build_seconds: float
    down_seconds: float
    before: bytes
    after: bytes

    def __repr__(self) -> str:
        """One line."""
        built, down = f"built in {self.build_seconds:.2f} s", f"nobody answered for {self.down_seconds:.3f} s"
        return f"{self.architecture}: {built}, then {down}"


def update(old: str | Path, new: str | Path, on: str = "unikernel", *, machine: str | None = None) -> Update:
    """Serve with one program, build another, and put it in the place of the first.

    Args:
        old: A web server as ``compare`` takes it.
        new: Its next version.
        on: ``process``, ``container``, ``linux`` or ``unikernel``.
        machine: QEMU's machine type, for guests.

    Raises:
        CompileError: One of them does not compile; the old one is ended all the same.
        MachineError: One of them does not serve.
    """
    with serve(web(old), on, machine=machine) as server:
        begin = time.monotonic()
        image = build(new, on)
        built = time.monotonic() - begin
        before = fetch(server.port)
        last = time.monotonic()
    with serve(web(image), on, machine=machine) as server:
        down = time.monotonic() - last
        return Update(on, built, down, before, fetch(server.port))
