"""What the bits of a page-table entry say.

Source: Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging", formats of CR3 and of the paging-structure entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unilab.spaces.page_walk import Entry, PageWalk

_FRAME = (1 << 52) - (1 << 12)
_PRESENT, _WRITABLE, _USER, _LARGE, _NO_EXECUTE = 1 << 0, 1 << 1, 1 << 2, 1 << 7, 1 << 63
_INDEX_BITS, _OFFSET_BITS = 9, 12


@dataclass(frozen=True, slots=True)
class Flag:
    """One bit.

    Attributes:
        name: Short, as the field writes it: ``P``, ``W``, ``NX``.
        position: 0 to 63.
        is_set: Whether it is 1.
        meaning: What that says, in a few words.
        counts: Whether the processor looks at it in this entry.
    """

    name: str
    position: int
    is_set: bool
    meaning: str
    counts: bool = True


def maps_page(entry: Entry) -> bool:
    """Whether the entry leads to a page and not to another table."""
    return bool(entry.value & _PRESENT) and (entry.level == 1 or (entry.level <= 3 and bool(entry.value & _LARGE)))


def page_bytes(entry: Entry) -> int:
    """How many bytes one entry of this level stands for."""
    return 1 << (_OFFSET_BITS + _INDEX_BITS * (entry.level - 1))


def frame(entry: Entry) -> int:
    """The physical address it leads to, bytes: a table's, or a page's."""
    return entry.value & _FRAME & (-page_bytes(entry) if maps_page(entry) else -1)


def flags(entry: Entry) -> tuple[Flag, ...]:
    """The flags that matter here, lowest bit first."""
    leaf = maps_page(entry)
    present = bool(entry.value & _PRESENT)
    words = [
        ("P", 0, "present", "not present: a page fault", True),
        ("W", 1, "may be written", "read only", present),
        ("U", 2, "user and kernel", "kernel only", present),
        ("A", 5, "accessed since the bit was cleared", "not accessed yet", present),
        ("D", 6, "written since the bit was cleared", "not written yet", leaf),
        ("PS", 7, "leads to a page", "leads to a table", present and entry.level in (2, 3)),
        ("G", 8, "global: kept in the TLB when CR3 changes", "not global", leaf),
        ("NX", 63, "no execution", "may be executed", present),
    ]
    return tuple(
        Flag(name, position, is_set := bool(entry.value >> position & 1), yes if is_set else no, counts)
        for name, position, yes, no, counts in words
    )


@dataclass(frozen=True, slots=True)
class Rights:
    """What may be done below an entry, as far as the entries down to it allow.

    Attributes:
        permissions: ``rwx`` letters.
        user: Whether privilege level 3 may.
    """

    permissions: str
    user: bool


def rights_below(entries: Sequence[Entry]) -> list[Rights]:
    """After each entry: a right is left only if every entry so far gives it."""
    left, denied, after = _WRITABLE | _USER, 0, []
    for entry in entries:
        left &= entry.value
        denied |= entry.value & _NO_EXECUTE
        letters = "r" + ("w" if left & _WRITABLE else "-") + ("-" if denied else "x")
        after.append(Rights(letters if entry.value & _PRESENT else "---", bool(left & _USER)))
    return after


@dataclass(frozen=True, slots=True)
class Field:
    """A run of bits of a virtual address.

    Attributes:
        name: ``PML4 index``, ``offset``.
        high: Highest bit, included.
        low: Lowest bit.
        value: What the bits say as a number.
        level: Of the table they index; 0 for the offset, None for the copies of the top bit.
    """

    name: str
    high: int
    low: int
    value: int
    level: int | None


#: Names of the index fields, by level.
INDEX_NAMES = {5: "PML5 index", 4: "PML4 index", 3: "PDPT index", 2: "PD index", 1: "PT index"}


def address_fields(walk: PageWalk) -> tuple[Field, ...]:
    """The virtual address, cut as the processor cuts it for this walk; highest bits first."""
    top = walk.entries[0].level if walk.entries else 4
    last = walk.entries[-1].level if walk.entries else 1
    width = _OFFSET_BITS + _INDEX_BITS * top
    fields = [Field("sign extension", 63, width, walk.virtual >> width, None)]
    for level in range(top, last - 1, -1):
        low = _OFFSET_BITS + _INDEX_BITS * (level - 1)
        fields.append(Field(INDEX_NAMES[level], low + 8, low, walk.virtual >> low & 511, level))
    low = fields[-1].low
    # Where the walk breaks off, the rest is never looked at; it is shown as the offset in what that entry stands for.
    fields.append(Field("offset", low - 1, 0, walk.virtual & ((1 << low) - 1), 0))
    return tuple(fields)
