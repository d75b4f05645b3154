"""What lies at which guest-physical address: QEMU's own list of a machine's RAM, ROM and devices.

Source: QEMU, docs/devel/memory.rst: memory regions form a tree; what the processor finds where, after regions have
hidden one another, is the flat view.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from unilab.errors import LayoutError
from unilab.spaces.model import AddressSpace, Privilege, Region, Source, Translation

_VIEW = re.compile(r"^FlatView #\d+$", re.MULTILINE)
_USER = re.compile(r'^ AS "([^"]+)"', re.MULTILINE)
_RANGE = re.compile(
    r"^  ([0-9a-f]{16})-([0-9a-f]{16}) \(prio -?\d+, ([^)]+)\): (.+?)(?: @([0-9a-f]{16}))?(?: KVM)?$", re.MULTILINE
)
#: Who sees memory as the processor does: itself.
MEMORY = "cpu-memory-0"
#: By QEMU's kinds of ranges: what they hold, and what can be done there.
_KINDS = {
    "ram": ("memory", "rwx"),
    "rom": ("ROM", "r-x"),
    "romd": ("ROM", "r-x"),
    "ramd": ("memory", "rwx"),
    "nv-ram": ("memory", "rwx"),
}
_DEVICE = ("device", "rw-")
#: A name for people, by QEMU's.
_NAMES = {
    "ram": "RAM",
    "pc.ram": "RAM",
    "pc.bios": "firmware",
    "ioapic": "I/O APIC",
    "apic-msi": "local APIC",
    "virtio-mmio": "virtio device",
    "pcie-mmcfg-mmio": "PCI Express configuration space",
}


@dataclass(frozen=True, slots=True)
class Range:
    """One range of the flat view.

    Attributes:
        start: Guest-physical address or port, bytes.
        end: One past the last.
        kind: QEMU's: ``ram``, ``rom``, ``i/o``, ...
        name: QEMU's name of the region: ``ram``, ``pc.bios``, ``ioapic``.
        offset: Where in that region it begins, bytes.
    """

    start: int
    end: int
    kind: str
    name: str
    offset: int


def parse_flat_view(text: str, user: str = MEMORY) -> tuple[Range, ...]:
    """Read what QEMU's monitor answers to ``info mtree -f``.

    Args:
        text: The whole answer.
        user: Whose view: ``cpu-memory-0`` (memory as the processor sees it) or ``I/O`` (its ports).

    Raises:
        LayoutError: There is no view of that user.
    """
    # The monitor speaks to terminals.
    for view in _VIEW.split(text.replace("\r", "")):
        if user in _USER.findall(view):
            return tuple(
                Range(int(start, 16), int(end, 16) + 1, kind, name, int(offset or "0", 16))
                for start, end, kind, name, offset in _RANGE.findall(view)
            )
    raise LayoutError(f"QEMU's memory tree has no {user}")


def physical_space(ranges: tuple[Range, ...], *, name: str, origin: str, address_bits: int) -> AddressSpace:
    """Guest-physical memory as an address space; arguments as in AddressSpace."""
    regions = []
    for found in ranges:
        kind, permissions = _KINDS.get(found.kind, _DEVICE)
        # Where firmware was copied into RAM, which is then locked, the name says RAM and the kind ROM.
        label = (
            "locked RAM" if kind == "ROM" and found.name in ("ram", "pc.ram") else _NAMES.get(found.name, found.name)
        )
        regions.append(
            Region(
                found.start,
                found.end,
                permissions,
                Privilege.KERNEL,
                "hardware",
                kind,
                label,
                f"QEMU's {found.name}" + (f" from {found.offset:#x} on" if found.offset else ""),
            )
        )
    return AddressSpace(name, tuple(regions), Translation("none"), Source.LIVE, origin, address_bits)
