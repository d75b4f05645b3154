"""Pages of real processes: which are there, in which frames, and who shares them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import MachineError
from unilab.machines import EXIT, container_host, process_space
from unilab.machines.process import Process
from unilab.spaces import pagemap
from unilab.spaces.model import Source
from unilab.toolchain import Image

Program = Callable[..., Image]
LONG = 120.0
MIB, PAGE = 1 << 20, 4096

contained = pytest.param(
    "container", marks=pytest.mark.skipif(bool(container_host.forbidden()), reason="no container on this host")
)
each_kind = pytest.mark.parametrize("on", ["process", contained])
tells_frames = pytest.mark.skipif(os.geteuid() != 0, reason="frames are told to the superuser only")


@contextlib.contextmanager
def _sleeping() -> Iterator[int]:
    """An ordinary program of the host's, dynamically linked, that has loaded its libraries and sleeps."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        try:
            until = time.monotonic() + LONG
            while not _sleeps(process.pid):
                assert time.monotonic() < until
                time.sleep(0.001)
            yield process.pid
        finally:
            process.kill()


def _sleeps(pid: int) -> bool:
    proc = Path(f"/proc/{pid}")
    state = (proc / "stat").read_text().rpartition(")")[2].split()[0]
    # It waits for its disk, too, while it is still being loaded.
    loaded = re.search(r"libc[.-]", (proc / "maps").read_text())
    return state == "S" and bool(loaded) and (proc / "comm").read_text() == "sleep\n"


@pytest.fixture
def sleeper() -> Iterator[int]:
    with _sleeping() as pid:
        yield pid


def _started(program: Program, name: str, on: str, **options: object) -> Process:
    machine = machines.start(program(name, on), deadline=LONG, **options)  # type: ignore[arg-type]
    assert isinstance(machine, Process)
    return machine


@each_kind
def test_touching_a_page_is_what_makes_it_be_there(on: str, program: Program) -> None:
    with _started(program, "touches", on) as machine:
        assert machine.console.wait_for("\n", LONG)
        start = int(machine.console.text.split()[1], 16)
        before = machine.memory_counters()
        assert not any(page.present for page in pagemap.pages(machine.program_pid, start, start + MIB))
        machine.send("go\n")
        assert machine.console.wait_for("touched\n", LONG)
        first = machine.memory_counters() - before
        found = pagemap.pages(machine.program_pid, start, start + MIB)
        assert len(found) == MIB // PAGE and all(page.present and page.exclusive for page in found)
        assert not any(page.file_or_shared or page.swapped for page in found)
        assert first.mapped == 0 and first.anonymous >= MIB and first.resident >= MIB
        # A fault may bring in several pages, where the kernel was told so; there are never more faults than pages.
        assert 1 <= first.minor_faults <= MIB // PAGE + 16
        machine.send("again\n")
        assert machine.console.wait_for("touched\ntouched\n", LONG)
        assert (machine.memory_counters() - before - first).minor_faults <= 16


@tells_frames
@each_kind
def test_two_of_one_program_share_its_frames(on: str, program: Program) -> None:
    with (
        _started(program, "hello", on, stop_at=EXIT) as one,
        _started(program, "hello", on, stop_at=EXIT) as other,
    ):
        shared = {mapping.permissions: mapping for mapping in pagemap.sharing(one.program_pid, other.program_pid)}
        text = shared["r-x"]
        assert Path(text.path).name.startswith("hello")
        assert text.present > 0 and text.same_frames == text.present
        assert text.shared_bytes >= text.present * PAGE
        # What each has written to is its own.
        stack = next(r for r in one.address_space().regions if r.kind == "stack")
        frames = {p.frame for p in pagemap.pages(one.program_pid, stack.start, stack.end)} - {None}
        others = next(r for r in other.address_space().regions if r.kind == "stack")
        assert frames and not frames & {p.frame for p in pagemap.pages(other.program_pid, others.start, others.end)}


@tells_frames
def test_the_page_of_a_breakpoint_is_a_copy(program: Program) -> None:
    with (
        _started(program, "hello", "process", stop_at=EXIT) as one,
        _started(program, "hello", "process", stop_at="main") as other,
    ):
        text = next(m for m in pagemap.sharing(one.program_pid, other.program_pid) if m.permissions == "r-x")
        assert text.present > 1 and text.same_frames == text.present - 1


@tells_frames
@pytest.mark.skipif(bool(container_host.forbidden()), reason="no container on this host")
def test_a_process_and_a_container_share_the_program_s_frames(program: Program) -> None:
    with (
        _started(program, "hello", "process", stop_at="main") as process,
        _started(program, "hello", "container", stop_at="main") as container,
    ):
        shared = pagemap.sharing(process.program_pid, container.program_pid)
        assert any(mapping.permissions == "r-x" and mapping.same_frames for mapping in shared)


def test_two_programs_share_the_c_library(sleeper: int) -> None:
    with _sleeping() as second:
        found = [m for m in pagemap.sharing(sleeper, second) if "libc" in m.path and m.permissions == "r-x"]
    assert found and found[0].present > 0 and found[0].shared_bytes >= found[0].present * PAGE
    assert found[0].same_frames == (found[0].present if os.geteuid() == 0 else None)


def test_a_program_of_the_host_has_libraries_and_a_vdso(sleeper: int) -> None:
    space = process_space(sleeper)
    assert space.name == f"sleep, process {sleeper}" and space.source is Source.LIVE
    owners = {region.owner for region in space.regions}
    assert {"program", "C library", "kernel"} <= owners
    assert {"text", "read-only data", "data", "heap", "stack", "vdso"} <= {region.kind for region in space.regions}
    assert process_space(sleeper, name="a sleeper").name == "a sleeper"


@pytest.mark.skipif(shutil.which("pmap") is None, reason="needs pmap, of procps")
@pytest.mark.parametrize("option", ["", "-x"])
def test_pmap_sees_the_same(option: str, sleeper: int) -> None:
    """Pmap comes with procps, and is older than this course."""
    said = subprocess.run(["pmap", *option.split(), str(sleeper)], capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in said.splitlines() if re.match(r"[0-9a-f]{16} ", line)]
    columns = (0, 1, 2) if not option else (0, 1, 4)
    theirs = [tuple(line[i] for i in columns) for line in lines]
    ours = [
        (f"{r.start:016x}", f"{r.size >> 10}" + "K" * (not option), r.permissions + "--")
        for r in process_space(sleeper).regions
    ]
    # With the letters s and R after rwx, for shared and not reserved, which a Region has not.
    assert [(start, size, mode[:3] + "--") for start, size, mode in theirs] == ours
    if option:
        amounts = pagemap.smaps(sleeper)
        assert [int(line[2]) for line in lines] == [
            amounts[r.start]["Rss"] >> 10 for r in process_space(sleeper).regions
        ]


def test_processes_that_have_gone_and_ranges_that_make_no_sense(sleeper: int) -> None:
    gone = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(gone, 0)
    for look in (process_space, pagemap.smaps, lambda pid: pagemap.pages(pid, 0, 1), lambda p: pagemap.sharing(p, p)):
        with pytest.raises(MachineError, match=f"process {gone}"):
            look(gone)
    for start, end in ((0, 0), (PAGE, 0), (-PAGE, PAGE), (0, 1 << 47)):
        with pytest.raises(Exception, match="no range of pages"):
            pagemap.pages(sleeper, start, end)
