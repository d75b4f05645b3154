"""Virtqueues read from memory that was filled by hand, as the standard says."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.spaces import virtqueue
from unilab.spaces.virtqueue import INDIRECT, NEXT, PREVIEW, WRITE, Driver, QueueState, Used
from unilab.spaces.virtqueue_buffers import roles

TABLE, AVAILABLE, USED = 0x1000, 0x2000, 0x3000
Memory = Callable[[int, int], bytes]


def memory(
    descriptors: list[tuple[int, int, int, int]],
    available: tuple[int, int, list[int]],
    used: tuple[int, int, list[tuple[int, int]]],
    buffers: dict[int, bytes] | None = None,
) -> Memory:
    ram = bytearray(0x4000)

    def put(at: int, data: bytes) -> None:
        ram[at : at + len(data)] = data

    put(TABLE, b"".join(struct.pack("<QIHH", *each) for each in descriptors))
    put(AVAILABLE, struct.pack("<HH", *available[:2]) + b"".join(struct.pack("<H", head) for head in available[2]))
    put(USED, struct.pack("<HH", *used[:2]) + b"".join(struct.pack("<II", *each) for each in used[2]))
    for at, data in (buffers or {}).items():
        put(at, data)
    return lambda at, length: bytes(ram[at : at + length])


def read(size: int, ram: Memory, device: str = "virtio-blk", driver: Driver | None = None) -> QueueState:
    return virtqueue.read(
        ram,
        device=device,
        queue="requests",
        size=size,
        table=TABLE,
        available_ring=AVAILABLE,
        used_ring=USED,
        device_index=1,
        driver=driver,
    )


def a_read_of_sector_5(*, published: bool = True) -> Memory:
    return memory(
        [(0, 0, 0, 0), (0x3800, 16, NEXT, 3), (0x3A00, 1, WRITE, 0), (0x3900, 512, NEXT | WRITE, 2)],
        (0, int(published), [1, 0, 0, 0]),
        (0, 0, [(0, 0)] * 4),
        {0x3800: struct.pack("<IIQ", 0, 0, 5), 0x3900: bytes(range(200)), 0x3A00: b"\xff"},
    )


def test_each_part_of_a_request_is_read_with_what_it_is_for() -> None:
    state = read(4, a_read_of_sector_5())
    assert (state.name, state.size, state.outstanding) == ("virtio-blk, requests", 4, 1)
    chain = state.chain(1)
    assert [part.index for part in chain] == [1, 3, 2]
    assert [part.device_writes for part in chain] == [False, True, True]
    assert [part.role for part in chain] == ["header: read, from sector 5", "data", "status: not yet"]
    assert chain[1].preview == bytes(range(PREVIEW))
    assert state.descriptors[0].role == ""  # in no request


def test_a_request_that_was_added_and_not_published_is_looked_into_when_the_driver_tells_of_it() -> None:
    assert read(4, a_read_of_sector_5(published=False)).descriptors[1].role == ""
    told = read(4, a_read_of_sector_5(published=False), driver=Driver(1, 1, 1, 0))
    assert told.descriptors[1].role == "header: read, from sector 5"
    assert told.outstanding == 0


def test_the_used_ring_says_how_much_was_written() -> None:
    ram = memory([(0, 0, 0, 0)] * 2, (1, 3, [1, 0]), (1, 2, [(1, 513), (0, 7)]))
    state = read(2, ram)
    assert state.used == (Used(1, 513), Used(0, 7))
    assert (state.available_flags, state.used_flags, state.outstanding) == (1, 1, 1)


def test_indices_run_around() -> None:
    ram = memory([(0, 0, 0, 0)] * 2, (0, 1, [0, 0]), (0, 0xFFFF, [(0, 0)] * 2))
    assert read(2, ram).outstanding == 2


@pytest.mark.parametrize("after", [0, 1, 7])
def test_a_chain_that_never_ends_or_leads_out_of_the_table_is_cut_off(after: int) -> None:
    ram = memory([(0, 1, NEXT, 1), (0, 1, NEXT | INDIRECT, after)], (0, 1, [0, 0]), (0, 0, [(0, 0)] * 2))
    assert [part.index for part in read(2, ram).chain(0)] == [0, 1]


def test_a_buffer_that_cannot_be_read_has_no_contents() -> None:
    whole = a_read_of_sector_5()
    state = read(4, lambda at, length: b"" if at == 0x3900 else whole(at, length))
    assert state.descriptors[3].preview == b""


_numbers = st.tuples(
    st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1)
)


@given(st.lists(_numbers, min_size=8, max_size=8), st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1), st.data())
def test_whatever_is_in_memory_is_read_as_it_is(
    table: list[tuple[int, int, int, int]], available: int, used: int, data: st.DataObject
) -> None:
    ring = data.draw(st.lists(st.integers(0, 2**16 - 1), min_size=8, max_size=8))
    state = read(8, memory(table, (0, available, ring), (0, used, [(i, i) for i in range(8)])))
    assert [(d.address, d.length, d.flags, d.next) for d in state.descriptors] == table
    assert (state.available_index, state.used_index, list(state.available)) == (available, used, ring)
    assert 0 <= state.outstanding < 2**16
    for head in ring:
        assert len(state.chain(head)) <= 8


def _udp(ports: bytes) -> bytes:
    return bytes(12) + bytes(12) + b"\x08\x00" + b"\x45" + bytes(8) + b"\x11" + bytes(10) + ports


@pytest.mark.parametrize(
    ("written", "first", "words"),
    [
        (True, bytes(64), "room for a frame"),
        (False, b"", "frame"),
        (False, bytes(12) + b"\xff" * 12 + b"\x08\x06" + bytes(28), "frame: ARP"),
        (False, bytes(12) + b"\xff" * 12 + b"\x88\xb5" + bytes(28), "frame: type 0x88b5"),
        (True, _udp(b"\x00\x43\x00\x44"), "frame: IPv4 UDP from port 67 to 68"),
        (True, _udp(b""), "frame: IPv4 UDP"),
    ],
)
def test_a_frame_says_what_it_is(written: bool, first: bytes, words: str) -> None:
    assert roles("virtio-net", [(600, written, first)]) == [words]


def test_other_requests_of_a_disk_and_other_devices() -> None:
    flush = [(16, False, struct.pack("<IIQ", 4, 0, 0)), (1, True, b"\1")]
    assert roles("virtio-blk", flush) == ["header: flush", "status: error"]
    assert roles("virtio-blk", [(16, False, struct.pack("<IIQ", 77, 0, 0))]) == ["header: request 77"]
    assert roles("virtio-rng", [(64, True, b"")]) == ["to be filled"]
    assert roles("virtio-blk", []) == []
