"""A guest's memory from outside, on unikernels: the ways to one byte agree, and QEMU's death is said."""

from __future__ import annotations

import os
import random
import re
import signal
import threading
import time
from collections.abc import Callable

import pytest

from unilab import machines
from unilab.errors import LayoutError, MachineError
from unilab.machines import EXIT
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces.model import Privilege, Source
from unilab.spaces.page_walk import TABLES
from unilab.toolchain import Image
from unilab.toolchain.symbols import SymbolTable

Program = Callable[..., Image]
LONG = 120.0
each_machine = pytest.mark.parametrize("machine", ["microvm", "q35", "pc"])


def _stopped(program: Image, machine: str, place: str = EXIT) -> VirtualMachine:
    started = machines.start(program, machine=machine, stop_at=place)
    assert isinstance(started, VirtualMachine)
    return started


@each_machine
def test_a_byte_is_followed_down_and_is_the_same_everywhere(machine: str, program: Program) -> None:
    image = program("hello")
    main = SymbolTable(image.debug).address("main")
    with _stopped(image, machine) as stopped:
        found = stopped.nested(main)
        guest, physical, host, frame = found.stages
        assert found.proved
        assert found.source is Source.LIVE
        assert found.name == f"the byte at {main:#x} of hello as a unikernel"
        # Three ways of reading that know nothing of each other, and our own.
        assert len({stage.content for stage in found.stages}) == 1
        assert len({stage.read_by for stage in found.stages}) == 4
        assert guest.region == "program text"
        # What QEMU itself says of each step.
        assert stopped.monitor_text(f"gva2gpa {main:#x}").split() == ["gpa:", f"{physical.address:#x}"]
        assert stopped.monitor_text(f"gpa2hva {physical.address:#x}").strip().endswith(f"is {host.address:#x}")
        assert host.region == "guest RAM"
        if os.geteuid() == 0 and frame.address is not None:
            assert frame.region == "a frame that QEMU and this process share"
        # The file in which the byte lies is the image.
        assert physical.content == stopped.memory(main, len(physical.content))


def test_many_bytes_are_the_same_everywhere(program: Program) -> None:
    choose = random.Random(1)
    with _stopped(program("hello"), "microvm") as stopped:
        space = stopped.address_space()
        regions = [region for region in space.regions if region.permissions != "---" and region.kind != "device"]
        for region in regions:
            for address in (region.start, region.end - 1, choose.randrange(region.start, region.end)):
                assert stopped.nested(address).proved, hex(address)


def test_a_walk_shows_each_entry_that_is_read(program: Program) -> None:
    image = program("hello")
    main = SymbolTable(image.debug).address("main")
    with _stopped(image, "microvm") as stopped:
        registers, walk = stopped.registers(), stopped.page_walk(main)
        assert [TABLES[entry.level] for entry in walk.entries] == [
            "PML4",
            "page-directory-pointer table",
            "page directory",
            "page table",
        ]
        assert walk.entries[0].table == walk.root == registers.cr3 & -4096
        for above, below in zip(walk.entries, walk.entries[1:], strict=False):
            assert above.value & 0xF_FFFF_FFFF_F000 == below.table
        for entry in walk.entries:
            told = stopped.monitor_text(f"xp /1xg {entry.table + 8 * entry.index:#x}")
            assert int(told.split(":")[1], 16) == entry.value
        assert (walk.physical, walk.page_size, walk.permissions, walk.user) == (main, 4096, "r-x", False)
        nothing = stopped.page_walk(0)
        assert (nothing.physical, nothing.page_size, nothing.permissions) == (None, 0, "")
        assert not nothing.entries[-1].value & 1
        assert stopped.page_walk(1 << 62).entries == ()
        with pytest.raises(LayoutError, match="nothing is mapped at 0x0"):
            stopped.nested(0)


@each_machine
def test_physical_memory_is_what_qemu_lists(machine: str, program: Program) -> None:
    with _stopped(program("hello"), machine) as stopped:
        space = stopped.physical_space()
        told = stopped.monitor_text("info mtree -f")
    assert space.source is Source.LIVE
    view = next(view for view in told.split("FlatView") if '"cpu-memory-0"' in view)
    lines = re.findall(r"^  ([0-9a-f]+)-([0-9a-f]+) \(", view, re.MULTILINE)
    assert [(region.start, region.end) for region in space.regions] == [
        (int(start, 16), int(end, 16) + 1) for start, end in lines
    ]
    low = space.at(0x10_0000)
    assert low is not None
    assert (low.label, low.kind, low.end) == ("RAM", "memory", 64 << 20)
    assert {"memory", "device"} <= {region.kind for region in space.regions}
    assert any(region.label == "firmware" for region in space.regions)
    assert {region.privilege for region in space.regions} == {Privilege.KERNEL}
    assert any(region.label == "virtio device" for region in space.regions) == (machine == "microvm")


def test_the_guests_ram_is_found_in_qemus_own_process(program: Program) -> None:
    with _stopped(program("hello"), "microvm") as stopped:
        space = stopped.host_space()
        (ram,) = [region for region in space.regions if region.label == "guest RAM"]
        assert (ram.size, ram.owner, ram.permissions) == (64 << 20, "guest", "rw-")
        if stopped.accelerator == "tcg":
            assert any(region.label == "translated guest code" for region in space.regions)
        assert any(region.owner == "hypervisor" and region.kind == "text" for region in space.regions)


_READERS: dict[str, Callable[[VirtualMachine], object]] = {
    "address_spaces": lambda machine: machine.address_spaces(),
    "page_walk": lambda machine: machine.page_walk(0x10_0000),
    "physical_space": lambda machine: machine.physical_space(),
    "host_space": lambda machine: machine.host_space(),
    "nested": lambda machine: machine.nested(0x10_0000),
}


def _read_while_it_is_killed(machine: VirtualMachine, read: Callable[[VirtualMachine], object], after: float) -> None:
    """Read on and on while QEMU is killed; every answer is an answer or a MachineError, and the last is an error."""
    pid = machine.pid

    def kill() -> None:
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    begin = time.monotonic()
    try:
        with pytest.raises(MachineError) as caught:
            while time.monotonic() < begin + LONG:
                assert read(machine)
    finally:
        killer.join()
    assert str(caught.value)


@pytest.mark.parametrize("reader", _READERS)
def test_qemus_death_in_the_middle_is_said(reader: str, program: Program) -> None:
    for i in range(5):
        with _stopped(program("hello"), "microvm") as machine:
            _read_while_it_is_killed(machine, _READERS[reader], 0.002 * i)
            with pytest.raises(MachineError, match="ended by SIGKILL"):
                machine.wait(LONG)
            with pytest.raises(MachineError, match="has ended"):
                _READERS[reader](machine)
