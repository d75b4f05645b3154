"""From a C file to an image: what boots as a unikernel, or runs as a process.

The program is compiled once. The same object file is linked either with the
C library whose calls trap, or with the library OS and the C library whose calls
are functions: the program really is unmodified.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from unilab.architectures import ARCHITECTURES
from unilab.errors import CompileError, CourseError, ProgramNotFound, ToolchainError
from unilab.toolchain import cache, libc, libos, zig
from unilab.toolchain import overlay as overlays

#: What makes the same image as a process.
_OF_LINUX = {"process", "container", "linux"}

_PROGRAM_FLAGS = (
    f"--target={zig.TARGET} -march=x86-64 -nostdinc -Os -gdwarf-4 -Wall -fno-pic -mcmodel=small "
    "-fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections "
    "-fno-omit-frame-pointer -fno-optimize-sibling-calls -fdiagnostics-color=never"
).split()

#: The header of a 64-bit ELF file: where the program headers and the section headers are, how large and how many.
_ELF_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = "<IIQQQQQQ"

_LINK_FLAGS = "-m elf_x86_64 -static --gc-sections --build-id=none --no-dynamic-linker".split()


@dataclass(frozen=True, slots=True, repr=False)
class Image:
    """A program, built.

    Attributes:
        program: The C file.
        architecture: ``unikernel``, ``process``, ``container``, ``linux`` or ``xen``.
        path: What boots or runs: an ELF file without symbols.
        debug: The same layout with symbols and line numbers.
        map: The linker's map: which object contributed which bytes.
        object: The compiled program alone: the same bytes for every architecture.
        size: Bytes of ``path``.
        build_seconds: How long this build took; near nothing when nothing had changed.
        overlay: The folder with a learner's changes to the library OS; None where there are none.
        libos: The library OS's source tree that it was built from; None where it is not in it.
    """

    program: Path
    architecture: str
    path: Path
    debug: Path
    map: Path
    object: Path
    size: int
    build_seconds: float
    overlay: Path | None = None
    libos: Path | None = None

    def __repr__(self) -> str:
        """One line; where the cache is says nothing to a reader."""
        return f"<{self.program.name} as a {self.architecture}: {self.size:,} bytes>"


def prepare() -> None:
    """Build the C libraries and the library OS, if they are not in the cache. Shows progress."""
    libc.compiler_runtime()
    libc.for_unikernels(libos.tree())
    libos.objects(services=libos.SERVICES)
    libc.for_processes()


def build(
    program: str | Path,
    on: str = "unikernel",
    *,
    cflags: Sequence[str] = (),
    trace: bool = False,
    services: Sequence[str] = (),
    overlay: str | Path | Mapping[str, bytes] | None = None,
) -> Image:
    """Compile and link a C program.

    Args:
        program: Path of a C file.
        on: ``unikernel``, ``process``, ``container``, ``linux`` or ``xen``. The three of Linux make the same image.
        cflags: More words for the compiler, such as ``-DN=3``.
        trace: A unikernel that tells of each call of the library OS on its console. Needs a C library of its own,
            which takes half a minute to build the first time.
        services: What a unikernel has only if it is asked for: ``disk``, files on a disk at ``/data``;
            ``second_console``, a virtio console at ``/dev/hvc0``.
        overlay: A folder whose files stand in front of those of ``libos/``: what ``edit`` makes. Or such files by name.

    Returns:
        The image. Its files stay in the cache and may be read, not written.

    Raises:
        ProgramNotFound: There is no such file.
        CompileError: It does not compile or link. The message is the compiler's own.
        ToolchainError: The compiler or the cache failed.
    """
    if on not in ARCHITECTURES:
        raise CourseError(f"a program can be built as one of {', '.join(ARCHITECTURES)}, not as {on!r}")
    for service in services:
        if service not in libos.SERVICES:
            raise CourseError(f"there is no service {service!r}", remedy=f"choose from {', '.join(libos.SERVICES)}")
    if trace and on != "unikernel":
        raise CourseError("only a unikernel can be traced", remedy="strace does it for a process")
    source = Path(program)
    if source.suffix != ".c":
        raise ProgramNotFound(f"{program} is not a C source file: its name does not end in .c")
    if not source.is_file():
        raise ProgramNotFound(f"there is no file {program}", remedy=f"check the path; it is taken from {Path.cwd()}")
    if on == "xen" and services:
        raise CourseError("a domain of Xen has no devices here yet", remedy="build it as a unikernel")
    if overlay is not None and on in _OF_LINUX:
        raise CourseError(f"a {on} has no library OS to change", remedy="leave out overlay, or build it as a unikernel")
    start = time.monotonic()
    compiled = _compile(source, cflags)
    if on in _OF_LINUX:
        tree, folder = None, _link(source, compiled, _for_processes(), "process")
    else:
        changed = {} if overlay is None else overlay if isinstance(overlay, Mapping) else overlays.changes(overlay)
        tree = overlays.merged(changed)
        try:
            parts = _for_unikernels(tree, on, trace=trace, services=services)
            folder = _link(source, compiled, parts, f"{on}{'-traced' * trace}")
        except CompileError as error:
            raise _in_overlay(error, Path(overlay), changed) if isinstance(overlay, str | Path) else error from None
    path = folder / f"{source.stem}.elf"
    return Image(
        program=source,
        architecture=on,
        path=path,
        debug=folder / f"{source.stem}.debug.elf",
        map=folder / f"{source.stem}.map",
        object=compiled,
        size=path.stat().st_size,
        build_seconds=time.monotonic() - start,
        overlay=Path(overlay) if isinstance(overlay, str | Path) else None,
        libos=tree,
    )


def _compile(source: Path, cflags: Sequence[str]) -> Path:
    """The program's object file, keyed by its preprocessed text: what it includes counts too."""
    folder = source.resolve().parent
    flags = [*_PROGRAM_FLAGS, *cflags, *zig.system_includes()]
    preprocessed = zig.run(["clang", *flags, "-E", "-o", "-", source.name], cwd=folder)
    if preprocessed.returncode:
        raise CompileError(preprocessed.stderr.strip())
    key = cache.digest([zig.version(), *_PROGRAM_FLAGS, *cflags, str(folder), preprocessed.stdout])

    def build_object(draft: Path) -> None:
        result = zig.run(["clang", *flags, "-c", source.name, "-o", str(draft / "program.o")], cwd=folder)
        if result.returncode:
            raise CompileError(result.stderr.strip())
        (draft / "warnings.txt").write_text(result.stderr)

    return cache.entry(f"program-{source.stem}", key, build_object) / "program.o"


def compile_command(name: str, output: str) -> tuple[list[str], list[Path]]:
    """What compiles a program for every architecture, from its own folder; and what the compiler has to read.

    Args:
        name: The program's file.
        output: The object's.
    """
    words = ["clang", *_PROGRAM_FLAGS, *zig.system_includes(), "-c", name, "-o", output]
    return [str(zig.executable()), *words], [zig.home()]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is linked with a program.

    Attributes:
        library: The C library.
        objects: The library OS's.
        options: For the linker.
        inputs: Contents of files that options name.
    """

    library: libc.CLibrary
    objects: Sequence[Path]
    options: Sequence[str]
    inputs: Sequence[bytes]


def _for_unikernels(tree: Path, on: str, *, trace: bool, services: Sequence[str]) -> _Parts:
    script = tree / "arch" / "x86_64" / "image.ld"
    # -n: sections start on pages in memory, not in the file.
    options = ["-n", "-T", str(script), *(["-e", "libos_xen_start"] if on == "xen" else [])]
    return _Parts(
        library=libc.for_unikernels(tree, trace=trace),
        objects=libos.objects(tree, trace=trace, services=services, on=on),
        options=options,
        inputs=[script.read_bytes()],
    )


def _for_processes() -> _Parts:
    # Each segment in pages of its own: otherwise Linux maps the page they share twice, with two sets of rights.
    return _Parts(libc.for_processes(), [], ["-z", "separate-loadable-segments"], [])


def _link(source: Path, compiled: Path, parts: _Parts, kind: str) -> Path:
    """The folder with the image, the same with symbols, and the linker's map; each named after the program."""
    library = parts.library
    files = [*parts.objects, library.crt1, compiled, *library.archives, libc.compiler_runtime()]
    words = [*parts.options, *map(str, files)]

    def build_image(draft: Path) -> None:
        common = ["ld.lld", *_LINK_FLAGS, *words]
        debug = [*common, f"-Map={draft / source.stem}.map", "-o", f"{draft / source.stem}.debug.elf"]
        stripped = [*common, "-s", "-o", f"{draft / source.stem}.elf"]
        with ThreadPoolExecutor(2) as pool:
            for result in pool.map(zig.run, (debug, stripped)):
                if result.returncode:
                    raise _link_error(result.stderr.strip(), files)
        _drop_section_headers(draft / f"{source.stem}.elf")

    # What is made, and under which names, is decided by this module, so its own text stands for that.
    key = cache.digest([zig.version(), Path(__file__).read_bytes(), *words, *parts.inputs])
    return cache.entry(f"image-{source.stem}-{kind}", key, build_image)


def _in_overlay(error: CompileError, folder: Path, changed: Mapping[str, bytes]) -> CompileError:
    """The same, and how to go back: a file of the overlay is to blame, since the course's own compile."""
    named = next((name for name in changed if name in error.message), next(iter(changed), ""))
    if not named:
        return error
    return CompileError(error.message, remedy=f'change {folder}/{named}, or go back: edit("{named}").reset()')


def _drop_section_headers(image: Path) -> None:
    """Cut off the table of sections: loaders read the program headers alone.

    Source:
        System V ABI, chapter 4, "ELF Header".
    """
    with image.open("r+b") as file:
        *fields, segments, _, flags, size, entry, count, _, _, _ = _ELF_HEADER.unpack(file.read(_ELF_HEADER.size))
        file.seek(segments)
        headers = struct.iter_unpack(_PROGRAM_HEADER, file.read(entry * count))
        end = max(offset + in_file for _, _, offset, _, _, in_file, _, _ in headers)
        file.seek(0)
        file.write(_ELF_HEADER.pack(*fields, segments, 0, flags, size, entry, count, 0, 0, 0))
        file.truncate(end)


def _link_error(message: str, inputs: Sequence[Path]) -> CourseError:
    """The linker's complaint: the program's fault if it lacks a symbol, ours otherwise."""
    if "undefined symbol" in message or "duplicate symbol" in message:
        # Where the cache keeps them says nothing to the reader.
        for path in inputs:
            message = message.replace(str(path), path.name)
        return CompileError(message)
    return ToolchainError("linking failed\n" + message)
