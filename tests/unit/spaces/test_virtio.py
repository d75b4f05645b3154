"""Features, status and QEMU's trace, as the specification and QEMU's documentation have them."""

from __future__ import annotations

import pytest

from unilab.spaces import virtio
from unilab.spaces.device_log import parse
from unilab.spaces.virtio import Access, QueueCounts


def test_bits_have_the_names_of_the_specification() -> None:
    assert virtio.feature_names("virtio-net", 1 << 5 | 1 << 60) == ("VIRTIO_NET_F_MAC", "VIRTIO_NET_F_RSS")
    assert virtio.feature_names("virtio-rng", 1 << 34) == ("VIRTIO_F_RING_PACKED",)
    assert virtio.feature_names("virtio-blk", 1 << 30) == ("bit 30",)
    assert virtio.feature_names("anything else", 1 << 3) == ("bit 3",)
    assert virtio.status_names(0x4F) == ("ACKNOWLEDGE", "DRIVER", "FEATURES_OK", "DRIVER_OK", "DEVICE_NEEDS_RESET")


@pytest.mark.parametrize(
    ("device", "number", "name"),
    [("virtio-blk", 0, "requests"), ("virtio-net", 1, "transmit"), ("virtio-net", 7, "queue 7"), ("x", 0, "queue 0")],
)
def test_queues_have_names(device: str, number: int, name: str) -> None:
    assert virtio.queue_name(device, number) == name


def _mmio(way: str, offset: int, value: int, base: int = 0xFEB00E00) -> str:
    return f"memory_region_ops_{way} cpu 0 mr 0x1 addr {base + offset:#x} value {value:#x} size 4 name 'virtio-mmio'"


_RUN = [
    _mmio("read", 0x8, 2),
    _mmio("write", 0x70, 0),
    "virtio_set_status vdev 0x77 val 0",
    _mmio("write", 0x70, 3),
    "virtio_set_status vdev 0x77 val 3",
    _mmio("write", 0x14, 1),
    _mmio("read", 0x10, 0x101),
    _mmio("write", 0x14, 0),
    # QEMU logs all 64 bits of what it has, and the driver gets as many as it asked for.
    _mmio("read", 0x10, 0x101_3000_0200),
    _mmio("write", 0x24, 1),
    _mmio("write", 0x20, 1),
    _mmio("write", 0x24, 0),
    _mmio("write", 0x20, 0x200),
    _mmio("write", 0x70, 15),
    "memory_region_ops_write cpu 0 mr 0x2 addr 0x40 value 0x0 size 1 name 'pit'",
    _mmio("write", 0x50, 0),
    "virtqueue_pop vq 0x99 elem 0x5 in_num 2 out_num 1",
    "virtio_queue_notify vdev 0x77 n 0 vq 0x99",
    "virtio_notify vdev 0x77 vq 0x99",
    "virtio_notify vdev 0x66 vq 0x55",
]


def test_a_trace_is_read() -> None:
    (talk,) = parse(_RUN, "here")
    assert (talk.device, talk.transport, talk.address, talk.origin) == ("virtio-blk", "MMIO", 0xFEB00E00, "here")
    assert talk.offered_names == (
        "VIRTIO_BLK_F_FLUSH",
        "VIRTIO_F_INDIRECT_DESC",
        "VIRTIO_F_EVENT_IDX",
        "VIRTIO_F_VERSION_1",
        "VIRTIO_F_RING_RESET",
    )
    assert talk.accepted_names == ("VIRTIO_BLK_F_FLUSH", "VIRTIO_F_VERSION_1")
    assert (talk.statuses, talk.status) == ((0, 3, 15), 15)
    assert talk.queues == {"requests": QueueCounts(1, 1, 1)}
    assert talk.before_work == 12
    assert Access("QueueNotify", True, 0) not in talk.negotiation


def test_devices_on_the_bus_are_read_too() -> None:
    line = "memory_region_ops_write cpu 0 mr 0x1 addr 0xfebe8014 value 0x3 size 1 name 'virtio-pci-common-virtio-blk'"
    (talk,) = parse(
        [line, "virtio_set_status vdev 0x7 val 3", "virtio_queue_notify vdev 0x7 n 0 vq 0x8", "virtqueue_pop vq 0x8 e"]
    )
    assert (talk.device, talk.transport, talk.statuses, talk.before_work) == ("virtio-blk", "PCI", (3,), 1)
    assert talk.queues == {"requests": QueueCounts(1, None, 0)}


def test_what_was_never_started_has_said_nothing() -> None:
    (talk,) = parse([_mmio("read", 0x8, 4)])
    assert (talk.device, talk.offered, talk.accepted, talk.status, talk.queues) == ("virtio-rng", 0, 0, 0, {})
    assert parse([]) == ()
