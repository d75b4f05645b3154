"""Address spaces to draw: one of each kind, with addresses as on real machines."""

from __future__ import annotations

import pytest

from tests.unit.views.spaces import process_of
from unilab.spaces.model import AddressSpace, Privilege, Region, Source, Translation
from unilab.views.address_space import TABLE_ROWS


@pytest.fixture
def process() -> AddressSpace:
    """A small static program under Linux, the vsyscall page included."""
    return AddressSpace(
        "hello as a process",
        (
            Region(0x400000, 0x401000, "r--", owner="program", kind="read-only data", label="hello"),
            Region(0x401000, 0x405000, "r-x", owner="program", kind="text", label="hello"),
            Region(0x405000, 0x407000, "rw-", owner="program", kind="data", label="hello"),
            Region(0x21000000, 0x21002000, "rw-", owner="program", kind="heap", label="heap", backing="anonymous"),
            Region(0x7FFC00000000, 0x7FFC00021000, "rw-", owner="program", kind="stack", label="main stack"),
            Region(0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000, "--x", owner="kernel", kind="vdso", label="vsyscall"),
        ),
        Translation("Linux process"),
        Source.LIVE,
        "process 4711, /proc/4711/maps",
        address_bits=47,
    )


@pytest.fixture
def unikernel() -> AddressSpace:
    """A unikernel, all of it privileged, with guards and its page tables in the upper half."""
    kernel = Privilege.KERNEL
    return AddressSpace(
        "hello as a unikernel",
        (
            Region(0x100000, 0x103000, "r--", kernel, kind="read-only data", label=".rodata"),
            Region(0x103000, 0x109000, "r-x", kernel, "program", "text", ".text", "physical 0x103000"),
            Region(0x109000, 0x110000, "rw-", kernel, "library OS", "data", ".data", "physical 0x109000"),
            Region(0x7FFFFF7FE000, 0x7FFFFF7FF000, "---", kernel, "library OS", "guard", "stack guard"),
            Region(0x7FFFFFFFC000, 0x7FFFFFFFF000, "rw-", kernel, "program", "stack", "main stack"),
            Region(0xFFFFFF0000000000, 0xFFFFFF8000000000, "rw-", kernel, "library OS", "page tables", "page tables"),
        ),
        Translation("x86-64, 4 levels", root=0x116000, table_pages=9),
        Source.RECORDED,
        "QEMU microvm, 2030-01-01",
        address_bits=48,
    )


@pytest.fixture
def crowded() -> AddressSpace:
    """A process with 60 shared libraries: 305 mappings, the program's three and its heap side by side."""
    regions = [
        Region(0x555500000000, 0x555500001000, "r--", owner="program", kind="read-only data", label="crowd"),
        Region(0x555500001000, 0x555500002000, "r-x", owner="program", kind="text", label="crowd"),
        Region(0x555500002000, 0x555500003000, "rw-", owner="program", kind="data", label="crowd"),
        Region(0x555500003000, 0x555500004000, "rw-", owner="program", kind="heap", label="heap"),
    ]
    start = 0x7F0000000000
    for number in range(60):
        owner = "shared library" if number % 2 else "C library"
        for permissions in ("r--", "r-x", "r--", "r--", "rw-"):
            regions.append(Region(start, start + 0x2000, permissions, owner=owner, label=f"lib{number}.so"))
            start += 0x2000
        start += 0x10000
    regions.append(Region(0x7FFC00000000, 0x7FFC00021000, "rw-", owner="program", kind="stack", label="main stack"))
    return AddressSpace("a crowded process", tuple(regions), address_bits=47)


@pytest.fixture(scope="session")
def thousands() -> AddressSpace:
    """A process with 5,000 mappings, of both kinds that make so many: shared libraries and anonymous memory."""
    return process_of(5000)


@pytest.fixture(scope="session")
def process_of_table_size() -> AddressSpace:
    """As many mappings as a saved notebook lists singly."""
    return process_of(TABLE_ROWS)
