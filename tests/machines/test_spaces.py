"""Address spaces of running machines, against what QEMU and Linux themselves say of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import LayoutError
from unilab.machines import EXIT, Machine
from unilab.spaces import paging
from unilab.spaces.model import AddressSpace, Privilege, Source
from unilab.toolchain import Image
from unilab.toolchain.symbols import SymbolTable

Program = Callable[..., Image]
LONG = 120.0
#: Where page-table slot 510 shows the tables themselves.
_SELF_MAP = 0xFFFF_FF00_0000_0000
#: One page of "info tlb": its address, its entry's address field, and a letter for each of the entry's flags.
_TLB_LINE = re.compile(r"([0-9a-f]{16}): ([0-9a-f]{16}) ([X-])([G-])([P-])([D-])([A-])([C-])([T-])([U-])([W-])")
#: Programs that use memory in different ways, and where to look at them.
_PLACES = [("hello", "main"), ("hello", EXIT), ("stations", "second"), ("hog", EXIT)]


@dataclass(frozen=True)
class Page:
    """A page as QEMU's own walk of the same tables shows it; rights are those of its last entry alone."""

    physical: int
    size: int
    writable: bool
    executable: bool
    user: bool


def _info_tlb(machine: Machine) -> dict[int, Page]:
    text = machine._monitor.hmp("info tlb")  # type: ignore[attr-defined]
    pages = {}
    for line in text.splitlines():
        parts = _TLB_LINE.fullmatch(line.strip())
        assert parts, line
        size = 0x20_0000 if parts[5] == "P" else 0x1000
        flags = parts[11] == "W", parts[3] != "X", parts[10] == "U"
        pages[int(parts[1], 16)] = Page(int(parts[2], 16), size, *flags)
    return pages


def _pages(mappings: Iterator[paging.Mapping]) -> dict[int, Page]:
    return {
        start: Page(
            run.physical + start - run.start, run.page_size, "w" in run.permissions, "x" in run.permissions, run.user
        )
        for run in mappings
        for start in range(run.start, run.end, run.page_size)
    }


@pytest.mark.parametrize("machine", ["microvm", "q35"])
@pytest.mark.parametrize(("name", "place"), _PLACES)
def test_our_walk_agrees_with_qemus(name: str, place: str, machine: str, program: Program) -> None:
    with machines.start(program(name), machine=machine, stop_at=place, memory=8) as stopped:
        registers = stopped.registers()  # type: ignore[attr-defined]
        walked = _pages(
            paging.walk(registers.cr3, lambda table: stopped.memory(table, 4096))  # type: ignore[attr-defined]
        )
        told = _info_tlb(stopped)
    assert walked.keys() == told.keys()
    assert len(walked) > 20
    # Where the tables show themselves, an entry of a table serves as the last one too, and ours is narrowed on the way.
    programs = {start for start in walked if start < _SELF_MAP}
    assert {start: walked[start] for start in programs} == {start: told[start] for start in programs}
    for start in walked.keys() - programs:
        assert walked[start].physical == told[start].physical
        assert (walked[start].writable, walked[start].executable) <= (told[start].writable, told[start].executable)


def _mapped(space: AddressSpace) -> int:
    return sum(region.size for region in space.regions if region.permissions != "---")


@pytest.mark.parametrize("machine", ["microvm", "q35"])
@pytest.mark.parametrize(("name", "place"), _PLACES)
def test_regions_are_exactly_the_pages_that_are_mapped(name: str, place: str, machine: str, program: Program) -> None:
    with machines.start(program(name), machine=machine, stop_at=place, memory=8) as stopped:
        space = stopped.address_space()
        told = _info_tlb(stopped)
        root = stopped.registers().cr3  # type: ignore[attr-defined]
    assert _mapped(space) == sum(page.size for page in told.values())
    for start, page in told.items():
        region = space.at(start)
        assert region is not None
        assert region.end >= start + page.size or space.at(start + page.size - 1) is not None
        if start < _SELF_MAP:
            assert region.permissions == f"r{'w' if page.writable else '-'}{'x' if page.executable else '-'}"
            assert region.privilege is (Privilege.USER if page.user else Privilege.KERNEL)
    assert (space.source, space.translation.root) == (Source.LIVE, root)
    assert space.translation.scheme == "x86-64, 4 levels"


@pytest.mark.parametrize(("name", "place"), _PLACES)
def test_nothing_of_a_unikernel_is_writable_and_executable(name: str, place: str, program: Program) -> None:
    with machines.start(program(name), stop_at=place, memory=8) as machine:
        permissions = {region.permissions for region in machine.address_space().regions}
        told = _info_tlb(machine)
    # The tables' own slot, too, denies execution, but by an entry higher up than the last, which QEMU does not show.
    assert not any(page.writable and page.executable for start, page in told.items() if start < _SELF_MAP)
    assert permissions == {"r--", "r-x", "rw-", "---"}


@pytest.mark.parametrize(("name", "place"), _PLACES)
def test_the_null_page_and_the_guards_are_unmapped(name: str, place: str, program: Program) -> None:
    image = program(name)
    with machines.start(image, stop_at=place, memory=8) as machine:
        space, told = machine.address_space(), _info_tlb(machine)
    guards = {region.label: region for region in space.regions if region.kind == "guard"}
    assert "null page" in guards
    assert sum("stack" in label for label in guards) >= 3
    for guard in guards.values():
        assert guard.permissions == "---"
        assert not any(guard.start < start + page.size and start < guard.end for start, page in told.items())
    # Below each stack lies a guard.
    for stack in (region for region in space.regions if region.kind == "stack" and region.label != "main stack"):
        assert any(guard.end == stack.start for guard in guards.values()), stack


def test_only_the_text_is_executable(program: Program) -> None:
    image = program("hello")
    text = next(s for s in SymbolTable(image.debug).sections() if s.name == ".text")
    with machines.start(image, stop_at=EXIT) as machine:
        executable = [region for region in machine.address_space().regions if "x" in region.permissions]
    assert executable[0].start == text.start
    assert executable[-1].end == -(-text.end // 4096) * 4096
    assert {region.kind for region in executable} == {"text"}
    assert {region.owner for region in executable} >= {"program", "C library", "library OS"}


def test_a_guest_that_still_boots_has_no_address_space_yet(program: Program) -> None:
    with machines.start(program("endless"), deadline=LONG) as machine:
        assert machine.console.wait_for("running\n", LONG)
        machine.pause()
        machine.reset()  # stands at the processor's first instruction
        with pytest.raises(LayoutError, match="still booting"):
            machine.address_space()
        machine.resume()
        assert machine.console.wait_for("running\nrunning\n", LONG)
        assert machine.address_space().regions


def _maps(pid: int) -> list[tuple[int, int, str]]:
    lines = (line.split(maxsplit=2) for line in Path(f"/proc/{pid}/maps").read_text().splitlines())
    return [(*(int(edge, 16) for edge in line[0].split("-")), line[1][:3]) for line in lines]  # type: ignore[misc]


@pytest.mark.parametrize(("name", "place"), [("hello", "main"), ("hello", EXIT), ("stations", "second")])
def test_a_process_is_mapped_as_linux_says(name: str, place: str, program: Program) -> None:
    image = program(name, "process")
    with machines.start(image, stop_at=place) as machine:
        space, told = machine.address_space(), _maps(machine.pid)
        assert space.origin.startswith(f"process {machine.pid}, /proc/{machine.pid}/maps, ")
    joined: list[tuple[int, int, str]] = []
    for region in space.regions:
        # Regions are cut where names change; Linux's lines are not.
        line = next(line for line in told if line[0] <= region.start < line[1])
        assert region.permissions == line[2]
        if joined and joined[-1][1] == region.start and region.start != line[0]:
            joined[-1] = (joined[-1][0], region.end, region.permissions)
        else:
            joined.append((region.start, region.end, region.permissions))
    assert joined == told
    labels = {region.label for region in space.regions}
    assert {"main stack", "vdso"} <= labels
    assert any(region.kind == "text" and region.owner == "program" for region in space.regions)


@pytest.mark.parametrize("on", ["unikernel", "process"])
def test_a_running_machine_runs_on_afterwards(on: str, program: Program) -> None:
    with machines.start(program("endless", on), deadline=LONG) as machine:
        assert machine.console.wait_for("running\n", LONG)
        first, second = machine.address_space(), machine.address_space()
        assert machine.state == "running"
        assert [(r.start, r.end, r.permissions) for r in first.regions] == [
            (r.start, r.end, r.permissions) for r in second.regions
        ]


def test_a_process_is_looked_at_only_when_it_is_the_program(program: Program) -> None:
    """Not while it is still the shell that limits it."""
    image = program("endless", "process")
    for _ in range(20):
        with machines.start(image) as machine:
            backings = {region.backing for region in machine.address_space().regions}
        assert image.path.name in backings
        assert not [backing for backing in backings if "/sh" in backing or "setpriv" in backing]


def test_a_process_that_becomes_another_program_at_once_is_no_hang(program: Program) -> None:
    with machines.start(program("becomes", "process"), args=["/bin/sleep", "600"], memory=1024) as machine:
        while not any(region.backing == "sleep" for region in machine.address_space().regions):
            assert machine.state == "running"
