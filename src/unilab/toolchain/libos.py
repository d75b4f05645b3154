"""The library OS: its source tree, and its objects.

Each file is compiled on its own and kept under the hash of its text, of the
headers that it reaches and of the flags: after an edit one file compiles, in a
fraction of a second, or those that include the header.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from unilab import progress
from unilab.errors import CompileError, ToolchainError
from unilab.toolchain import cache, includes, libc, zig
from unilab.toolchain.sdist import Sdist
from unilab.toolchain.sdist import sources as sdist_sources

_FLAGS = (
    f"--target={zig.TARGET} -march=x86-64 -nostdinc -std=gnu11 -Oz -gdwarf-4 "
    # Exceptions and interrupts save the general registers only.
    "-mgeneral-regs-only "
    # Whatever files share is declared in a header, so that names_header() finds it.
    "-Wall -Wextra -Werror -Wmissing-prototypes -Wmissing-variable-declarations "
    "-fno-pic -mcmodel=small -mno-red-zone -fno-stack-protector -fno-unwind-tables "
    "-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections "
    # A backtrace is to show every function on the way; a call that becomes a jump would be missing.
    "-fno-omit-frame-pointer -fno-optimize-sibling-calls "
    # Switches here are small: a table of addresses would be larger than the comparisons.
    "-fno-jump-tables "
    # Null pointers are the subject here, not undefined behaviour.
    "-fno-delete-null-pointer-checks -fno-strict-aliasing "
    # A local variable may well have a name that names_header() renames elsewhere.
    "-Wno-pragmas"
).split()

#: Files whose leaf functions only answer a constant. They cannot fault, so no backtrace misses their frame, and a call
#: of one costs what a function call costs.
_FRAMELESS_LEAVES = {"posix/identity.c"}

#: What each packet goes through: speed counts there, too. A tenth fewer translation blocks under emulation, for 2 KB.
_OF_PACKETS = ("net/", "dev/virtqueue", "dev/virtio", "posix/socket", "posix/epoll")

#: What is in an image only if it was built with it, and where its sources lie.
SERVICES = {"disk": ("fs/littlefs", "fs/block_cache"), "second_console": ("dev/virtio_console",)}

#: Where the files are that a domain of Xen needs in place of those of the same name.
XEN = "arch/x86_64/xen/"

#: What a domain of Xen has no use for, or no right to, beside the drivers of ``dev/``; it has one: its console.
_NOT_ON_XEN = {"arch/x86_64/interrupts.S"}
_DRIVERS_ON_XEN = {"dev/uart16550.c"}

#: The package that carries littlefs's sources; it is also what reads and makes disks on the host.
LITTLEFS = Sdist("littlefs-python", "0.19.0", "4ce8c6eeeb2703abaf8cb60f2dab624b17af42b13df3dbc6c42d4142bad79a59")

#: For littlefs itself: others' code has others' warnings. It reads a directory at each path, so speed counts.
_LITTLEFS_FLAGS = ("-w", "-O2")


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


def sources(libos: Path, services: Collection[str] = tuple(SERVICES), *, on: str = "unikernel") -> list[Path]:
    """Its C and assembly files, in a stable order. ``musl/`` is part of the C library, not of this.

    Args:
        libos: Its tree.
        services: Which of SERVICES belong to it.
        on: ``unikernel``, which has a machine to itself, or ``xen``: a domain of Xen.
    """
    without = tuple(start for name, starts in SERVICES.items() if name not in services for start in starts)
    files = {path: path.relative_to(libos).as_posix() for path in libos.rglob("*.[cS]")}
    wanted = {path: name for path, name in files.items() if not name.startswith(("musl/", *without))}
    of_xen = {path.name for path, name in wanted.items() if name.startswith(XEN)}

    def belongs(path: Path, name: str) -> bool:
        if on != "xen" or name.startswith(XEN):
            return name.startswith(XEN) == (on == "xen")
        driver = name.startswith("dev/") and name not in _DRIVERS_ON_XEN
        return path.name not in of_xen and name not in _NOT_ON_XEN and not driver

    return sorted(path for path, name in wanted.items() if belongs(path, name))


def littlefs() -> Path:
    """The folder of littlefs's own sources, downloaded first if need be."""
    return sdist_sources(LITTLEFS) / "littlefs"


#: Names that no program may use: those that the C language reserves, and those with our prefix.
_RESERVED = re.compile(r"_|libos_")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PROTOTYPE = re.compile(r"^(?!static|typedef|struct \w+ \{)\w[\w \t*]*?\b(\w+)\([^;{]*\);", re.MULTILINE)
_EXTERN = re.compile(r"^extern\b([^;(]*);", re.MULTILINE)
_EXTERN_POINTER = re.compile(r"^extern\b[^;()]*\(\*(\w+)\)\(", re.MULTILINE)
_GLOBAL_LABEL = re.compile(r"^\s*\.globl\s+([^\\\n]*)$", re.MULTILINE)


def private_names(libos: Path) -> list[str]:
    """The functions and variables that files of the library OS share, and a program must be free to define too."""
    files = {*libos.glob("include/*.h"), *libos.glob("arch/**/*.h"), *sources(libos), *sources(libos, on="xen")}
    found = frozenset().union(*(_declared(path.suffix, includes.contents(path)) for path in files))
    return sorted(name for name in found if not _RESERVED.match(name))


@lru_cache(1024)
def _declared(suffix: str, data: bytes) -> frozenset[str]:
    """The names that a file of that kind declares for others."""
    text = _COMMENT.sub("", data.decode())
    found = set(_PROTOTYPE.findall(text)) if suffix == ".h" else set()
    found.update(_EXTERN_POINTER.findall(text))
    for declared in _EXTERN.findall(text):
        found.update(re.findall(r"(\w+)(?:\[\w*\])*\s*(?:,|$)", declared))
    for labels in _GLOBAL_LABEL.findall(text):
        found.update(re.findall(r"\w+", labels))
    return frozenset(found)


def names_header(libos: Path) -> Path:
    """A header by which each private name has the prefix ``libos_`` in the object file, which programs leave to us."""
    return _renaming(private_names(libos))


def _renaming(names: Collection[str]) -> Path:
    text = "#ifdef __ASSEMBLER__\n"
    text += "".join(f"#define {name} libos_{name}\n" for name in names)
    text += "#else\n" + "".join(f"#pragma redefine_extname {name} libos_{name}\n" for name in names) + "#endif\n"

    def build(folder: Path) -> None:
        (folder / "libos_names.h").write_text(text)

    return cache.entry("names", cache.digest([text]), build) / "libos_names.h"


def _include_folders(on: str) -> list[str]:
    """Where its headers are, in its tree. Xen's stand in front of those of the same name."""
    return ["include", "musl", *([XEN] if on == "xen" else []), "arch/x86_64"]


def inside(on: str = "unikernel") -> list[str]:
    """Flags for a program that uses the library OS's own headers, and so its functions, as its files do.

    Args:
        on: ``unikernel`` or ``xen``.
    """
    libos = tree()
    folders = [word for folder in _include_folders(on) if folder != "musl" for word in ("-I", str(libos / folder))]
    return [*folders, "-include", str(names_header(libos)), "-Wno-pragmas"]


#: What the arguments of a service are, by their declarations: the first that fits. See posix/trace.c.
_KINDS = (
    (r"const char \*", "s"),
    (r"const void \*buf$", "b"),
    (r"\*|\[|^uintptr_t", "p"),
    (r"\bmode$", "o"),
    (r"\b(flags|prot|request|code)$", "x"),
    (r"^(int|unsigned|clockid_t)\b(?! long)", "d"),
    (r"", "l"),
)
_SERVICE = re.compile(r"^SERVICE [^;(]*\blibos_sys_(\w+)\(([^;]*)\);", re.MULTILINE)


def argument_kinds(libos: Path) -> dict[str, str]:
    """A letter for each argument of each service, by the service's name, from services.h."""
    found = {}
    for name, declared in _SERVICE.findall(_COMMENT.sub("", (libos / "include" / "services.h").read_text())):
        arguments = [" ".join(argument.split()) for argument in declared.split(",")]
        found[name] = "".join(
            next(letter for pattern, letter in _KINDS if re.search(pattern, argument))
            for argument in arguments
            if argument != "void"
        )
    return found


def trace_headers(libos: Path) -> Path:
    """A folder with what posix/trace.c knows of calls: libos_kinds.h and libos_errno_names.h."""
    kinds = "".join(f'LIBOS_KINDS({name}, "{letters}")\n' for name, letters in argument_kinds(libos).items())
    errors = "".join(f"LIBOS_ERRNO({name})\n" for name in libc.error_names())

    def build(folder: Path) -> None:
        (folder / "libos_kinds.h").write_text(kinds)
        (folder / "libos_errno_names.h").write_text(errors)

    return cache.entry("trace-headers", cache.digest([kinds, errors]), build)


#: From how many files on it takes seconds, so that a bar shows them: after a change of a header that most include.
_MANY = 16

#: The file in which calls are bound whose number is known only at run time.
_BINDS_CALLS = "posix/by_number.c"


class _Plan:
    """How the files of a tree are compiled, for one kind of image.

    Args:
        libos: The source tree.
        on: ``unikernel`` or ``xen``.
        trace: Calls by number are told of on the console too.
    """

    def __init__(self, libos: Path, on: str, *, trace: bool = False) -> None:
        self.libos, self._on, self._trace = libos, on, trace
        generated = [libc.generated_headers(libos), trace_headers(libos)]
        self.folders = [*(libos / folder for folder in _include_folders(on)), *generated]
        self._private = private_names(libos)
        self.names = _renaming(self._private)
        every_header = sorted(path for folder in (libos, *generated) for path in folder.rglob("*.h"))
        self._headers = includes.Headers(self.folders, every_header)

    def flags(self, name: str, more: Sequence[str] = ()) -> list[str]:
        """For a file of that name."""
        flags = [*_FLAGS, *(["-Os"] if name.startswith(_OF_PACKETS) else [])]
        flags += [*(["-momit-leaf-frame-pointer"] if name in _FRAMELESS_LEAVES else []), *more]
        return [*flags, *(libc.TRACE_FLAGS if self._trace and name == _BINDS_CALLS else ())]

    def command(self, flags: Sequence[str], source: str, output: str) -> list[str]:
        """Words for zig."""
        includes = [word for folder in self.folders for word in ("-I", str(folder))]
        words = ["clang", *flags, *includes, *zig.system_includes(), "-include", str(self.names), "-c", source]
        # Paths relative to the tree, so that an object does not depend on where the checkout lies.
        return [*words, "-fdebug-compilation-dir=libos", f"-fdebug-prefix-map={self.libos}/=", "-o", output]

    def object(self, source: Path, folder: Path, more: Sequence[str]) -> tuple[str, str, Callable[[Path], None]]:
        """An entry of the cache for the object of a file, which its flags and whatever it includes decide."""
        name = source.relative_to(folder).as_posix()
        flags = self.flags(name, more)
        files = [source, *self._headers.reached(source)]
        # Names that it does not mention are renamed without any effect on it.
        mentioned = self._headers.words(files).intersection(self._private)
        made_of = [zig.version(), *flags, "paths in the tree", self._on, name, *sorted(mentioned)]
        key = cache.digest([*made_of, *(part for path in files for part in (path.name, self._headers.contents(path)))])

        def build(entry: Path) -> None:
            result = zig.run(self.command(flags, name, str(entry / "libos.o")), cwd=folder)
            if result.returncode:
                raise CompileError(result.stderr.strip())

        return f"libos-{name.replace('/', '-')}", key, build


def compile_command(libos: Path, name: str, output: str) -> tuple[list[str], list[Path]]:
    """What compiles one file of a tree for a unikernel, from any folder; and what the compiler has to read.

    Args:
        libos: The source tree.
        name: The file's, in the tree.
        output: The object's.
    """
    plan = _Plan(libos, "unikernel")
    words = plan.command(plan.flags(name), str(libos / name), output)
    return [str(zig.executable()), *words], [libos, *plan.folders, plan.names, zig.home()]


def objects(
    libos: Path | None = None, *, trace: bool = False, services: Collection[str] = (), on: str = "unikernel"
) -> list[Path]:
    """Its object files, compiled if need be.

    Args:
        libos: Its source tree; this course's unless given.
        trace: Calls by number are told of on the console too.
        services: Which of SERVICES they are with.
        on: ``unikernel`` or ``xen``.

    Raises:
        CompileError: A file does not compile. Carries the compiler's message.
    """
    plan = _Plan(tree() if libos is None else libos, on, trace=trace)

    jobs: list[tuple[Path, Path, Sequence[str]]] = [
        (source, plan.libos, ()) for source in sources(plan.libos, services, on=on)
    ]
    if "disk" in services:
        theirs = littlefs()
        connect = ["-I", str(theirs), "-DLFS_DEFINES=littlefs_port.h"]
        connect += ["-include", str(_renaming(_PROTOTYPE.findall((theirs / "lfs.h").read_text())))]
        jobs = [(*job[:2], connect) if job[0].name.startswith("littlefs") else job for job in jobs]
        jobs.append((theirs / "lfs.c", theirs, [*connect, *_LITTLEFS_FLAGS]))

    entries = [plan.object(*job) for job in jobs]
    missing = sum(not cache.holds(name, key) for name, key, _ in entries)
    with (
        progress.bar(missing, "compiling the library OS") if missing >= _MANY else contextlib.nullcontext() as bar,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        ready = []
        for found in pool.map(lambda entry: _made(*entry), entries):
            ready.append(found[0])
            if bar is not None and found[1]:
                bar.update()
        return ready


def _made(name: str, key: str, build: Callable[[Path], None]) -> tuple[Path, bool]:
    """An object, and whether it had to be compiled."""
    missing = not cache.holds(name, key)
    return cache.entry(name, key, build) / "libos.o", missing
