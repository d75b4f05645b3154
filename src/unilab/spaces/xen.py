"""The address spaces of a machine under Xen, from its memory: the first domain's, and Xen's own.

A domain's page tables hold the machine's addresses, so that the processor can use them as they are, and Xen is mapped
in each of them. Both have their roots point at themselves, in slots of their own: so they can be found in memory,
whichever the processor is using.
"""

from __future__ import annotations

import mmap
from dataclasses import replace

from unilab.errors import LayoutError
from unilab.spaces import labels, paging
from unilab.spaces.labels import Label, Piece
from unilab.spaces.model import AddressSpace, Privilege, Region, Source, Translation
from unilab.toolchain.linkmap import LIBRARY_OS, LinkMap
from unilab.toolchain.symbols import SymbolTable

#: Who owns what is Xen's, in Region.
XEN = "Xen"

_PAGE, _ENTRIES = 4096, 512
#: What Xen itself is loaded as; the rights of its parts say which they are.
_IMAGE = "Xen's image"
_PARTS = {"r-x": ("Xen's text", "text"), "rw-": ("Xen's data", "data"), "r--": ("Xen's constants", "read-only data")}
_ADDRESS, _PRESENT = 0x000F_FFFF_FFFF_F000, 1
#: The slot in which the library OS points at its root: libos/include/memory_map.h, SELF_MAP_SLOT.
_DOMAIN_SLOT = 510
#: The slot in which Xen does so, in every root: config.h, LINEAR_PT_VIRT_START.
_XEN_SLOT = 258

#: What lies where in Xen's part of every address space. Source: Xen 4.17, xen/arch/x86/include/asm/config.h, "Memory
#: layout"; the first may be read by the domain. Half-open; where several cover an address, the shortest counts.
_XEN_LABELS = (
    Label(0xFFFF_8000_0000_0000, 0xFFFF_8040_0000_0000, "machine-to-physical table", "data", XEN),
    Label(0xFFFF_8080_0000_0000, 0xFFFF_8100_0000_0000, "PCI configuration", "device", XEN),
    Label(0xFFFF_8100_0000_0000, 0xFFFF_8180_0000_0000, "linear page table", "page tables", XEN),
    Label(0xFFFF_8200_0000_0000, 0xFFFF_8280_0000_0000, "per-domain area", "data", XEN),
    Label(0xFFFF_8280_0000_0000, 0xFFFF_82C0_0000_0000, "machine-to-physical table, writable", "data", XEN),
    Label(0xFFFF_82C0_0000_0000, 0xFFFF_82D0_0000_0000, "vmap, ioremap and fixmap", "mapping", XEN),
    Label(0xFFFF_82D0_4000_0000, 0xFFFF_82D0_8000_0000, _IMAGE, "data", XEN),
    Label(0xFFFF_82E0_0000_0000, 0xFFFF_8300_0000_0000, "frame table", "data", XEN),
    Label(0xFFFF_8300_0000_0000, 0xFFFF_8800_0000_0000, "direct map of all memory", "mapping", XEN),
)
#: Below 1 MiB, where a processor starts; in Xen's own address space only.
_TRAMPOLINE = Label(0x1000, 0x10_0000, "trampoline for processors that start", "text", XEN)
#: libos/arch/x86_64/xen/xen.h, SHARED_INFO_PAGE; what is named here is the library OS's.
_DOMAIN_LABELS = (
    Label(0xF_D000, 0xF_E000, "page shared with Xen", "data", XEN),
    Label(0xF_E000, 0x10_0000, "windows on frames", "mapping", LIBRARY_OS),
)


def domain_root(ram: mmap.mmap) -> int | None:
    """The machine address of the first domain's root page table; None if there is no domain, or it has just begun.

    Args:
        ram: All of the machine's memory, from address 0 on.
    """
    return next(iter(_roots(ram, _DOMAIN_SLOT)), None)


def idle_root(ram: mmap.mmap) -> int | None:
    """The machine address of the root page table that Xen uses where no domain runs; None while it boots."""
    domains = set(_roots(ram, _DOMAIN_SLOT))
    return next((root for root in _roots(ram, _XEN_SLOT) if root not in domains), None)


def spaces(
    ram: mmap.mmap, symbols: SymbolTable, link_map: LinkMap, *, name: str, origin: str
) -> tuple[AddressSpace, ...]:
    """The first domain's address space, and Xen's own. Kernel privilege is Xen's alone: a domain has none.

    Args:
        ram: All of the machine's memory, from address 0 on, while the machine stands still.
        symbols: Of the domain's unstripped image.
        link_map: Of the image.
        name: What to call the domain's.
        origin: Where and when they were read.

    Raises:
        LayoutError: There is no domain yet.
    """
    root, idle = domain_root(ram), idle_root(ram)
    if root is None:
        raise LayoutError("there is no domain yet: Xen is still booting", remedy="stop it later, at main for instance")
    image = labels.of_image(symbols, link_map)
    end = symbols.names()["__image_end"]
    builder = Label(end, end + (1 << 30), "start info", "data", XEN)
    found = [_space(ram, root, [*image, builder, *_DOMAIN_LABELS, *_XEN_LABELS], name, origin)]
    if idle is not None:
        found.append(_space(ram, idle, [_TRAMPOLINE, *_XEN_LABELS], "Xen", origin))
    return tuple(found)


def _roots(ram: mmap.mmap, slot: int) -> list[int]:
    """The pages whose entry of that slot leads to the page itself."""
    with memoryview(ram) as octets, octets.cast("Q") as words, words[slot::_ENTRIES] as column:
        entries = column.tolist()
    return [i * _PAGE for i, entry in enumerate(entries) if entry & _PRESENT and entry & _ADDRESS == i * _PAGE]


def _space(ram: mmap.mmap, root: int, known: list[Label], name: str, origin: str) -> AddressSpace:
    def read(table: int) -> bytes:
        return ram[table : table + _PAGE]

    pieces = [
        Piece(
            run.start,
            run.end,
            run.permissions,
            Privilege.USER if run.user else Privilege.KERNEL,
            run.page_size,
            run.physical,
        )
        for run in paging.walk(root, read)
    ]
    return AddressSpace(
        name,
        tuple(map(_part_of_image, labels.apply(pieces, known))),
        Translation("x86-64, 4 levels", root, len(paging.tables(root, read))),
        Source.LIVE,
        origin,
    )


def _part_of_image(region: Region) -> Region:
    if region.label != _IMAGE or region.permissions not in _PARTS:
        return region
    label, kind = _PARTS[region.permissions]
    return replace(region, label=label, kind=kind)
