"""Address spaces of a Linux guest, against what its kernel and QEMU themselves say of them."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.machines.marks import OF_SYSTEM, check
from unilab import machines
from unilab.errors import MachineError
from unilab.machines.keeper import Keeper
from unilab.machines.linux_guest import LinuxGuest
from unilab.spaces import paging
from unilab.spaces.model import AddressSpace, Privilege, Region, Source
from unilab.toolchain import Image

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="a Linux guest's kernel comes through apt-get")

Program = Callable[..., Image]
LONG = 120.0
_USER_HALF = 1 << 47
_PHYSICAL = re.compile(r"gpa: (?:0x)?([0-9a-f]+)")
_TLB_LINE = re.compile(r"([0-9a-f]{16}): ([0-9a-f]{16}) (.)(.)(.)(.)(.)(.)(.)(.)(.)")
#: Name, machine, kernel's options, further features of the processor, MiB. Each is booted once.
_GUESTS = {
    "4 levels, two tables each": ("q35", ("pti=on",), (), 256),
    # Linux changes rights in its map of memory where it lies itself and at the end of RAM; between, a GiB is one page.
    "5 levels, pages of 1 GiB": ("microvm", ("nokaslr",), ("la57",), 2560),
}


@pytest.fixture(scope="module", params=list(_GUESTS))
def stopped(request: pytest.FixtureRequest, program: Program) -> Iterator[LinuxGuest]:
    """A guest whose program has printed its own maps, and stands at here()."""
    # More than the course allows, but still all below the hole for devices.
    with pytest.MonkeyPatch.context() as patch, _started(patch, program, request.param) as guest:
        assert isinstance(guest, LinuxGuest)
        assert guest.console.wait_for("end\n", LONG)
        yield guest


def _started(patch: pytest.MonkeyPatch, program: Program, name: str) -> machines.Machine:
    machine, kernel_options, cpu_with, memory = _GUESTS[name]
    patch.setitem(machines.start.__globals__, "MOST_MEMORY", memory)
    return machines.start(
        program("maps", "linux"),
        machine=machine,
        stop_at="here",
        memory=memory,
        kernel_options=kernel_options,
        cpu_with=cpu_with,
        deadline=600,
    )


def _lines(text: str) -> list[tuple[int, int, str, str]]:
    """Start, end, permissions and name of each line of a maps file."""
    parts = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) (...). \S+ \S+ \S+ *(.*)$", text, re.MULTILINE)
    return [(int(start, 16), int(end, 16), permissions, name) for start, end, permissions, name in parts]


def _mapped(space: AddressSpace, *, user: bool) -> list[Region]:
    low = [region for region in space.regions if (region.start < _USER_HALF) == user]
    return [region for region in low if region.permissions != "---"]


def test_its_user_part_is_what_its_own_maps_say(stopped: LinuxGuest) -> None:
    space, told = stopped.address_space(), _lines(stopped.console.text)
    assert len(told) >= 8
    user = _mapped(space, user=True)
    # Linux tells what may be touched, the tables what has been: each page there is inside a line, with no more rights.
    isolated = stopped.kernel().isolated
    for region in user:
        first = region.start & -4096
        for page in range(first, region.end, 4096):
            found = [line for line in told if line[0] <= page < line[1]]
            assert len(found) == 1, hex(page)
            assert "w" not in region.permissions or "w" in found[0][2], found
            assert ("x" in region.permissions) == ("x" in found[0][2] and not isolated), found
        assert region.privilege is Privilege.USER
    # What the program is known to have touched is there, by its right name.
    named = {name: [line for line in told if line[3] == name] for name in ("[heap]", "[stack]", "[vdso]", "[vvar]")}
    for name, label in (("[heap]", "heap"), ("[stack]", "main stack"), ("[vdso]", "vdso"), ("[vvar]", "vvar")):
        (line,) = named[name]
        labelled = [region for region in user if region.label == label]
        assert labelled, label
        assert all(line[0] <= region.start and region.end <= line[1] for region in labelled), label
    text = [region for region in user if (region.owner, region.kind) == ("program", "text")]
    assert text
    assert {region.owner for region in user} >= {"program", "C library", "kernel"}


def test_its_processes_are_all_there_each_with_its_tables(stopped: LinuxGuest) -> None:
    spaces = stopped.address_spaces()
    two = [", while its own code runs"] if stopped.kernel().isolated else []
    names = [
        f"{name}{more}"
        for name in ("maps in a Linux guest", "init, process 1 of the Linux guest")
        for more in ["", *two]
    ]
    assert [space.name for space in spaces] == [*names, "the kernel of the Linux guest by itself"]
    assert len({space.translation.root for space in spaces}) == len(spaces)
    assert all(space.source is Source.LIVE for space in spaces)
    levels = stopped.registers().levels
    assert {space.translation.scheme for space in spaces} == {f"x86-64, {levels} levels"}
    # All share the kernel's half, but for the tables that user code runs with.
    halves = {space.name: {(r.start, r.permissions) for r in _mapped(space, user=False)} for space in spaces}
    whole = halves["the kernel of the Linux guest by itself"]
    for space in spaces:
        half = halves[space.name]
        if space.name.endswith("while its own code runs"):
            assert len(half) < len(whole) / 4
            assert "cpu entry area" in {region.label for region in _mapped(space, user=False)}
        else:
            # But for the tables of segments, which each process has of its own.
            assert half == whole


def test_the_processor_is_in_the_programs_space(stopped: LinuxGuest) -> None:
    registers, spaces = stopped.registers(), stopped.address_spaces()
    mine = next(space for space in spaces if space.translation.root == registers.cr3 & -4096)
    assert mine.name.startswith("maps in a Linux guest")
    # With two tables, user code runs with the second.
    assert mine is spaces[1 if stopped.kernel().isolated else 0]
    assert registers.privilege_level == 3
    at = mine.at(registers.rip)
    assert at is not None
    assert (at.owner, at.kind, at.permissions) == ("program", "text", "r-x")


def test_the_kernels_half_has_its_names(stopped: LinuxGuest) -> None:
    space = stopped.address_spaces()[-1]
    kernel = stopped.kernel()
    for symbol, label, permissions in (
        ("do_exit", "kernel text", "r-x"),
        ("linux_banner", "kernel read-only data", "r--"),
        ("init_task", "kernel data", "rw-"),
    ):
        region = space.at(kernel.symbol(symbol))
        assert region is not None
        assert (region.label, region.permissions, region.privilege) == (label, permissions, Privilege.KERNEL)
        assert region.stays == (not kernel.isolated)  # Linux forgoes global pages where it isolates tables
    unnamed = [region for region in space.regions if not region.label]
    assert not unnamed
    labels = {region.label for region in space.regions}
    assert {"direct map of all memory", "vmalloc area", "cpu entry area", "fixmap", "kernel stack of maps"} <= labels
    direct = [region for region in space.regions if region.label == "direct map of all memory"]
    largest = 1 << 30 if stopped.registers().levels == 5 else 2 << 20
    assert max(region.page_size for region in direct) == largest
    assert not [region for region in space.regions if region.permissions == "rwx"]


def test_what_is_followed_through_all_architectures_is_the_programs_or_the_kernels(stopped: LinuxGuest) -> None:
    space = stopped.address_space()
    of_kernel = ["system call entry", *OF_SYSTEM]
    check(replace(space, marks=space.marks[-3:]), of_kernel, in_kernel=of_kernel)
    assert space.marks[0].name == "main"
    # Not executable here where page tables are isolated: the program has a table of its own to run with.
    region = space.at(space.marks[0].address)
    assert region is not None
    assert (region.owner, region.kind, region.privilege) == ("program", "text", Privilege.USER)


def _told(guest: LinuxGuest, address: int) -> int | None:
    found = _PHYSICAL.search(guest.monitor_text(f"gva2gpa {address:#x}"))
    return int(found[1], 16) if found else None


def _addresses(space: AddressSpace, count: int) -> list[int]:
    """Inside regions, at their edges, between them, and anywhere."""
    choose = random.Random(count)
    regions = [region for region in space.regions if region.permissions != "---"]
    edges = [address for region in regions for address in (region.start, region.end - 1, region.start - 1, region.end)]
    inside = [choose.randrange(region.start, region.end) for region in choose.choices(regions, k=count)]
    anywhere = [choose.getrandbits(64) for _ in range(count // 8)]
    low = [choose.getrandbits(48) for _ in range(count // 8)]
    return [address % (1 << 64) for address in (*edges, *inside, *anywhere, *low)]


def test_thousands_of_addresses_lead_where_qemu_says(stopped: LinuxGuest) -> None:
    registers = stopped.registers()
    space = next(s for s in stopped.address_spaces() if s.translation.root == registers.cr3 & -4096)
    addresses = _addresses(space, 1500)
    assert len(addresses) > 1500
    ours = {address: stopped.page_walk(address).physical for address in addresses[:100]}
    # The rest without asking for registers each time.
    for address in addresses[100:]:
        walk = paging.page_walk(
            address, registers.cr3, lambda table: stopped.memory(table, 4096), levels=registers.levels
        )
        ours[address] = walk.physical
    theirs = {address: _told(stopped, address) for address in addresses}
    assert {a: v for a, v in ours.items() if v != theirs[a]} == {}
    assert sum(found is not None for found in ours.values()) > 1000
    assert sum(found is None for found in ours.values()) > 100


def test_regions_are_exactly_the_pages_that_qemu_lists(stopped: LinuxGuest) -> None:
    registers = stopped.registers()
    space = next(s for s in stopped.address_spaces() if s.translation.root == registers.cr3 & -4096)
    listed = 0
    at: Region | None = None
    for line in stopped.monitor_text("info tlb").splitlines():
        parts = _TLB_LINE.fullmatch(line.strip())
        assert parts, line
        start = int(parts[1], 16)
        if at is None or not at.start <= start < at.end:
            at = space.at(start)
        assert at is not None, line
        # QEMU shows the last entry's own bits; those above may narrow them. It does not mark pages of 1 GiB apart.
        assert "x" not in at.permissions or parts[3] != "X"
        assert "w" not in at.permissions or parts[11] == "W"
        assert at.stays == (parts[4] == "G" and registers.global_pages)
        listed += at.page_size
    assert listed == sum(region.size for region in space.regions if region.permissions != "---")


def test_a_byte_is_the_same_all_the_way_down(stopped: LinuxGuest) -> None:
    kernel, spaces = stopped.kernel(), stopped.address_spaces()
    banner = stopped.nested(kernel.symbol("linux_banner"), spaces[0].translation.root)
    assert banner.proved
    assert banner.stages[2].content == b"Linux version 6."[: len(banner.stages[2].content)]
    assert [stage.space for stage in banner.stages] == [
        "guest virtual",
        "guest physical",
        "QEMU's virtual",
        "host physical",
    ]
    told = stopped.monitor_text(f"gpa2hva {banner.stages[1].address:#x}")
    assert told.strip().endswith(f"is {banner.stages[2].address:#x}")


def test_a_device_has_no_byte_to_follow(stopped: LinuxGuest) -> None:
    space = stopped.address_spaces()[-1]
    physical = {region: int(region.backing.split()[1], 16) for region in space.regions}
    controller = next(region for region, at in physical.items() if at >= 0xFE00_0000)
    with pytest.raises(MachineError, match="which is no RAM of the guest's"):
        stopped.nested(controller.start, space.translation.root)


def test_the_death_of_qemu_in_the_middle_is_said(program: Program) -> None:
    readers: list[Callable[[LinuxGuest], object]] = [
        lambda guest: (
            guest.address_spaces() and guest.nested(guest.kernel().symbol("linux_banner"), guest.kernel().notes.root)
        ),
        lambda guest: guest.file("/proc/1/maps"),
    ]
    for read in readers:
        with machines.start(program("endless", "linux"), machine="microvm", deadline=LONG) as guest:
            assert isinstance(guest, LinuxGuest)
            assert guest.console.wait_for("running\n", LONG)
            killer = threading.Timer(0.05, os.kill, (guest.pid, signal.SIGKILL))
            killer.start()
            begin = time.monotonic()
            with pytest.raises(MachineError):
                while time.monotonic() < begin + LONG:
                    assert read(guest)
            killer.join()
            with pytest.raises(MachineError, match="ended by SIGKILL"):
                guest.wait(LONG)


def test_death_while_it_boots_is_said(program: Program) -> None:
    """By whichever call notices it."""

    others = set(threading.enumerate())

    def kill_when_it_has_a_pid() -> None:
        for _ in range(1000):
            mine = [
                keeper for keeper in set(threading.enumerate()) - others if isinstance(keeper, Keeper) and keeper.pid
            ]
            if mine:
                os.kill(mine[0].pid, signal.SIGKILL)
                return
            time.sleep(0.01)

    killer = threading.Timer(0.5, kill_when_it_has_a_pid)
    killer.start()
    with pytest.raises(MachineError, match="ended by SIGKILL"):
        machines.run(program("endless", "linux"), machine="microvm", deadline=LONG)
    killer.join()
