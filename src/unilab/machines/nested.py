"""A guest's memory seen from outside: what is at which physical address, and where in QEMU's own process it is.

The guest's RAM is a file in memory that QEMU maps, and we map too. So a byte of the guest can be read in several ways
that know nothing of each other: QEMU is asked for it by virtual and by physical address, the host's kernel is asked for
QEMU's own memory, and our own mapping has it.
"""

from __future__ import annotations

import ctypes
import os
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from unilab.errors import LayoutError, MachineError
from unilab.spaces import memory_tree, pagemap, procfs
from unilab.spaces.model import AddressSpace, Region
from unilab.spaces.nested import Nested, Stage
from unilab.toolchain.linkmap import PROGRAM

if TYPE_CHECKING:
    from unilab.machines.guest_memory import GuestMemory

_PAGE = 4096
#: What QEMU's processor models have under TCG, and more than any machine of the course has.
_PHYSICAL_BITS = 40
#: How many bytes are compared.
_BYTES = 16
#: What the file is called, and what we call it.
_RAM_FILE, _RAM_LABEL = "guest-ram", "guest RAM"
_CELL = re.compile(r"0x([0-9a-f]{2})\b")


def physical_space(machine: GuestMemory) -> AddressSpace:
    """Guest-physical memory: RAM, ROM and devices, as QEMU's memory tree has them."""
    return memory_tree.physical_space(
        _ranges(machine),
        name=f"physical memory of the guest, {machine.machine}",
        origin=f"QEMU's memory tree, {_now()}",
        address_bits=_PHYSICAL_BITS,
    )


def host_space(machine: GuestMemory) -> AddressSpace:
    """QEMU's own process, with the guest's RAM found in it.

    Raises:
        MachineError: The host does not let us look.
    """
    space = procfs.read(machine.pid, name=f"QEMU's own process, {machine.pid}")
    regions = tuple(_named(region, machine) for region in space.regions)
    if not any(region.label == _RAM_LABEL for region in regions):
        raise MachineError(f"the guest's RAM is not in QEMU's process {machine.pid}: it has ended")
    return replace(space, regions=regions)


def nested(machine: GuestMemory, virtual: int, root: int | None, space: AddressSpace) -> Nested:
    """Follow a byte of a machine that stands still.

    Args:
        machine: The machine.
        virtual: The byte's virtual address.
        root: Physical address of the top page table; the processor's own (CR3) for None.
        space: The address space that ``virtual`` is in.

    Raises:
        LayoutError: Nothing is mapped there.
        MachineError: What is mapped there is no RAM; or QEMU's process cannot be looked at.
    """
    walk = machine.page_walk(virtual, root)
    if walk.physical is None:
        raise LayoutError(f"nothing is mapped at {virtual:#x}", remedy="choose an address inside a region")
    physical = walk.physical
    length = min(_BYTES, _PAGE - physical % _PAGE)
    within = next((found for found in _ranges(machine) if found.start <= physical < found.end), None)
    host = next(region for region in host_space(machine).regions if region.label == _RAM_LABEL)
    if within is None or within.name != "ram":
        what = within.name if within else "nothing"
        raise MachineError(
            f"at guest-physical {physical:#x} is {what}, which is no RAM of the guest's",
            remedy="choose an address whose page is in RAM",
        )
    ours = machine.memory(physical, length)
    at = host.start + physical
    region = space.at(virtual)
    current = machine.registers().cr3 & -_PAGE == walk.root
    steps = f"{len(walk.entries)} entries of page tables from {walk.root:#x} on"
    frame = _frame(machine.pid, at)
    # QEMU's and our own mapping must lead to one frame, or the bytes are not the same but only alike.
    shared = frame is not None and frame == _frame(os.getpid(), machine.own_address(physical))
    return Nested(
        f"the byte at {virtual:#x} of {space.name}",
        (
            Stage(
                "guest virtual",
                virtual,
                region.label if region else "",
                steps,
                _asked(machine, f"x /{length}xb {virtual:#x}", length) if current else b"",
                "QMP, by virtual address" if current else "",
            ),
            Stage(
                "guest physical",
                physical,
                "RAM",
                f"QEMU's mapping of the guest's RAM at {host.start:#x}",
                _asked(machine, f"xp /{length}xb {physical:#x}", length),
                "QMP, by physical address",
            ),
            Stage(
                "QEMU's virtual",
                at,
                host.label,
                "the host's page tables",
                _of_process(machine, at, length),
                f"/proc/{machine.pid}/mem",
            ),
            Stage(
                "host physical",
                frame,
                "a frame that QEMU and this process share" if shared else "",
                "",
                ours,
                "this process's own mapping",
            ),
        ),
        origin=f"QEMU {machine.machine}, {machine.accelerator}, {_now()}",
    )


def _ranges(machine: GuestMemory) -> tuple[memory_tree.Range, ...]:
    return memory_tree.parse_flat_view(machine.monitor_text("info mtree -f"))


def _named(region: Region, machine: GuestMemory) -> Region:
    if _RAM_FILE in region.backing:
        return replace(region, label=_RAM_LABEL, kind="memory", owner="guest", backing="a file in memory")
    if machine.accelerator == "tcg" and region.permissions == "rwx" and region.backing == "anonymous":
        return replace(region, label="translated guest code", kind="text", owner="hypervisor")
    return replace(region, owner="hypervisor") if region.owner == PROGRAM else region


def _asked(machine: GuestMemory, command: str, length: int) -> bytes:
    """Bytes that QEMU's monitor prints."""
    cells = _CELL.findall("\n".join(line.partition(":")[2] for line in machine.monitor_text(command).splitlines()))
    if len(cells) != length:
        raise MachineError(f"QEMU does not answer {command} with {length} bytes")
    return bytes(int(cell, 16) for cell in cells)


def _of_process(machine: GuestMemory, address: int, length: int) -> bytes:
    try:
        with Path(f"/proc/{machine.pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(length)
    except OSError as error:
        raise MachineError(f"the memory of QEMU's process {machine.pid} cannot be read: {error}") from error


def _frame(pid: int, address: int) -> int | None:
    """Host-physical address of a byte of a process; None where the host does not tell, or has no frame for it now."""
    (page,) = pagemap.pages(pid, address, address + 1)
    return None if page.frame is None else page.frame + address % _PAGE


def address_of(buffer: object) -> int:
    """Where a writable buffer lies in this process. The buffer can be closed afterwards."""
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))  # type: ignore[arg-type]  # any buffer will do


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
