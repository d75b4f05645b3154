"""Address spaces as plain values, whoever reported them.

Addresses are bytes; ranges are half-open, [start, end). Nothing here draws, and
nothing here talks to a machine: readers make these values, ``unilab.views``
turns them into pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Source(StrEnum):
    """Where a value comes from. Every picture and every number says it."""

    LIVE = "LIVE"  #: measured now, on a thing that was running
    RECORDED = "RECORDED"  #: measured earlier, with machine and date
    MODEL = "MODEL"  #: drawn from a description, never measured


class Privilege(StrEnum):
    """Who may touch a region: code at every privilege level, or the kernel's level alone."""

    USER = "user"
    KERNEL = "kernel"


@dataclass(frozen=True, slots=True)
class Region:
    """A run of addresses with one set of permissions.

    Attributes:
        start: First address, bytes.
        end: One past the last address, bytes.
        permissions: Three characters of ``rwx``, ``-`` where absent: ``r-x``.
            ``---`` is a region that is reserved but unmapped, such as a guard page.
        privilege: Who may touch it.
        owner: Whose it is: ``program``, ``C library``, ``library OS``, ``kernel``, ``hardware``;
            empty when not known.
        kind: What it holds: ``text``, ``read-only data``, ``data``, ``bss``, ``heap``, ``stack``, ``guard``,
            ``mapping``, ``file``, ``page tables``, ``device``, ``vdso``; empty when not known.
        label: A short name for people: ``main stack``, ``libc.so.6``, ``.text``.
        backing: What is behind it: a file path, ``physical 0x101000``, ``anonymous``; empty when not known.
        page_size: Bytes in one page of the mapping.
        stays: Whether the mapping is global: what the processor remembers of it outlives a change of address space.
    """

    start: int
    end: int
    permissions: str
    privilege: Privilege = Privilege.USER
    owner: str = ""
    kind: str = ""
    label: str = ""
    backing: str = ""
    page_size: int = 4096
    stays: bool = False

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Translation:
    """How virtual addresses of a space become physical ones.

    Attributes:
        scheme: ``x86-64, 4 levels``, ``x86-64, 5 levels``, ``Linux process``, ``none``.
        root: Physical address of the top table (CR3), bytes; None where it cannot be seen.
        table_pages: How many pages the tables themselves fill; None where it cannot be seen.
    """

    scheme: str
    root: int | None = None
    table_pages: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """An address that has a part in the course's story, whatever it is called in this space.

    Attributes:
        name: The part: ``main``, ``printf``, ``write service``, ``console driver``. Equal names of several
            spaces are the same thing.
        address: Bytes.
        symbol: What this space calls it: ``libos_sys_writev``.
    """

    name: str
    address: int
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class AddressSpace:
    """Everything mapped in one address space at one moment.

    Attributes:
        name: What people call it: ``hello as a process``.
        regions: In address order, not overlapping.
        translation: How addresses in it are translated.
        source: LIVE, RECORDED or MODEL.
        origin: Where and when: ``process 4711, /proc/4711/maps``; for RECORDED, machine and date.
        address_bits: Width of a virtual address: 47 (user half), 48 or 57.
        marks: Named addresses in it; empty where nobody knows its symbols.
    """

    name: str
    regions: tuple[Region, ...]
    translation: Translation = field(default_factory=lambda: Translation("none"))
    source: Source = Source.LIVE
    origin: str = ""
    address_bits: int = 48
    marks: tuple[Mark, ...] = ()

    def at(self, address: int) -> Region | None:
        """The region that contains ``address``, or None."""
        return next((r for r in self.regions if r.start <= address < r.end), None)
