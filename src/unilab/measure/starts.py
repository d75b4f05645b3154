"""Machines started one after another, and what they leave behind in the process that starts them."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from unilab import progress
from unilab.errors import CourseError
from unilab.machines import run
from unilab.measure.figure import Figure, at_most
from unilab.measure.programs import of_course
from unilab.toolchain import Image, build

#: Architecture and machine type.
KINDS: tuple[tuple[str, str | None], ...] = (
    ("process", None),
    ("container", None),
    ("unikernel", "microvm"),
    ("unikernel", "q35"),
    ("unikernel", "pc"),
    ("xen", "pc"),
    ("linux", "microvm"),
    ("linux", "q35"),
)
_STARTS = 200
#: So many starts lie between two looks at memory.
_STRETCH = 20
#: KiB for each start: what Python's memory varies by. The console and the tables of any machine are more.
_MOST_GROWN = 16


def in_a_row(times: int = _STARTS) -> Iterable[Figure]:
    """Each kind: how many of so many starts failed, what is left, how much this process grew.

    Args:
        times: A multiple of twenty. One more is made before, for what is made once.
    """
    for architecture, machine in KINDS:
        image = build(of_course("hello.c"), architecture)
        name = f"starts.{architecture}" + (f".{machine}" if machine else "")
        title = f"{times} starts, {' '.join(filter(None, (architecture, machine)))}"
        # The bar has a thread of its own: it comes before the first look at what is held.
        with _own_folder() as folder, progress.bar(times // _STRETCH, title) as bar:
            _failures(image, machine, 1)
            failures: list[str] = []
            before, sizes = held(folder), [_resident()]
            for _ in range(times // _STRETCH):
                failures += _failures(image, machine, _STRETCH)
                sizes.append(_resident())
                bar.update()
            left = sorted(held(folder) - before)
        yield at_most(f"{name}.failed", 0, _with_first(f"of {times}", failures), [len(failures)])
        yield at_most(f"{name}.left", 0, _with_first("descriptors, threads, processes, files", left), [len(left)])
        # The median: a step once, when a cache or the allocator takes more, is no leak; one in each stretch is.
        grown = [(after - size) / 1024 / _STRETCH for size, after in pairwise(sizes)]
        yield at_most(f"{name}.grown", _MOST_GROWN, "KiB of memory for each start", grown)


def _with_first(unit: str, found: Sequence[str]) -> str:
    return f"{unit}; the first: {found[0]}" if found else unit


def held(folder: Path) -> frozenset[str]:
    """What this process has now that a machine could leave behind.

    Args:
        folder: Where temporary files are made.

    Returns:
        A line for each descriptor, thread, child, mapping of a guest's memory, and temporary file.
    """
    gc.collect()
    own = Path("/proc/self")
    lines = [f"descriptor {path.name}, {_kind(path)}" for path in (own / "fd").iterdir()]
    lines += [f"thread {thread.name} {thread.native_id}" for thread in threading.enumerate()]
    lines += [f"process {pid}" for task in (own / "task").iterdir() for pid in (task / "children").read_text().split()]
    lines += [f"mapping {line.split()[0]}" for line in (own / "maps").read_text().splitlines() if "guest-ram" in line]
    lines += [f"file {path}" for path in folder.rglob("*")]
    return frozenset(lines)


def _kind(descriptor: Path) -> str:
    """``socket``, ``pipe`` or a path. Python's own, by which the folder was just read, is closed again."""
    try:
        return str(descriptor.readlink()).partition(":")[0]
    except FileNotFoundError:
        return "closed"


@contextmanager
def _own_folder() -> Iterator[Path]:
    """Temporary files are made in a folder of their own meanwhile."""
    usual = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = usual


def _failures(image: Image, machine: str | None, times: int) -> list[str]:
    """What was said of each run that failed."""
    failures = []
    for _ in range(times):
        try:
            status = run(image, machine=machine, deadline=60).exit_status
        except CourseError as error:
            failures.append(error.message)
        else:
            failures += [f"exit status {status}"] if status else []
    return failures


def _resident() -> int:
    """Bytes of this process that are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
