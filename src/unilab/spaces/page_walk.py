"""The entries that the processor reads to translate one address, as plain values.

Source: Intel SDM vol. 3A, chapter "Paging", "4-Level Paging and 5-Level Paging". So are the names
of the tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from unilab.spaces.model import Source

#: Table names by level, 1 to 5.
TABLES = {5: "PML5", 4: "PML4", 3: "page-directory-pointer table", 2: "page directory", 1: "page table"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of one table.

    Attributes:
        level: 5 (PML5) to 1 (page table).
        table: Physical address of the table, bytes.
        index: Which of its 512 entries.
        value: The 64 bits as they are in memory.
    """

    level: int
    table: int
    index: int
    value: int


@dataclass(frozen=True, slots=True)
class PageWalk:
    """One translation, step by step.

    Attributes:
        space: Name of the address space it is made in.
        virtual: The address translated, bytes.
        root: CR3, without its low bits.
        entries: From the top table down, as far as the processor gets: the last one maps the page or is not present.
        physical: Where it leads, bytes; None if nothing is mapped there.
        page_size: Bytes in the page; 0 if nothing is mapped there.
        permissions: ``rwx`` letters, what all levels together allow; empty if nothing is mapped there.
        user: Whether privilege level 3 may touch it.
        source: LIVE, RECORDED or MODEL: where the tables come from.
    """

    space: str
    virtual: int
    root: int
    entries: tuple[Entry, ...]
    physical: int | None
    page_size: int
    permissions: str
    user: bool
    source: Source = Source.LIVE
