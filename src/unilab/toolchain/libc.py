"""The C library, twice, out of the same sources of musl.

For a process its calls hold ``syscall`` instructions; for a unikernel they are
function calls into the library OS. The only difference is one header that
stands in front of musl's own (``libos/musl/syscall_arch.h``), and a few
assembly files that it replaces. Sources that never see that header are compiled
once, and both libraries link the same objects.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache as memoize
from pathlib import Path
from types import MappingProxyType

from unilab import progress
from unilab.toolchain import cache, zig

#: Rarely more than this many C files compile per second, so the bar need not be polled more often.
_POLL_SECONDS = 0.25

#: musl's assembly files that hold a ``syscall`` instruction; libos/musl/ has our own.
_REPLACED = {"clone", "__set_thread_area", "__unmapself", "syscall_cp", "restore", "vfork"}

#: Holds headers only.
_SKIPPED_FOLDERS = {"include"}

#: The header that holds the ``syscall`` instruction, or our calls in its place.
_DIFFERENCE = "syscall_arch.h"

_FLAGS = (
    "-std=c99 -ffreestanding -nostdinc -fexcess-precision=standard -frounding-math -ffp-contract=off "
    "-fno-strict-aliasing -D_XOPEN_SOURCE=700 -w -Qunused-arguments -fno-stack-protector -fno-sanitize=all "
    "-fno-unwind-tables -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections "
    "-fno-omit-frame-pointer -fno-pic -mcmodel=small"
).split()

#: Where size matters more than speed: what every image has, and runs once, or while it waits for a device. printf is
#: the bulk of most small images.
_SMALL_FOLDERS = {"stdio", "env", "errno", "exit", "internal", "locale", "multibyte"}

#: Where functions only pass a call on: they leave no frame in a backtrace anyway, so they need not make one.
_FRAMELESS_FOLDERS = {"unistd"}

_LIBRARY = (
    f"build-lib -static -target {zig.TARGET} -mcpu=x86_64 -OReleaseSmall -fno-PIC -fno-stack-check "
    "-fno-stack-protector -fno-unwind-tables -fstrip -fno-compiler-rt -ffunction-sections -fdata-sections "
    "-fno-omit-frame-pointer"
).split()


#: Headers of ours that change single files of musl's.
_IN_FRONT = {
    "small_start.h": ("__libc_start_main.c", "__init_tls.c"),
    "process_clone.h": ("posix_spawn.c", "clone.c", "faccessat.c"),
    "resolv_conf.h": ("resolvconf.c",),
}

#: More flags for a file of that name.
_Special = Mapping[str, Sequence[str]]
_NOTHING_SPECIAL: _Special = MappingProxyType({})


def include_flags(front: list[Path]) -> list[str]:
    """Include folders for musl's own sources, ours in front."""
    musl, headers = zig.musl(), zig.home() / "lib" / "libc" / "include"
    folders = [
        *front,
        musl / "arch" / "x86_64",
        musl / "arch" / "generic",
        musl / "src" / "include",
        musl / "src" / "internal",
        musl / "include",
        headers / zig.TARGET,
        headers / "generic-musl",
    ]
    return [word for folder in folders for word in ("-I", str(folder))]


def sources(*, replaced: set[str]) -> list[Path]:
    """musl's files for x86-64, where a file under ``x86_64/`` stands in for the general one of its name."""
    found: list[Path] = []
    for folder in sorted((zig.musl() / "src").iterdir()):
        if not folder.is_dir() or folder.name in _SKIPPED_FOLDERS:
            continue
        for part in (folder, folder / "mallocng"):
            special = {p.stem: p for p in sorted((part / "x86_64").glob("*.[csS]"))}
            general = {p.stem: p for p in sorted(part.glob("*.c"))}
            chosen = sorted({**general, **special}.items())
            found += [p for stem, p in chosen if p.suffix == ".c" or stem not in replaced]
    return found


def call_numbers() -> dict[str, int]:
    """Every system call of Linux on x86-64 by name, from musl's bits/syscall.h."""
    header = zig.home() / "lib" / "libc" / "include" / zig.TARGET / "bits" / "syscall.h"
    return {m[1]: int(m[2]) for m in re.finditer(r"#define __NR_(\w+)\s+(\d+)", header.read_text())}


def error_names() -> list[str]:
    """The name of every error number, one for each, from musl's bits/errno.h."""
    header = zig.home() / "lib" / "libc" / "include" / "generic-musl" / "bits" / "errno.h"
    return re.findall(r"^#define\s+(E\w+)\s+\d+", header.read_text(), re.MULTILINE)


def implemented_calls(libos: Path) -> list[str]:
    """The calls that the library OS has, from libos_calls.h, in its order."""
    return re.findall(r"^LIBOS_CALL\((\w+),", (libos / "musl" / "libos_calls.h").read_text(), re.MULTILINE)


def process_calls(libos: Path) -> list[str]:
    """The calls for a second process, which fail and say why, from libos_process_calls.h, in its order."""
    header = libos / "musl" / "libos_process_calls.h"
    return re.findall(r"^LIBOS_PROCESS_CALL\((\w+)\)", header.read_text(), re.MULTILINE)


def generated_headers(libos: Path) -> Path:
    """A folder with libos_unimplemented_calls.h: the name of each call that the library OS knows nothing of."""
    missing = sorted(set(call_numbers()) - set(implemented_calls(libos)) - set(process_calls(libos)))
    text = "".join(f"LIBOS_UNIMPLEMENTED({name})\n" for name in missing)

    def build(folder: Path) -> None:
        (folder / "libos_unimplemented_calls.h").write_text(text)

    return cache.entry("headers", cache.digest([text]), build)


def _archive(
    folder: Path, name: str, flags: list[str], files: list[Path], title: str, *, special: _Special = _NOTHING_SPECIAL
) -> None:
    """Compile files into ``lib<name>.a``, with a progress bar that counts finished objects."""
    zig_cache = folder / "zig-cache"
    done = threading.Event()

    with progress.bar(len(files), title) as bar:

        def watch() -> None:
            seen = 0
            while not done.wait(_POLL_SECONDS):
                now = min(len(files), sum(1 for _ in zig_cache.glob("o/*/*.o")))
                bar.update(now - seen)
                seen = now
            bar.update(len(files) - seen)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            zig.must(
                [
                    *_LIBRARY,
                    "--name",
                    name,
                    f"-femit-bin={folder / f'lib{name}.a'}",
                    "--cache-dir",
                    str(zig_cache),
                    *_groups(flags, files, special),
                ],
                doing=title,
                cwd=folder,
            )
        finally:
            done.set()
            watcher.join()
    _remove(zig_cache)


def _groups(flags: list[str], files: list[Path], special: _Special) -> list[str]:
    """The files as zig wants them: each group after its flags."""
    if not flags:
        return [str(path) for path in files]
    groups: dict[tuple[str, ...], list[Path]] = {}
    for path in files:
        size = "-Oz" if path.parent.name in _SMALL_FOLDERS else "-Os"
        frames = ["-momit-leaf-frame-pointer"] if path.parent.name in _FRAMELESS_FOLDERS else []
        groups.setdefault((size, *frames, *special.get(path.name, ())), []).append(path)
    words: list[str] = []
    for more, group in groups.items():
        words += ["-cflags", *flags, *more, "--", *map(str, group)]
    return words


def _remove(folder: Path) -> None:
    import shutil  # noqa: PLC0415 - only a cold build needs it

    shutil.rmtree(folder, ignore_errors=True)


def compiler_runtime() -> Path:
    """``libcrt.a``: what clang expects beside a C library (memory, arithmetic), from zig's sources."""
    source = zig.home() / "lib" / "compiler_rt.zig"

    def build(folder: Path) -> None:
        _archive(folder, "crt", [], [source], "building the compiler's run-time library")

    return cache.entry("compiler-rt", cache.digest([zig.version(), *_LIBRARY]), build) / "libcrt.a"


@dataclass(frozen=True, slots=True)
class CLibrary:
    """A C library, built.

    Attributes:
        crt1: The object with ``_start``, where a program begins.
        calls: Archive of the part that calls the kernel, or the library OS.
        common: Archive of the part that calls nobody; the same file for every architecture.
        changed: Archives that go before ``calls``: what a changed table of calls changes in it.
    """

    crt1: Path
    calls: Path
    common: Path
    changed: tuple[Path, ...] = ()

    @property
    def archives(self) -> list[Path]:
        """All archives, in the order in which they are linked."""
        return [*self.changed, self.calls, self.common]


def for_processes() -> CLibrary:
    """The C library for Linux processes: musl as it is."""
    return _library("libc-process", [], [], replaced=set(), title="building the C library for processes")


#: For the compiler, where calls are bound that are to be told of as they happen.
TRACE_FLAGS = ("-DLIBOS_TRACE",)


def for_unikernels(libos: Path, *, trace: bool = False) -> CLibrary:
    """The C library whose calls are functions of the library OS.

    Args:
        libos: The library OS's source tree.
        trace: Each call is told of on the console.
    """
    ours = libos / "musl"
    if not trace and (course := _differs_in_calls_only(libos)):
        return _with_other_calls(libos, course)
    return _library(
        "libc-unikernel-traced" if trace else "libc-unikernel",
        [ours, generated_headers(libos)],
        sorted(ours.glob("*.c")),
        more=TRACE_FLAGS if trace else (),
        replaced=_REPLACED,
        title=f"building the C library for {'traced ' if trace else ''}unikernels",
        special=_special(ours),
    )


def _special(ours: Path) -> _Special:
    return {file: ("-include", str(ours / header)) for header, files in _IN_FRONT.items() for file in files}


#: The table of the calls that the library OS implements.
_TABLE = "libos_calls.h"
_ROW = re.compile(r"^LIBOS_CALL\((\w+), *(\d)\)", re.MULTILINE)


def _differs_in_calls_only(libos: Path) -> Path | None:
    """The course's own tree, if this one has other rows in its table of calls, and else the same for the C library."""
    from unilab.toolchain.libos import tree  # noqa: PLC0415 - which needs this module

    course = tree()
    if libos == course:
        return None
    files = [{path.name: path.read_bytes() for path in sorted((each / "musl").iterdir())} for each in (libos, course)]
    tables = [each.pop(_TABLE, b"").decode(errors="replace") for each in files]
    # Anything but rows and comments in the table could mean anything.
    rest = [_ROW.sub("", re.sub(r"/\*.*?\*/", "", table, flags=re.DOTALL)).split() for table in tables]
    return course if files[0] == files[1] and rest[0] == rest[1] and tables[0] != tables[1] else None


def _with_other_calls(libos: Path, course: Path) -> CLibrary:
    """The course's C library, with what makes calls that are in only one of the two tables compiled anew, in front."""
    library = for_unikernels(course)
    rows = [set(_ROW.findall((each / "musl" / _TABLE).read_text())) for each in (libos, course)]
    calls = {name for name, _ in rows[0] ^ rows[1]}
    files = _that_make(calls)
    if not files:
        return library
    ours, generated = libos / "musl", generated_headers(libos)
    flags = [*_FLAGS, *include_flags([ours, generated])]
    names = [str(path.relative_to(zig.musl())) for path in files]

    def build(folder: Path) -> None:
        _archive(folder, "changed", flags, files, f"binding {', '.join(sorted(calls))}", special=_special(ours))

    folder = cache.entry("libc-changed", cache.digest([_key([ours, generated]), *names]), build)
    return CLibrary(library.crt1, library.calls, library.common, (folder / "libchanged.a",))


def _that_make(calls: set[str]) -> list[Path]:
    """musl's files that make one of some calls: by name, or by what musl's own headers make of another name."""
    # __socketcall(name, ...) and its like paste SYS_ in front of a bare name.
    wanted = {f"{prefix}{name}" for name in calls for prefix in ("SYS_", "__NR_", "")}
    shorthands = _shorthands()
    while more := {name for name, body in shorthands.items() if name not in wanted and body & wanted}:
        # Macros that count their arguments put the number behind a name.
        wanted |= more | {name.rstrip("0123456789") for name in more}
    return [path for path, words in _words().items() if not wanted.isdisjoint(words)]


@memoize
def _words() -> dict[Path, frozenset[str]]:
    """The words of each of musl's files that may be bound anew."""
    files = (path for path in sources(replaced=_REPLACED) if path.suffix == ".c" and _sees_difference(path))
    return {path: frozenset(re.findall(r"\w+", path.read_text(errors="replace"))) for path in files}


_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(.*)$", re.MULTILINE)
_INLINE = re.compile(r"^static (?:\w+ )*?\**(\w+) ?\([^;{}]*\)\s*\{(.*?)^\}", re.MULTILINE | re.DOTALL)


@memoize
def _shorthands() -> dict[str, set[str]]:
    """The macros and inline functions of musl's own headers, and the words of what each stands for."""
    found: dict[str, set[str]] = {}
    for header in [*sorted((zig.musl() / "src").rglob("*.h")), *sorted((zig.musl() / "arch" / "x86_64").glob("*.h"))]:
        text = header.read_text(errors="replace").replace("\\\n", " ")
        for name, body in [*_MACRO.findall(text), *_INLINE.findall(text)]:
            found.setdefault(name, set()).update(re.findall(r"\w+", body))
    return found


def _library(
    name: str,
    front: list[Path],
    extra: list[Path],
    *,
    replaced: set[str],
    title: str,
    more: Sequence[str] = (),
    special: _Special = _NOTHING_SPECIAL,
) -> CLibrary:
    flags = [*_FLAGS, *more, *include_flags(front)]

    def build(folder: Path) -> None:
        files = [path for path in sources(replaced=replaced) if _sees_difference(path)]
        _archive(folder, "calls", flags, [*files, *extra], title, special=special)
        crt1 = zig.musl() / "crt" / "crt1.c"
        compile_crt1 = ["clang", "-c", f"--target={zig.TARGET}", *flags, "-Os", str(crt1), "-o", str(folder / "crt1.o")]
        zig.must(compile_crt1, doing=title)

    folder = cache.entry(name, _key(front), build)
    return CLibrary(folder / "crt1.o", folder / "libcalls.a", _common())


def _common() -> Path:
    """The archive of what never sees the header that makes the difference."""

    def build(folder: Path) -> None:
        files = [path for path in sources(replaced=_REPLACED) if not _sees_difference(path)]
        _archive(folder, "common", [*_FLAGS, *include_flags([])], files, "building the C library's common part")

    return cache.entry("libc-common", _key([]), build) / "libcommon.a"


def _key(front: list[Path]) -> str:
    """Which files and which flags is decided by this module, so its own text stands for them."""
    return cache.digest([zig.version(), Path(__file__).read_bytes(), *map(cache.tree_digest, front)])


def _sees_difference(source: Path) -> bool:
    """True for a C file that includes the header, however indirectly, and for assembly with the instruction."""
    if source.suffix != ".c":
        return source.stem in _REPLACED
    reached, to_read = {source}, [source]
    while to_read:
        fresh = set(_included(to_read.pop())) - reached
        reached |= fresh
        to_read += fresh
    return any(path.name == _DIFFERENCE for path in reached)


@memoize
def _included(path: Path) -> tuple[Path, ...]:
    """The headers that a file of musl's names, wherever they lie."""
    folders = [path.parent, *map(Path, include_flags([])[1::2])]
    names = re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', path.read_text(errors="replace"), re.MULTILINE)
    found = (next((folder / name for folder in folders if (folder / name).is_file()), None) for name in names)
    return tuple(header.resolve() for header in found if header is not None)
