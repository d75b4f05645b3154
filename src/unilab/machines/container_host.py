"""Whether this host lets us build containers, and the program that builds them."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache as memoize
from pathlib import Path

from unilab.errors import CourseError
from unilab.machines import container_facts
from unilab.toolchain import Image, build, zig

#: ``host`` or ``guest`` there decides where containers run, whatever this host allows.
OVERRIDE = "UNILAB_CONTAINER"
#: Seconds for what takes a twentieth of one.
_PATIENCE = 30
_KERNEL_HEADERS = ("x86-linux-any", "any-linux-any")


def contain() -> Image:
    """The program that builds a container around another: guest/contain/contain.c."""
    return build(Path(__file__).parent / "guest" / "contain" / "contain.c", "process", cflags=kernel_headers())


def kernel_headers() -> list[str]:
    """Flags for a program that uses Linux's own headers, which programs of the course do without."""
    headers = zig.home() / "lib" / "libc" / "include"
    return [word for name in _KERNEL_HEADERS for word in ("-isystem", str(headers / name))]


def wanted() -> str:
    """Where the environment variable says that containers run: ``host``, ``guest``, or nothing.

    Raises:
        CourseError: It says something else.
    """
    choice = os.environ.get(OVERRIDE, "")
    if choice not in ("", "host", "guest"):
        raise CourseError(f"{OVERRIDE} says {choice!r}", remedy="set it to host or guest, or not at all")
    return choice


def forbidden() -> str:
    """Why containers cannot run on this host; empty if they can.

    Raises:
        CourseError: The environment variable that decides it says neither ``host`` nor ``guest``.
    """
    choice = wanted()
    if choice == "guest":
        return f"{OVERRIDE}=guest asks for it"
    return "" if choice == "host" else _probe()


@memoize
def _probe() -> str:
    """Build a container, whole, without a program in it: what a host forbids differs, and is found out so."""
    if sys.platform != "linux":
        return "this host is no Linux"
    path = str(contain().path)
    try:
        ran = subprocess.run(
            [path, "--probe", "--report", "2", path, "probe"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"this host cannot build one: {error}"
    if ran.returncode == 0:
        return ""
    return f"this host forbids it: {container_facts.failure(ran.stderr) or f'exit status {ran.returncode}'}"
