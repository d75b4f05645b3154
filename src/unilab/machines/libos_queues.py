"""The virtqueues of a unikernel by its library OS's own notes: where they are, and what only the driver knows.

They lie in ``libos/dev/virtio.c``'s list of devices; the image's debugging information says how. QEMU need not be
asked, which older ones do not answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unilab.errors import LayoutError
from unilab.machines.unikernel import Unikernel
from unilab.spaces.virtio import DEVICE_TYPES
from unilab.spaces.virtqueue import Driver
from unilab.spaces.virtual_memory import VirtualMemory
from unilab.toolchain.structures import Structure, structure, variable

_POINTER = 8
#: Which file of the library OS keeps the list.
_UNIT = "dev/virtio.c"


@dataclass(frozen=True, slots=True)
class Known:
    """One queue, as the driver knows it. Addresses are guest-physical.

    Attributes:
        device: QEMU's name of the device's type.
        number: Which of the device's queues.
        size: Entries in each part.
        table: The descriptor table.
        available_ring: The available ring.
        used_ring: The used ring.
        driver: What the driver knows besides.
    """

    device: str
    number: int
    size: int
    table: int
    available_ring: int
    used_ring: int
    driver: Driver


def known(machine: Unikernel) -> tuple[Known, ...]:
    """The queues that the library OS of a paused unikernel has started; none if it has no drivers, or still boots."""
    registers = machine.registers()
    if not (registers.paging and registers.long_mode):
        return ()
    image = machine.image.debug
    try:
        devices = variable(image, _UNIT, "devices")
        count = variable(image, _UNIT, "device_count")
        shapes = (
            structure(image, "virtio_device"),
            structure(image, "virtqueue"),
            structure(image, "virtqueue_memory"),
        )
    except LayoutError:
        return ()
    memory = VirtualMemory(registers.cr3 & ~0xFFF, machine.memory, levels=registers.levels)
    return tuple(_walk(memory, devices, memory.unsigned(count, 4), shapes))


def _walk(
    memory: VirtualMemory, devices: int, count: int, shapes: tuple[Structure, Structure, Structure]
) -> Iterator[Known]:
    device, queue, shared = shapes
    for at in range(devices, devices + count * device.size, device.size):
        kind = memory.unsigned(at + device.offset("type"), 4)
        pointers = at + device.offset("queues")
        for number in range(device.field_size("queues") // _POINTER):
            pointer = memory.unsigned(pointers + number * _POINTER)
            if not pointer:
                continue

            def note(name: str, pointer: int = pointer) -> int:
                return memory.unsigned(pointer + queue.offset(name), queue.field_size(name))

            table = memory.physical(note("memory"))
            yield Known(
                DEVICE_TYPES.get(kind, f"virtio device of type {kind}"),
                number,
                note("size"),
                table,
                table + shared.offset("available"),
                table + shared.offset("used"),
                Driver(*(note(name) for name in ("free_count", "outstanding", "added", "seen"))),
            )
