"""A virtqueue, the ring between a driver and a virtio device, as plain values at one moment.

Addresses are guest-physical, lengths bytes. Indices of the two rings run on through 65,535 and around; the place in the
ring is the index modulo the queue's size.

Source: Virtual I/O Device (VIRTIO) Version 1.2, section "Split Virtqueues". So are the names.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

from unilab.spaces.model import Source
from unilab.spaces.virtqueue_buffers import roles

#: Flags of a descriptor.
NEXT, WRITE, INDIRECT = 1, 2, 4
#: The flag by which the driver asks for no interrupts, and that by which the device asks for no notifications.
NO_INTERRUPT = NO_NOTIFY = 1
#: How much of each buffer is kept, to be shown.
PREVIEW = 64
_WRAP = 1 << 16

#: Gives so many bytes from a guest-physical address on.
ReadMemory = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One entry of the descriptor table: a part of a request.

    Attributes:
        index: Its place in the table.
        address: Where the buffer begins.
        length: Bytes in it.
        flags: NEXT, WRITE, INDIRECT.
        next: The descriptor that continues the chain, with NEXT.
        preview: The buffer's first bytes; empty where they were not read.
        role: What the buffer is for, in words; empty where that is not known.
    """

    index: int
    address: int
    length: int
    flags: int
    next: int
    preview: bytes = b""
    role: str = ""

    @property
    def device_writes(self) -> bool:
        """Whether the device writes the buffer; otherwise it reads it."""
        return bool(self.flags & WRITE)

    @property
    def continues(self) -> bool:
        """Whether there is a next one in its chain."""
        return bool(self.flags & NEXT)


@dataclass(frozen=True, slots=True)
class Used:
    """One entry of the used ring.

    Attributes:
        id: The descriptor with which the request began.
        length: Bytes that the device says it wrote.
    """

    id: int
    length: int


@dataclass(frozen=True, slots=True)
class Driver:
    """What only the driver knows, in memory of its own.

    Attributes:
        free: Descriptors that are in no request.
        outstanding: Requests that are with the device, as far as the driver has noticed.
        added: Requests put into the available ring so far, published or not.
        seen: Used requests taken back so far.
    """

    free: int
    outstanding: int
    added: int
    seen: int


@dataclass(frozen=True, slots=True)
class QueueState:
    """One virtqueue at one moment.

    Attributes:
        device: ``virtio-blk``.
        queue: ``requests``.
        size: Entries in each of the three parts.
        table: Address of the descriptor table.
        descriptors: All of them, also those in no request.
        available_ring: Address of the available ring, which the driver writes.
        available_flags: With NO_INTERRUPT, the driver wants no interrupts.
        available_index: How many requests the driver has published.
        available: The ring: first descriptors of requests.
        used_ring: Address of the used ring, which the device writes.
        used_flags: With NO_NOTIFY, the device wants no notifications.
        used_index: How many requests the device has given back.
        used: The ring.
        device_index: How many requests the device has taken; None where that cannot be seen.
        driver: What the driver knows; None where that cannot be seen.
        caption: What has just happened, in a sentence or two.
        source: LIVE, RECORDED or MODEL.
        origin: Where and when.
    """

    device: str
    queue: str
    size: int
    table: int
    descriptors: tuple[Descriptor, ...]
    available_ring: int
    available_flags: int
    available_index: int
    available: tuple[int, ...]
    used_ring: int
    used_flags: int
    used_index: int
    used: tuple[Used, ...]
    device_index: int | None = None
    driver: Driver | None = None
    caption: str = ""
    source: Source = Source.LIVE
    origin: str = ""

    @property
    def name(self) -> str:
        """``virtio-blk, requests``."""
        return f"{self.device}, {self.queue}"

    @property
    def outstanding(self) -> int:
        """Requests published and not yet given back."""
        return (self.available_index - self.used_index) % _WRAP

    def chain(self, head: int) -> tuple[Descriptor, ...]:
        """The descriptors of the request that begins at ``head``; a chain that never ends is cut off."""
        found: list[Descriptor] = []
        at = head
        while at < self.size and len(found) < self.size:
            found.append(self.descriptors[at])
            if not self.descriptors[at].continues:
                break
            at = self.descriptors[at].next
        return tuple(found)


def read(
    memory: ReadMemory,
    *,
    device: str,
    queue: str,
    size: int,
    table: int,
    available_ring: int,
    used_ring: int,
    device_index: int | None = None,
    driver: Driver | None = None,
    caption: str = "",
    origin: str = "",
) -> QueueState:
    """Read a split virtqueue from the memory that driver and device share.

    The buffers that the driver has not taken back are looked into, as far as ``memory`` gives them: where it gives
    fewer bytes than asked for, or none, that is all there is to see.

    Args:
        memory: Reads guest-physical memory.
        device: As in QueueState, and so are all that follow.
        queue: Its name.
        size: Entries in each part.
        table: Address of the descriptor table.
        available_ring: Address of the available ring.
        used_ring: Address of the used ring.
        device_index: How many requests the device has taken.
        driver: What the driver knows.
        caption: What has just happened.
        origin: Where and when.
    """
    descriptors = tuple(
        Descriptor(index, *struct.unpack("<QIHH", entry))
        for index, entry in enumerate(_entries(memory(table, 16 * size), 16))
    )
    available_flags, available_index = struct.unpack("<HH", memory(available_ring, 4))
    available = struct.unpack(f"<{size}H", memory(available_ring + 4, 2 * size))
    used_flags, used_index = struct.unpack("<HH", memory(used_ring, 4))
    used = tuple(Used(*struct.unpack("<II", entry)) for entry in _entries(memory(used_ring + 4, 8 * size), 8))
    state = QueueState(
        device,
        queue,
        size,
        table,
        descriptors,
        available_ring,
        available_flags,
        available_index,
        available,
        used_ring,
        used_flags,
        used_index,
        used,
        device_index,
        driver,
        caption,
        Source.LIVE,
        origin,
    )
    return _with_buffers(state, memory)


def _with_buffers(state: QueueState, memory: ReadMemory) -> QueueState:
    """The same, with the contents and the roles of the buffers that the driver has not taken back.

    Others may have been given to somebody else meanwhile: what is in them says nothing of the request.
    """
    descriptors = list(state.descriptors)
    added, seen = state.available_index, state.used_index
    if state.driver is not None:
        added, seen = state.driver.added, state.driver.seen
    heads = {state.available[(added - 1 - i) % state.size] for i in range(min((added - seen) % _WRAP, state.size))}
    for head in sorted(heads):
        chain = state.chain(head)
        previews = [memory(part.address, min(part.length, PREVIEW)) for part in chain]
        parts = [(part.length, part.device_writes, first) for part, first in zip(chain, previews, strict=True)]
        for part, first, role in zip(chain, previews, roles(state.device, parts), strict=True):
            descriptors[part.index] = replace(part, preview=first, role=role)
    return replace(state, descriptors=tuple(descriptors))


def _entries(table: bytes, size: int) -> list[bytes]:
    return [table[at : at + size] for at in range(0, len(table), size)]
