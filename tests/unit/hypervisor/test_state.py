from __future__ import annotations

import mmap

import pytest

from unilab.hypervisor import identity_tables, long_mode, real_mode
from unilab.spaces import paging


@pytest.fixture
def memory() -> mmap.mmap:
    return mmap.mmap(-1, 2 << 20)


def test_the_tables_map_the_first_4_gib_to_themselves(memory: mmap.mmap) -> None:
    root = identity_tables(memory)
    # The walker of guests' page tables, which QEMU's own agrees with.
    runs = list(paging.walk(root, lambda table: memory[table : table + 4096], levels=4, no_execute=False))
    assert [(run.start, run.physical) for run in runs] == [(0, 0)]
    assert runs[0].end == 4 << 30
    assert runs[0].page_size == 2 << 20
    assert set(runs[0].permissions) == set("rwx")
    assert not runs[0].user


def test_the_tables_stay_below_the_stack_and_the_guest(memory: mmap.mmap) -> None:
    long_mode(memory)
    assert not any(memory[0x7000:])


def test_long_mode_has_paging_on_and_64_bit_code(memory: mmap.mmap) -> None:
    state = long_mode(memory)
    assert state.cr0 >> 31 == 1
    assert state.efer == 0x500
    assert state.code.long and not state.code.wide


def test_real_mode_has_neither_protection_nor_paging() -> None:
    state = real_mode()
    assert not state.cr0 & (1 << 31 | 1)
    assert state.code.limit == 0xFFFF
