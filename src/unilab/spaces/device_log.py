"""QEMU's trace of virtio devices, read: which accesses, notifications and interrupts there were.

Source: QEMU, docs/devel/tracing.rst; hw/virtio/trace-events, softmmu/trace-events. The trace names a device by where
QEMU keeps it; that it is the device of certain registers shows when its status is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from unilab.spaces import virtio
from unilab.spaces.virtio import Access, DeviceTalk, QueueCounts

#: The events that this reads.
EVENTS = (
    "memory_region_ops_read",
    "memory_region_ops_write",
    "virtio_set_status",
    "virtio_queue_notify",
    "virtio_notify",
    "virtio_notify_irqfd",
    "virtqueue_pop",
)
_ACCESS = re.compile(
    r"memory_region_ops_(read|write) cpu \d+ mr \S+ addr 0x([0-9a-f]+) value 0x([0-9a-f]+) size (\d+) name '([^']+)'"
)
_EVENT = re.compile(r"(virtio_\w+|virtqueue_pop) (.*)")
_FIELD = re.compile(r"(\w+) (0x[0-9a-f]+|\d+)")
_MMIO, _PCI = "virtio-mmio", "virtio-pci-common-"
#: What there is of registers of each device in memory.
_MMIO_SIZE = 0x200
_DEVICE_ID, _QUEUE_NOTIFY = 0x008, 0x050
_PCI_STATUS, _MMIO_STATUS = 0x14, 0x070


@dataclass
class _Device:
    transport: str
    address: int
    name: str = ""
    accesses: list[Access] = field(default_factory=list)
    kicks: dict[int, int] = field(default_factory=dict)
    requests: dict[int, int] = field(default_factory=dict)
    interrupts: dict[int, int] = field(default_factory=dict)


class _Reader:
    def __init__(self) -> None:
        self.devices: dict[int, _Device] = {}
        #: Where QEMU keeps a device -> the device; where it keeps a queue -> its device and number.
        self._kept: dict[str, _Device] = {}
        self._queues: dict[str, tuple[_Device, int]] = {}
        #: Events of queues whose number has not been met yet.
        self._waiting: dict[str, list[str]] = {}
        #: Whose status was written last.
        self._written: tuple[_Device, int] | None = None

    def access(self, write: bool, address: int, value: int, size: int, name: str) -> None:
        value &= (1 << 8 * size) - 1
        if name == _MMIO:
            base = address & ~(_MMIO_SIZE - 1)
            device = self.devices.setdefault(base, _Device("MMIO", base))
            offset = address - base
            register = virtio.mmio_register(offset)
            status = offset == _MMIO_STATUS
            if offset == _DEVICE_ID:
                device.name = virtio.DEVICE_TYPES.get(value, f"virtio device of type {value}")
            if offset == _QUEUE_NOTIFY:
                device.kicks[value] = device.kicks.get(value, 0) + 1
        elif name.startswith(_PCI):
            base = address & ~0xFFF
            device = self.devices.setdefault(base, _Device("PCI", base, name.removeprefix(_PCI)))
            register = virtio.pci_register(address - base)
            status = address - base == _PCI_STATUS
        else:
            return
        device.accesses.append(Access(register, write, value))
        if status and write:
            self._written = device, value

    def event(self, name: str, fields: dict[str, str]) -> None:
        if name == "virtio_set_status":
            if self._written is not None and int(fields["val"], 0) == self._written[1]:
                self._kept[fields["vdev"]] = self._written[0]
            return
        if name == "virtio_queue_notify" and fields["vdev"] in self._kept:
            self._queues[fields["vq"]] = self._kept[fields["vdev"]], int(fields["n"])
            for late in self._waiting.pop(fields["vq"], []):
                self._count(late, fields["vq"])
            return
        if name in ("virtio_notify", "virtio_notify_irqfd", "virtqueue_pop") and "vq" in fields:
            self._count(name, fields["vq"])

    def _count(self, name: str, queue: str) -> None:
        if queue not in self._queues:
            self._waiting.setdefault(queue, []).append(name)
            return
        device, number = self._queues[queue]
        counts = device.requests if name == "virtqueue_pop" else device.interrupts
        counts[number] = counts.get(number, 0) + 1

    def talks(self, origin: str) -> Iterable[DeviceTalk]:
        for device in self.devices.values():
            numbers = sorted({*device.kicks, *device.requests, *device.interrupts})
            queues = {
                virtio.queue_name(device.name, number): QueueCounts(
                    device.requests.get(number, 0),
                    device.kicks.get(number, 0) if device.transport == "MMIO" else None,
                    device.interrupts.get(number, 0),
                )
                for number in numbers
            }
            yield DeviceTalk(
                device.name, device.transport, device.address, tuple(device.accesses), queues, origin=origin
            )


def parse(lines: Iterable[str], origin: str = "") -> tuple[DeviceTalk, ...]:
    """What the trace of one run says, device by device, in the order in which they were met.

    Notifications over PCI reach QEMU by a way that is not traced: there ``kicks`` is None.

    Args:
        lines: The trace.
        origin: Goes into the values.
    """
    reader = _Reader()
    for line in lines:
        if found := _ACCESS.search(line):
            way, address, value, size, name = found.groups()
            reader.access(way == "write", int(address, 16), int(value, 16), int(size), name)
        elif found := _EVENT.search(line):
            reader.event(found[1], dict(_FIELD.findall(found[2])))
    return tuple(reader.talks(origin))
