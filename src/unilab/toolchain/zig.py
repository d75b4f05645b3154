"""The compiler: clang, ld.lld and ar out of PyPI's ``ziglang``, on every host the same.

Also where the sources of musl, the C library, lie: the package carries them.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import subprocess
from collections.abc import Sequence
from functools import cache as memoize
from pathlib import Path

from unilab.errors import ToolchainError
from unilab.toolchain import cache

#: What every object is compiled for, whatever the host is.
TARGET = "x86_64-linux-musl"


@memoize
def home() -> Path:
    """The folder of the ziglang package.

    Raises:
        ToolchainError: It is not installed.
    """
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise ToolchainError("the compiler is missing: the Python package 'ziglang'", remedy="./course doctor")
    return Path(spec.origin).parent


@memoize
def version() -> str:
    """The installed version of ziglang: part of every cache key."""
    return importlib.metadata.version("ziglang")


def executable() -> Path:
    """The one binary that is compiler, linker and archiver."""
    return home() / ("zig.exe" if os.name == "nt" else "zig")


def musl() -> Path:
    """musl's source tree."""
    return home() / "lib" / "libc" / "musl"


def system_includes() -> list[str]:
    """Flags for what a C program includes: clang's own headers and musl's, in that order."""
    headers = home() / "lib" / "libc" / "include"
    folders = [home() / "lib" / "include", headers / TARGET, headers / "generic-musl"]
    return [word for folder in folders for word in ("-isystem", str(folder))]


def run(arguments: Sequence[str], *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run zig, whatever comes of it, and give back its exit code and output."""
    command = [str(executable()), *arguments]
    try:
        zig = subprocess.Popen(
            command,
            cwd=cwd,
            # zig keeps things too: in our cache, since the home folder may be none that one can write to.
            env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(cache.root().absolute() / "zig")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise ToolchainError(f"the compiler cannot be run: {error}", remedy="./course doctor") from error
    with zig:
        try:
            output, errors = zig.communicate()
        except BaseException:
            # subprocess.run() would kill it, too, but not wait for its end after an interrupt.
            zig.kill()
            zig.wait()
            raise
    return subprocess.CompletedProcess(command, zig.returncode, output, errors)


def must(arguments: Sequence[str], *, doing: str, cwd: Path | None = None) -> None:
    """Run zig on sources of ours, where a failure is not the learner's.

    Raises:
        ToolchainError: It failed. Carries what it printed.
    """
    result = run(arguments, cwd=cwd)
    if result.returncode:
        raise ToolchainError(f"{doing} failed\n{result.stderr.strip()}")
