"""A hypervisor. Yours to complete: four functions, about forty lines."""

from __future__ import annotations

import struct
from collections import Counter

from cpu import Processor, Reason, Segment, State


def real_mode(entry: int, stack: int) -> State:
    """What a processor holds that starts 16-bit code: no protection, no paging.

    Args:
        entry: Address of the first instruction.
        stack: What the stack pointer holds.
    """
    raise NotImplementedError("it is yours to write")


def identity_map(memory, tables: int) -> int:
    """Page tables by which the first GiB of virtual addresses are the physical ones, in pages of 2 MiB.

    One PML4 at ``tables``, one page-directory-pointer table behind it, one page directory behind that: 4096 bytes each.
    Everything may be written; nothing is the user's.

    Args:
        memory: The guest's RAM.
        tables: Physical address of the first table, a multiple of 4096.

    Returns:
        What CR3 is to hold.
    """
    raise NotImplementedError("it is yours to write")


def long_mode(memory, entry: int, stack: int, tables: int) -> State:
    """What a processor holds that starts 64-bit code, with the page tables above in place.

    Args:
        memory: The guest's RAM.
        entry: Address of the first instruction.
        stack: What the stack pointer holds.
        tables: Where to put page tables.
    """
    raise NotImplementedError("it is yours to write")


def run(processor: Processor, ports: dict, devices: dict) -> Counter:
    """Run a guest until it halts or makes a triple fault, and serve it meanwhile.

    Args:
        processor: The guest's.
        ports: By the number of a port, the device there.
        devices: By a ``range`` of physical addresses, the device there.

    A device has ``read(offset, size)``, which gives a number, and ``write(offset, size, value)``. The offset is 0 at a
    port, and counts from the beginning of the range in memory. Where no device is, a write is lost, and a read gives
    all ones: 0xff for one byte, 0xffff for two.

    Returns:
        How many exits there were, by the name of the reason: ``Counter({"IO": 19, "HLT": 1})``.
    """
    raise NotImplementedError("it is yours to write")
