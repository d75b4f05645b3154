from __future__ import annotations

from unilab.spaces.model import Privilege, Region
from unilab.spaces.thread_stacks import GUARD_BYTES, named

_BASE = 0x10_0000_0000


def mapping(start: int, end: int, kind: str = "mapping") -> Region:
    return Region(start, end, "rw-", Privilege.KERNEL, "program", kind, "mmap area")


def test_a_stack_is_called_after_its_thread_and_has_its_guard_below() -> None:
    stack = mapping(_BASE + GUARD_BYTES, _BASE + 0x23000)
    guard, found = named([mapping(0, 0x1000, "text"), stack], {7: stack.end - 0x100})[1:]
    assert (guard.start, guard.end, guard.permissions, guard.kind) == (_BASE, stack.start, "---", "guard")
    assert guard.label == "stack guard of thread 7"
    assert (found.start, found.end, found.kind, found.label) == (stack.start, stack.end, "stack", "stack of thread 7")


def test_a_stack_without_room_below_has_no_guard() -> None:
    below, stack = mapping(_BASE, _BASE + 0x1000), mapping(_BASE + 0x1000, _BASE + 0x9000)
    assert [region.label for region in named([below, stack], {2: stack.start})] == ["mmap area", "stack of thread 2"]


def test_what_is_no_stack_stays_as_it_is() -> None:
    regions = (mapping(0, 0x1000, "bss"), mapping(0x2000, 0x3000))
    assert named(regions, {1: 0x10, 2: 0x5000}) == regions
    assert named(regions, {}) == regions
