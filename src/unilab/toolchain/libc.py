"""The C library, twice, out of the same sources of musl.

For a process its calls hold ``syscall`` instructions; for a unikernel they are
function calls into the library OS. The only difference is one header that
stands in front of musl's own (``libos/musl/syscall_arch.h``), and a few
assembly files that it replaces.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path

from unilab import progress
from unilab.toolchain import cache, zig

#: Rarely more than this many C files compile per second, so the bar need not be polled more often.
_POLL_SECONDS = 0.25

#: musl's assembly files that hold a ``syscall`` instruction; libos/musl/ has our own.
_REPLACED = {"clone", "__set_thread_area", "__unmapself", "syscall_cp", "restore", "vfork"}

#: The dynamic linker is no part of a static program; the others hold headers or optional allocators.
_SKIPPED_FOLDERS = {"include", "internal"}

_FLAGS = (
    "-std=c99 -ffreestanding -nostdinc -fexcess-precision=standard -frounding-math -ffp-contract=off "
    "-fno-strict-aliasing -D_XOPEN_SOURCE=700 -Os -w -Qunused-arguments -fno-stack-protector -fno-sanitize=all "
    "-fno-unwind-tables -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections "
    "-fno-omit-frame-pointer -fno-pic -mcmodel=small"
).split()

_LIBRARY = (
    f"build-lib -static -target {zig.TARGET} -mcpu=x86_64 -OReleaseSmall -fno-PIC -fno-stack-check "
    "-fno-stack-protector -fno-unwind-tables -fstrip -fno-compiler-rt -ffunction-sections -fdata-sections "
    "-fno-omit-frame-pointer"
).split()


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
            found += [p for stem, p in sorted({**general, **special}.items()) if stem not in replaced]
    return found


def call_numbers() -> dict[str, int]:
    """Every system call of Linux on x86-64 by name, from musl's bits/syscall.h."""
    header = zig.home() / "lib" / "libc" / "include" / zig.TARGET / "bits" / "syscall.h"
    return {m[1]: int(m[2]) for m in re.finditer(r"#define __NR_(\w+)\s+(\d+)", header.read_text())}


def implemented_calls(libos: Path) -> list[str]:
    """The calls that the library OS has, from libos_calls.h, in its order."""
    return re.findall(r"^LIBOS_CALL\((\w+),", (libos / "musl" / "libos_calls.h").read_text(), re.MULTILINE)


def generated_headers(libos: Path) -> Path:
    """A folder with libos_unimplemented_calls.h: the name of each call that libos_calls.h lacks."""
    missing = sorted(set(call_numbers()) - set(implemented_calls(libos)))
    text = "".join(f"LIBOS_UNIMPLEMENTED({name})\n" for name in missing)

    def build(folder: Path) -> None:
        (folder / "libos_unimplemented_calls.h").write_text(text)

    return cache.entry("headers", cache.digest([text]), build)


def _archive(folder: Path, name: str, flags: list[str], files: list[Path], title: str) -> None:
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
                    *(["-cflags", *flags, "--"] if flags else []),
                    *map(str, files),
                ],
                doing=title,
                cwd=folder,
            )
        finally:
            done.set()
            watcher.join()
    _remove(zig_cache)


def _remove(folder: Path) -> None:
    import shutil  # noqa: PLC0415 - only a cold build needs it

    shutil.rmtree(folder, ignore_errors=True)


def compiler_runtime() -> Path:
    """``libcrt.a``: what clang expects beside a C library (memory, arithmetic), from zig's sources."""
    source = zig.home() / "lib" / "compiler_rt.zig"

    def build(folder: Path) -> None:
        _archive(folder, "crt", [], [source], "building the compiler's run-time library")

    return cache.entry("compiler-rt", cache.digest([zig.version(), *_LIBRARY]), build) / "libcrt.a"


def for_processes() -> Path:
    """The folder of ``libc.a`` and ``crt1.o`` for Linux processes: musl as it is."""
    return _library("libc-process", [], [], replaced=set(), title="building the C library for processes")


def for_unikernels(libos: Path) -> Path:
    """The folder of ``libc.a`` and ``crt1.o`` whose calls are functions of the library OS.

    Args:
        libos: The library OS's source tree.
    """
    ours = libos / "musl"
    return _library(
        "libc-unikernel",
        [ours, generated_headers(libos)],
        sorted(ours.glob("*.c")),
        replaced=_REPLACED,
        title="building the C library for unikernels",
    )


def _library(name: str, front: list[Path], extra: list[Path], *, replaced: set[str], title: str) -> Path:
    flags = [*_FLAGS, *include_flags(front)]
    key = cache.digest([zig.version(), *_LIBRARY, *_FLAGS, *sorted(replaced), *map(cache.tree_digest, front)])

    def build(folder: Path) -> None:
        _archive(folder, "c", flags, [*sources(replaced=replaced), *extra], title)
        crt1 = zig.musl() / "crt" / "crt1.c"
        zig.must(
            ["clang", "-c", f"--target={zig.TARGET}", *flags, str(crt1), "-o", str(folder / "crt1.o")], doing=title
        )

    return cache.entry(name, key, build)
