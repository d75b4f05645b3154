from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from unilab.errors import CourseError, MachineError
from unilab.spaces import counters, pagemap
from unilab.spaces.counters import MemoryCounters

linux = pytest.mark.skipif(not Path("/proc/self/pagemap").exists(), reason="needs Linux's /proc")
PAGE = 4096


def _address(memory: mmap.mmap) -> int:
    import ctypes  # noqa: PLC0415 - for this alone

    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


@linux
def test_a_page_is_there_when_it_was_touched() -> None:
    memory = mmap.mmap(-1, 4 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start = _address(memory)
    memory.madvise(mmap.MADV_NOHUGEPAGE) if hasattr(mmap, "MADV_NOHUGEPAGE") else None
    memory[2 * PAGE] = 1
    found = pagemap.pages(os.getpid(), start, start + 4 * PAGE)
    assert [page.address for page in found] == [start + i * PAGE for i in range(4)]
    assert [page.present for page in found] == [False, False, True, False]
    assert found[2].exclusive and not found[2].file_or_shared and not found[2].swapped
    assert (found[2].frame is not None) == (os.geteuid() == 0)
    assert [page.frame for page in found if not page.present] == [None] * 3


@linux
def test_the_other_half_of_all_addresses_has_no_pages() -> None:
    assert [page.present for page in pagemap.pages(os.getpid(), 1 << 62, (1 << 62) + PAGE)] == [False]


@linux
def test_a_range_is_rounded_to_whole_pages() -> None:
    assert len(pagemap.pages(os.getpid(), PAGE + 1, PAGE + 2)) == 1
    with pytest.raises(CourseError, match="no range of pages"):
        pagemap.pages(os.getpid(), PAGE, PAGE)


@linux
def test_counters_are_of_now_and_differences_are_too() -> None:
    before = counters.read(os.getpid())
    memory = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory[:] = b"x" * (1 << 20)
    change = counters.read(os.getpid()) - before
    assert change.mapped >= 1 << 20 and change.anonymous >= 1 << 20 and change.minor_faults > 0
    assert before.resident >= before.anonymous > 0 and before.page_tables > 0
    assert before - before == MemoryCounters(0, 0, 0, 0, 0, 0, 0, 0)


@linux
def test_who_has_gone_has_no_counters() -> None:
    gone = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(gone, 0)
    with pytest.raises(MachineError, match=f"the memory of process {gone}"):
        counters.read(gone)
