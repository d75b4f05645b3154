"""How long it takes to see an address space."""

from __future__ import annotations

import mmap
import os
import tempfile
import time
from collections.abc import Iterable

from unilab.errors import CourseError
from unilab.machines import EXIT, Machine, observe_all, start
from unilab.measure.figure import Figure, at_most, reported
from unilab.measure.programs import of_course
from unilab.spaces import procfs
from unilab.spaces.model import Source
from unilab.views import side_by_side as view_of

_ROUNDS = 25
_MAPPINGS = 2000
_SURVEYS = 3


def unikernel() -> Iterable[Figure]:
    """From the question to named regions: registers over QMP, the walk from CR3, labels. Milliseconds."""
    with start(of_course("hello.c"), stop_at=EXIT) as machine:
        yield at_most("spaces.unikernel.ms", 20, "ms", _times(machine))


def linux() -> Iterable[Figure]:
    """The same for a process of a Linux guest, and besides, the kernel's list of tasks and its areas. Milliseconds."""
    with start(of_course("hello.c"), "linux", stop_at=EXIT) as machine:
        begin = time.monotonic()
        machine.address_space()
        yield reported("spaces.linux.first.ms", "ms", [(time.monotonic() - begin) * 1e3])
        yield reported("spaces.linux.regions", "regions", [len(machine.address_space().regions)])
        yield at_most("spaces.linux.ms", 100, "ms", _times(machine))


def process() -> Iterable[Figure]:
    """A process of the host with 2,000 mappings, read and named. Milliseconds."""
    samples = []
    with tempfile.TemporaryFile() as file:
        file.truncate(mmap.PAGESIZE)
        # Two kinds in turn: the kernel joins neighbours that are alike.
        rights = (mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE)
        made = [
            mmap.mmap(file.fileno(), mmap.PAGESIZE, flags=mmap.MAP_PRIVATE, prot=rights[i % 2])
            for i in range(_MAPPINGS)
        ]
        for _ in range(_ROUNDS):
            begin = time.monotonic()
            space = procfs.read(os.getpid(), name="this process")
            samples.append((time.monotonic() - begin) * 1e3)
            assert len(space.regions) >= _MAPPINGS
        for mapping in made:
            mapping.close()
    yield at_most("spaces.process.ms", 60, "ms", samples)


def side_by_side() -> Iterable[Figure]:
    """From nothing to the picture of hello as every architecture, all of them run for it. Seconds."""
    samples = []
    for _ in range(_SURVEYS):
        begin = time.monotonic()
        survey = observe_all(of_course("hello.c"))
        view_of(*(seen.space for seen in survey.observations.values()))._repr_mimebundle_()
        samples.append(time.monotonic() - begin)
        recorded = [name for name, seen in survey.observations.items() if seen.source is not Source.LIVE]
        if recorded or survey.failures:
            raise CourseError(f"not every architecture runs here:\n{survey!r}")
    yield at_most("spaces.side_by_side.s", 15, "s", samples)


def _times(machine: Machine) -> list[float]:
    samples = []
    for _ in range(_ROUNDS):
        begin = time.monotonic()
        machine.address_space()
        samples.append((time.monotonic() - begin) * 1e3)
    return samples
