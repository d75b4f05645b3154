from __future__ import annotations

import os
import select
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab.toolchain import Image, build

_PROGRAMS = Path(__file__).parent / "programs"
_HELLO = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"

#: Seconds that nothing here takes, however busy the host is.
LONG = 120.0

BuildProgram = Callable[..., Image]
WaitForEnd = Callable[[int], bool]


@pytest.fixture(scope="session")
def program() -> BuildProgram:
    """Builds one of the programs beside these tests, or the course's first."""

    def build_it(name: str, on: str = "unikernel") -> Image:
        return build(_HELLO if name == "hello" else _PROGRAMS / f"{name}.c", on)

    return build_it


@pytest.fixture
def has_ended() -> WaitForEnd:
    """Waits until a process that is not ours to wait for has ended."""

    def wait(pid: int) -> bool:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([fd], [], [], LONG)[0])
        finally:
            os.close(fd)

    return wait
