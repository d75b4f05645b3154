"""The library OS: its source tree, and its objects.

Each file is compiled on its own and kept under the hash of its text, of all
headers and of the flags: after an edit one file compiles, in a fraction of a
second.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from unilab.errors import CompileError, ToolchainError
from unilab.toolchain import cache, libc, zig

_FLAGS = (
    f"--target={zig.TARGET} -march=x86-64 -nostdinc -std=gnu11 -ffreestanding -Oz -gdwarf-4 "
    # Exceptions and interrupts save the general registers only.
    "-mgeneral-regs-only "
    # Whatever files share is declared in a header, so that names_header() finds it.
    "-Wall -Wextra -Werror -Wmissing-prototypes -Wmissing-variable-declarations "
    "-fno-pic -mcmodel=small -mno-red-zone -fno-stack-protector -fno-unwind-tables "
    "-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -fno-omit-frame-pointer "
    # Null pointers are the subject here, not undefined behaviour; our own loops must not become calls of themselves.
    "-fno-delete-null-pointer-checks -fno-strict-aliasing "
    # A local variable may well have a name that names_header() renames elsewhere.
    "-Wno-pragmas"
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


#: Names that no program may use: those that the C language reserves, and those with our prefix.
_RESERVED = re.compile(r"_|libos_")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PROTOTYPE = re.compile(r"^(?!static|typedef|struct \w+ \{)\w[\w \t*]*?\b(\w+)\([^;{]*\);", re.MULTILINE)
_EXTERN = re.compile(r"^extern\b([^;(]*);", re.MULTILINE)
_GLOBAL_LABEL = re.compile(r"^\s*\.globl\s+([^\\\n]*)$", re.MULTILINE)


def private_names(libos: Path) -> list[str]:
    """The functions and variables that files of the library OS share, and a program must be free to define too."""
    found: set[str] = set()
    for path in [*libos.glob("include/*.h"), *sources(libos)]:
        text = _COMMENT.sub("", path.read_text())
        if path.suffix == ".h":
            found.update(_PROTOTYPE.findall(text))
        for declared in _EXTERN.findall(text):
            found.update(re.findall(r"(\w+)(?:\[\w*\])*\s*(?:,|$)", declared))
        for labels in _GLOBAL_LABEL.findall(text):
            found.update(re.findall(r"\w+", labels))
    return sorted(name for name in found if not _RESERVED.match(name))


def names_header(libos: Path) -> Path:
    """A header by which each private name has the prefix ``libos_`` in the object file, which programs leave to us."""
    names = private_names(libos)
    text = "#ifdef __ASSEMBLER__\n"
    text += "".join(f"#define {name} libos_{name}\n" for name in names)
    text += "#else\n" + "".join(f"#pragma redefine_extname {name} libos_{name}\n" for name in names) + "#endif\n"

    def build(folder: Path) -> None:
        (folder / "libos_names.h").write_text(text)

    return cache.entry("names", cache.digest([text]), build) / "libos_names.h"


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
    names = names_header(libos)
    headers = cache.digest(
        part for path in sorted(libos.rglob("*.h")) for part in (path.relative_to(libos).as_posix(), path.read_bytes())
    )

    def compile_one(source: Path) -> Path:
        name = source.relative_to(libos).as_posix()
        flags = [*_FLAGS, *(["-momit-leaf-frame-pointer"] if name in _FRAMELESS_LEAVES else [])]
        key = cache.digest([zig.version(), *flags, headers, names.read_bytes(), source.read_bytes()])

        def build(folder: Path) -> None:
            # A path relative to the tree, so that an object does not depend on where the checkout lies.
            result = zig.run(
                [
                    "clang",
                    *flags,
                    *includes,
                    "-include",
                    str(names),
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
