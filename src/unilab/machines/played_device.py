"""A virtio device that is played from outside: by Python, on the rings in a guest's memory.

The device that QEMU has is never told of the requests, so that ours is the only one that answers. There are no
interrupts from here: the driver must look by itself.

Source: Virtual I/O Device (VIRTIO) Version 1.2, section "Split Virtqueues".
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

from unilab.errors import CourseError, MachineError
from unilab.machines.guest_memory import GuestMemory
from unilab.machines.libos_queues import Known, known
from unilab.machines.lifecycle import PATIENCE
from unilab.machines.machine import Machine
from unilab.machines.result import State
from unilab.machines.unikernel import Unikernel
from unilab.spaces.virtio import queue_name
from unilab.spaces.virtqueue import NEXT, WRITE

#: How often to look for a request, in seconds.
_LOOK_SECONDS = 0.0005
_DESCRIPTOR = struct.Struct("<QIHH")
_WRAP = 1 << 16


@dataclass(frozen=True, slots=True)
class Part:
    """A buffer of a request, in the guest's memory.

    Attributes:
        address: Guest-physical, bytes.
        length: Bytes.
        device_writes: Whether it is for the device to write; otherwise the device reads it.
    """

    machine: GuestMemory
    address: int
    length: int
    device_writes: bool

    def read(self) -> bytes:
        """What is in it."""
        return self.machine.memory(self.address, self.length)

    def write(self, data: bytes) -> int:
        """Put bytes into it, as many as there is room for; gives back how many that were."""
        self.machine.write_memory(self.address, data[: self.length])
        return min(len(data), self.length)


@dataclass(frozen=True, slots=True)
class Request:
    """A request: the chain of descriptors that the driver has made available.

    Attributes:
        head: The descriptor that it begins with; by this number it is given back.
        parts: Its buffers, first to last.
    """

    head: int
    parts: tuple[Part, ...]


class PlayedDevice:
    """The other end of one virtqueue of a unikernel that runs.

    Args:
        machine: The unikernel.
        device: QEMU's name of the device: ``virtio-blk``.
        queue: Which of its queues.

    Raises:
        CourseError: It is no unikernel.
        MachineError: It ended before its driver had started the queue.
    """

    def __init__(self, machine: Machine, device: str = "virtio-blk", queue: int = 0) -> None:
        if not isinstance(machine, Unikernel):
            raise CourseError("only a unikernel's rings are known well enough to play its device")
        self._machine = machine
        self._at = self._find(device, queue)
        #: Requests taken, and given back.
        self.taken = 0
        self.used = 0

    def requests(self) -> Iterator[Request]:
        """Each request that the driver publishes, until the machine ends. Give it back before you take the next."""
        while self._machine.state is not State.ENDED:
            if self._published() == self.taken % _WRAP:
                time.sleep(_LOOK_SECONDS)
                continue
            place = self._at.available_ring + 4 + 2 * (self.taken % self._at.size)
            self.taken += 1
            yield self._request(self._unsigned(place, 2))

    def give_back(self, head: int, written: int, ahead: int = 1) -> None:
        """Put a request into the used ring.

        Args:
            head: The descriptor that it began with; or a lie.
            written: How many bytes the device wrote; or a lie.
            ahead: By how much the used index moves on; anything but 1 is a lie.
        """
        place = self._at.used_ring + 4 + 8 * (self.used % self._at.size)
        self._machine.write_memory(place, struct.pack("<II", head, written))
        self.used += ahead
        # Last: when the driver sees the index, the rest must be there.
        self._machine.write_memory(self._at.used_ring + 2, struct.pack("<H", self.used % _WRAP))

    def _request(self, head: int) -> Request:
        parts, at = [], head
        for _ in range(self._at.size):
            entry = self._machine.memory(self._at.table + _DESCRIPTOR.size * at, _DESCRIPTOR.size)
            address, length, flags, following = _DESCRIPTOR.unpack(entry)
            parts.append(Part(self._machine, address, length, bool(flags & WRITE)))
            if not flags & NEXT:
                break
            at = following % self._at.size
        return Request(head, tuple(parts))

    def _published(self) -> int:
        try:
            return self._unsigned(self._at.available_ring + 2, 2)
        except MachineError:
            return self.taken % _WRAP  # it has just ended

    def _unsigned(self, physical: int, size: int) -> int:
        return int.from_bytes(self._machine.memory(physical, size), "little")

    def _find(self, device: str, queue: int) -> Known:
        while True:
            for each in self._known():
                if (each.device, each.number) == (device, queue):
                    return each
            if self._machine.state is State.ENDED:
                raise MachineError(
                    f"the machine ended, and its driver had not started the queue {queue_name(device, queue)!r} of a "
                    f"{device}",
                    remedy="give it the device, and a program that uses it",
                )
            time.sleep(_LOOK_SECONDS)

    def _known(self) -> tuple[Known, ...]:
        try:
            self._machine.pause()
            found = known(self._machine)
            self._machine.resume()
        except MachineError:
            # It may have ended between two questions.
            if not self._machine._live_keeper().ended.wait(PATIENCE):
                raise
            return ()
        return found
