"""Exercises of notebook 05, Two hypervisors."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import EllipsisType

from unilab.errors import CourseError
from unilab.hypervisor import Access, Hypervisor
from unilab.learn.feedback import Feedback, check
from unilab.spaces.model import AddressSpace, Privilege

_DEVICE = 0xFEB00000
#: 64-bit code: mov $0xfeb00000, %ebx; then four loads, whose sum comes to be in eax; hlt.
_READS = bytes.fromhex("bb0000b0fe 8b03 0303 0303 0303 f4".replace(" ", ""))
#: The same begin; movl $7, (%rbx); then one load; hlt.
_SETS = bytes.fromhex("bb0000b0fe c70307000000 8b03 f4".replace(" ", ""))


def counter(device: Callable[[Access], int | None] | EllipsisType) -> Feedback:
    """Exercise 1: a device that counts; a write sets what it counts from."""
    return check(
        "a device that counts",
        device if device is ... else lambda: _counts(device),
        hints=[
            "a read comes with access.write == False; what you return is what the guest gets.",
            "keep the count in a list or an attribute; for a write, set it to access.value.",
        ],
        answer="count = [0]; def device(access): count[0] = access.value if access.write else count[0] + 1; "
        "return count[0]",
        objective=1,
    )


def _counts(device: Callable[[Access], int | None]) -> bool:
    machine = Hypervisor()
    machine.on_memory(_DEVICE, 4096, lambda access: device(access) or 0)
    after_set = machine.run(_SETS, "long").registers["rax"]
    if after_set != 8:
        raise CourseError(f"the guest wrote 7, and its next read gave {after_set}, not 8")
    total = machine.run(_READS, "long").registers["rax"]
    if total != 9 + 10 + 11 + 12:
        raise CourseError(f"four more reads gave {total} together, and 9 + 10 + 11 + 12 are 42")
    return True


def reachable(labels: Collection[str] | EllipsisType, space: AddressSpace) -> Feedback:
    """Exercise 2: what is Xen's in a domain's address space, and may be touched by it."""
    wanted = {r.label for r in space.regions if r.owner == "Xen" and r.privilege is Privilege.USER}
    return check(
        "what Xen shows to its domain",
        labels if labels is ... else lambda: set(labels) == wanted,
        hints=[
            'a region has owner, privilege and label; you want those whose owner is "Xen".',
            'of those, the ones with privilege "user": level 3 may touch them.',
        ],
        answer='{r.label for r in domain.regions if r.owner == "Xen" and r.privilege == "user"}',
        objective=4,
    )
