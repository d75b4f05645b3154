"""What must hold for the marks of any machine's address space."""

from __future__ import annotations

from unilab.spaces.model import AddressSpace, Privilege

OF_PROGRAM = ["main", "printf", "C library write"]
OF_SYSTEM = ["write service", "console driver"]


def check(space: AddressSpace, parts: list[str], *, in_kernel: list[str]) -> None:
    """The marks are these, in this order; each is code, and those named have the kernel's privilege.

    Args:
        space: A live one.
        parts: The marks' names.
        in_kernel: Which of them are privileged.
    """
    assert [mark.name for mark in space.marks] == parts
    for mark in space.marks:
        region = space.at(mark.address)
        assert region is not None, mark
        assert "x" in region.permissions, mark
        assert region.privilege is (Privilege.KERNEL if mark.name in in_kernel else Privilege.USER), mark
