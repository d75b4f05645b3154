"""A hypervisor."""

from __future__ import annotations

import struct
from collections import Counter

from cpu import Processor, Reason, Segment, State

PRESENT, WRITABLE, LARGE = 1 << 0, 1 << 1, 1 << 7
PROTECTION, EXTENSION_TYPE, PAGING = 1 << 0, 1 << 4, 1 << 31
PHYSICAL_ADDRESS_EXTENSION = 1 << 5
LONG_MODE_ENABLED, LONG_MODE_ACTIVE = 1 << 8, 1 << 10
DATA, CODE = 0x3, 0xB


def real_mode(entry, stack):
    code, data = Segment(0, 0, 0xFFFF, CODE), Segment(0, 0, 0xFFFF, DATA)
    return State("real", code, data, cr0=EXTENSION_TYPE, rip=entry, rsp=stack)


def identity_map(memory, tables):
    struct.pack_into("<Q", memory, tables, tables + 0x1000 | WRITABLE | PRESENT)
    struct.pack_into("<Q", memory, tables + 0x1000, tables + 0x2000 | WRITABLE | PRESENT)
    for i in range(512):
        struct.pack_into("<Q", memory, tables + 0x2000 + 8 * i, i << 21 | LARGE | WRITABLE | PRESENT)
    return tables


def long_mode(memory, entry, stack, tables):
    return State(
        "long",
        code=Segment(0x08, 0, 0xFFFFFFFF, CODE, long=True, pages=True),
        data=Segment(0x10, 0, 0xFFFFFFFF, DATA, wide=True, pages=True),
        cr0=PAGING | EXTENSION_TYPE | PROTECTION,
        cr3=identity_map(memory, tables),
        cr4=PHYSICAL_ADDRESS_EXTENSION,
        efer=LONG_MODE_ENABLED | LONG_MODE_ACTIVE,
        rip=entry,
        rsp=stack,
    )


def run(processor: Processor, ports, devices):
    exits = Counter()
    while True:
        pass
    while True:
        left = processor.run()
        exits[left.reason.name] += 1
        if left.reason in (Reason.HLT, Reason.SHUTDOWN):
            return exits
        device, offset = None, 0
        if left.reason is Reason.IO:
            device = ports.get(left.address)
        else:
            for there, found in devices.items():
                if left.address in there:
                    device, offset = found, left.address - there.start
        if left.write:
            if device is not None:
                device.write(offset, left.size, left.value)
        else:
            nothing = (1 << 8 * left.size) - 1
            processor.reply = nothing if device is None else device.read(offset, left.size)
