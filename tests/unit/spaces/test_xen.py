"""Roots of page tables, found in memory that holds nothing but what a test has put there."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator

import pytest

from unilab.spaces import xen

_PAGE, _PRESENT, _WRITABLE = 4096, 1, 2
_DOMAIN_SLOT, _XEN_SLOT = 510, 258


@pytest.fixture
def ram() -> Iterator[mmap.mmap]:
    with mmap.mmap(-1, 64 * _PAGE) as memory:
        yield memory


def _write(ram: mmap.mmap, table: int, slot: int, entry: int) -> None:
    struct.pack_into("<Q", ram, table + 8 * slot, entry)


def test_a_root_points_at_itself(ram: mmap.mmap) -> None:
    assert xen.domain_root(ram) is None
    assert xen.idle_root(ram) is None
    _write(ram, 7 * _PAGE, _DOMAIN_SLOT, 7 * _PAGE | _PRESENT | 1 << 63)
    _write(ram, 7 * _PAGE, _XEN_SLOT, 7 * _PAGE | _PRESENT | _WRITABLE)
    _write(ram, 9 * _PAGE, _XEN_SLOT, 9 * _PAGE | _PRESENT | _WRITABLE)
    assert xen.domain_root(ram) == 7 * _PAGE
    assert xen.idle_root(ram) == 9 * _PAGE


@pytest.mark.parametrize("entry", [7 * _PAGE, 8 * _PAGE | _PRESENT, _PRESENT])
def test_what_does_not_is_none(ram: mmap.mmap, entry: int) -> None:
    _write(ram, 7 * _PAGE, _DOMAIN_SLOT, entry)
    assert xen.domain_root(ram) is None


def test_memory_can_be_given_back_afterwards() -> None:
    with mmap.mmap(-1, 8 * _PAGE) as memory:
        xen.domain_root(memory)
        xen.idle_root(memory)
    assert memory.closed
