"""The library OS: its source tree, and its objects.

Each file is compiled on its own and kept under the hash of its text, of all
headers and of the flags: after an edit one file compiles, in a fraction of a
second.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from unilab.errors import CompileError, ToolchainError
from unilab.toolchain import cache, libc, zig

_FLAGS = (
    f"--target={zig.TARGET} -march=x86-64 -nostdinc -std=gnu11 -ffreestanding -Oz -gdwarf-4 "
    "-Wall -Wextra -Werror -fno-pic -mcmodel=small -mno-red-zone -fno-stack-protector -fno-unwind-tables "
    "-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -fno-omit-frame-pointer "
    # Null pointers are the subject here, not undefined behaviour; our own loops must not become calls of themselves.
    "-fno-delete-null-pointer-checks -fno-strict-aliasing"
).split()

#: Files whose leaf functions only answer a constant. They cannot fault, so no backtrace misses their frame, and a call
#: of one costs what a function call costs.
_FRAMELESS_LEAVES = {"posix/identity.c"}


def tree() -> Path:
    """The source tree: the checkout's ``libos/``, or the copy inside an installed package.

    Raises:
        ToolchainError: Neither is there.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package.parent.parent / "libos", package / "_libos"):
        if (folder / "include" / "memory_map.h").is_file():
            return folder
    raise ToolchainError("the library OS's sources are missing", remedy="install the course again from a fresh clone")


def sources(libos: Path) -> list[Path]:
    """Its C and assembly files, in a stable order. ``musl/`` is part of the C library, not of this."""
    return sorted(p for p in libos.rglob("*.[cS]") if p.relative_to(libos).parts[0] != "musl")


def objects(libos: Path | None = None) -> list[Path]:
    """Its object files, compiled if need be.

    Raises:
        CompileError: A file does not compile. Carries the compiler's message.
    """
    libos = tree() if libos is None else libos
    includes = [
        *(word for folder in ("include", "musl") for word in ("-I", str(libos / folder))),
        "-I",
        str(libc.generated_headers(libos)),
        *zig.system_includes(),
    ]
    headers = cache.digest(
        part for path in sorted(libos.rglob("*.h")) for part in (path.relative_to(libos).as_posix(), path.read_bytes())
    )

    def compile_one(source: Path) -> Path:
        name = source.relative_to(libos).as_posix()
        flags = [*_FLAGS, *(["-momit-leaf-frame-pointer"] if name in _FRAMELESS_LEAVES else [])]
        key = cache.digest([zig.version(), *flags, headers, source.read_bytes()])

        def build(folder: Path) -> None:
            # A path relative to the tree, so that an object does not depend on where the checkout lies.
            result = zig.run(
                [
                    "clang",
                    *flags,
                    *includes,
                    "-c",
                    name,
                    "-fdebug-compilation-dir=libos",
                    "-o",
                    str(folder / "libos.o"),
                ],
                cwd=libos,
            )
            if result.returncode:
                raise CompileError(result.stderr.strip())

        return cache.entry(f"libos-{name.replace('/', '-')}", key, build) / "libos.o"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compile_one, sources(libos)))
