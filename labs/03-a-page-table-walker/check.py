"""Checks your walker. Run it from the top of the course: ./course check labs/03-a-page-table-walker."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from unilab import start
from unilab.labs import Called, Limits, Part, Report, call, part
from unilab.machines import EXIT
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces import paging

PROGRAM = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"

PRESENT, WRITABLE, USER, ACCESSED, DIRTY, LARGE, NO_EXECUTE = 1, 1 << 1, 1 << 2, 1 << 5, 1 << 6, 1 << 7, 1 << 63
KIB4, MIB2, GIB1 = 1 << 12, 1 << 21, 1 << 30
_LEVEL = {KIB4: 1, MIB2: 2, GIB1: 3}
_LIMITS = Limits(seconds=10)

Answer = tuple[int, str, int] | None


@dataclass
class Tables:
    """Page tables made at random, entry by entry.

    Attributes:
        draw: Where chance comes from.
        levels: 4 or 5.
        pages: Physical address of each table, and its entries.
    """

    draw: random.Random
    levels: int = 4
    pages: dict[int, list[int]] = field(default_factory=dict)
    cr3: int = 0

    def __post_init__(self) -> None:
        """Make the top table."""
        # Flags in CR3's low bits are there to be ignored.
        self.cr3 = self._new() | self.draw.choice((0, 0x8, 0x10, 0x18))

    def _new(self) -> int:
        while (table := self.draw.randrange(1, 1 << 28) << 12) in self.pages:
            pass
        self.pages[table] = [0] * 512
        return table

    def address(self) -> int:
        """A canonical address whose way down is still unused."""
        width = 12 + 9 * self.levels
        while True:
            address = self.draw.randrange(1 << width)
            if not self.pages[self.cr3 & -KIB4][address >> (width - 9)]:
                return paging.canonical(address, width)

    def map(self, address: int, size: int = KIB4, *, deny: dict[int, int] | None = None, absent: int = 0) -> Answer:
        """Map one page; what a walker must say of the address.

        Args:
            address: Any in the page.
            size: The page's.
            deny: At which levels which of WRITABLE, USER and NO_EXECUTE is denied.
            absent: The level whose entry is not present; 0 for none.
        """
        deny = deny or {}
        table, allowed = self.cr3 & -KIB4, WRITABLE | USER | NO_EXECUTE
        for level in range(self.levels, _LEVEL[size] - 1, -1):
            index = address >> 12 + 9 * (level - 1) & 511
            denied = deny.get(level, 0)
            allowed &= ~denied
            entry = PRESENT | WRITABLE | USER | ACCESSED | (self.draw.getrandbits(3) << 9)
            entry = entry & ~(denied & (WRITABLE | USER)) | (denied & NO_EXECUTE)
            if level == absent:
                # Whatever else is in an entry that is not present means nothing.
                self.pages[table][index] = (self.draw.getrandbits(63) << 1) & ~PRESENT
                return None
            if level == _LEVEL[size]:
                physical = self.draw.randrange(1 << 40) & -size
                self.pages[table][index] = entry | DIRTY | physical | (LARGE if level > 1 else 0)
                letters = "r" + ("w" if allowed & WRITABLE else "-")
                letters += ("x" if allowed & NO_EXECUTE else "-") + ("u" if allowed & USER else "-")
                return physical | (address & (size - 1)), letters, size
            below = self._new()
            self.pages[table][index] = entry | below
            table = below
        raise AssertionError("a page has a size")

    def file(self) -> bytes:
        """All of them, as ``given.load`` reads them."""
        return b"".join(struct.pack("<513Q", table, *entries) for table, entries in self.pages.items())


@dataclass(frozen=True)
class Case:
    """One translation, and what is right."""

    address: int
    wanted: Answer
    about: str = ""


def check(folder: Path, seed: int) -> Report:
    """Grade ``walker.py`` in a folder."""
    draw = random.Random(seed)
    trials: list[tuple[str, int, Callable[[str, int], Part]]] = [
        ("pages of 4 KiB", 4, lambda *of: _made(*of, folder, draw, make=small)),
        ("pages of 2 MiB and 1 GiB", 3, lambda *of: _made(*of, folder, draw, make=large)),
        ("what is not mapped", 3, lambda *of: _made(*of, folder, draw, make=unmapped)),
        ("rights, from all levels together", 4, lambda *of: _made(*of, folder, draw, make=rights)),
        ("five levels", 2, lambda *of: _made(*of, folder, draw, make=small, levels=5)),
        ("a live unikernel, against QEMU", 4, lambda *of: live(*of, folder, draw)),
    ]
    parts: list[Part] = []
    for name, points, trial in trials:
        endless = any("still running" in done.message for done in parts)
        parts.append(part(name, points, "not tried after that") if endless else trial(name, points))
    return Report(folder.name, tuple(parts))


def small(tables: Tables) -> list[Case]:
    """Plain pages."""
    return [Case(address, tables.map(address)) for address in _addresses(tables)]


def large(tables: Tables) -> list[Case]:
    """Pages that an upper table maps."""
    return [
        Case(address, tables.map(address, size), f"a page of {'1 GiB' if size == GIB1 else '2 MiB'}")
        for address in _addresses(tables)
        for size in [tables.draw.choice((MIB2, GIB1))]
    ]


def unmapped(tables: Tables) -> list[Case]:
    """Entries that are not present, and addresses that are none."""
    cases = []
    for level in range(tables.levels, 0, -1):
        address = tables.address()
        cases.append(Case(address, tables.map(address, absent=level), f"an entry of level {level} that is not present"))
    mapped = tables.address()
    tables.map(mapped)
    return [*cases, Case(mapped ^ 1 << tables.draw.randrange(48, 64), None, "an address that is not canonical")]


def rights(tables: Tables) -> list[Case]:
    """Rights denied at every level in turn."""
    cases = []
    for right, name in ((WRITABLE, "writing"), (USER, "user access"), (NO_EXECUTE, "execution")):
        for level in range(tables.levels, 0, -1):
            address = tables.address()
            about = f"{name} is denied at level {level}, and nowhere else"
            cases.append(Case(address, tables.map(address, deny={level: right}), about))
    return cases


def live(name: str, points: int, folder: Path, draw: random.Random) -> Part:
    """A unikernel that stands still, against QEMU's own translation."""
    with start(PROGRAM, stop_at=EXIT) as machine:
        assert isinstance(machine, VirtualMachine)
        registers, read = machine.registers(), machine.memory
        pages = paging.tables(registers.cr3, lambda table: read(table, KIB4), levels=registers.levels)
        file = b"".join(struct.pack("<Q", page) + read(page, KIB4) for page in sorted(pages))
        mapped = [draw.randrange(region.start, region.end) for region in machine.address_space().regions]
        addresses = [*mapped, *(draw.randrange(1 << 47) for _ in range(20))]
        physical = [machine.qemu_translation(address) for address in addresses]
    called = call(
        "walker",
        "translate",
        [("live.bin", hex(registers.cr3), hex(address), registers.levels) for address in addresses],
        folder=folder,
        prepare="prepare",
        files={"live.bin": file},
        limits=_LIMITS,
    )
    return part(name, points, called.trouble, _against_qemu(called, addresses, physical))


def _against_qemu(called: Called, addresses: list[int], physical: list[int | None]) -> str | None:
    for address, wanted, answer in zip(addresses, physical, called.answers, strict=True):
        got = answer[0] if isinstance(answer, list) and answer else answer
        if got != wanted:
            return f"{address:#x} leads to {_hex(wanted)} by QEMU, and to {_hex(got)} by yours"
    return None


def _made(
    name: str,
    points: int,
    folder: Path,
    draw: random.Random,
    *,
    make: Callable[[Tables], list[Case]],
    levels: int = 4,
) -> Part:
    tables = Tables(draw, levels)
    cases = make(tables)
    called = call(
        "walker",
        "translate",
        [("made.bin", hex(tables.cr3), hex(case.address), levels) for case in cases],
        folder=folder,
        prepare="prepare",
        files={"made.bin": tables.file()},
        limits=_LIMITS,
    )
    complaints = (
        f"{_place(case)}\n{raised}{_why_raised(raised)}" if raised else _complaint(case, answer)
        for case, answer, raised in zip(cases, called.answers, called.raised, strict=True)
    )
    return part(name, points, called.ran.trouble, next(filter(None, complaints), None))


def _place(case: Case) -> str:
    return f"{case.address:#x}" + (f" ({case.about})" if case.about else "")


def _why_raised(raised: str) -> str:
    if "no page table at physical address" in raised:
        return (
            "\n"
            "That address came out of CR3 or of an entry. Are the flags gone, those below bit 12 and above bit 51?\n"
            "And an entry: is it present, or does it map a page itself (bit 7)?"
        )
    return ""


def _complaint(case: Case, answer: object) -> str | None:  # noqa: PLR0911 - a reason each
    wanted = case.wanted
    if wanted is None:
        if answer is None:
            return None
        if "canonical" in case.about:
            return (
                f"{_place(case)} is no address at all: give None.\n"
                "Bits 48 to 63 must be copies of bit 47, or with five levels 57 to 63 of bit 56."
            )
        return (
            f"{_place(case)}: nothing is mapped there, and you gave {answer!r}.\n"
            "Bit 0 of an entry says whether it counts."
        )
    if answer is None:
        about = f"{_place(case)} leads to {_hex(wanted[0])}, and you say that nothing is mapped there.\n"
        return about + "Which nine bits of the address choose the entry at each level? How many levels are there?"
    if not isinstance(answer, list) or len(answer) != 3 or not isinstance(answer[0], int):
        return f"{_place(case)} leads to {_hex(wanted[0])}, and you gave {answer!r}.\nGive (physical, rights, size)."
    physical, letters, size = answer
    if size != wanted[2]:
        return f"{_place(case)}: the page has {wanted[2]} bytes, and you say {size}"
    if physical != wanted[0]:
        return f"{_place(case)} leads to {wanted[0]:#x}, and you gave {physical:#x}.{_why_elsewhere(physical, wanted)}"
    if letters != wanted[1]:
        return (
            f"{_place(case)}: the rights are {wanted[1]!r}, and you say {letters!r}.\n"
            "A right must be given at every level; execution must be denied at none."
        )
    return None


def _why_elsewhere(physical: int, wanted: tuple[int, str, int]) -> str:
    right, _, size = wanted
    if physical == right & -size:
        return "\nThat is where the page begins. The low bits of the address say where in the page."
    if physical == right & -size | right & (KIB4 - 1):
        return f"\nIn a page of {size} bytes, more bits of the address than the lowest 12 say where in the page."
    if physical & ((1 << 52) - 1) & -KIB4 == right & -KIB4:
        return "\nThe page is right, and there are flags of the entry in your number: an address is in bits 12 to 51."
    return "\nWhich nine bits of the address choose the entry at each level?"


def _hex(value: object) -> str:
    return f"{value:#x}" if isinstance(value, int) else "nothing" if value is None else repr(value)


def _addresses(tables: Tables) -> Iterator[int]:
    # One at a time: each is mapped before the next is chosen, so no two share a way down.
    return (tables.address() for _ in range(12))
