"""The state of a processor at each step of a boot, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from unilab.spaces.model import Source
from unilab.spaces.paging import Mapping
from unilab.spaces.registers import Registers
from unilab.spaces.segments import Mode, Segments, mode

#: From here on, addresses are of the upper half.
_UPPER = 1 << 47


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a source file.

    Attributes:
        number: From 1.
        text: As it stands there, without its newline.
        executed: Whether it lies between the stop before and this one.
    """

    number: int
    text: str
    executed: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A run of virtual addresses that page tables map alike.

    Attributes:
        start: First address, bytes.
        end: One past the last, bytes.
        physical: Where the first leads, bytes.
        permissions: ``rwx`` letters.
        page_size: Bytes in one page.
        pages: How many pages are mapped in it; fewer than would fit if it has holes.
    """

    start: int
    end: int
    physical: int
    permissions: str
    page_size: int
    pages: int

    @property
    def identity(self) -> bool:
        """Whether every address in it leads to itself."""
        return self.start == self.physical


@dataclass(frozen=True, slots=True)
class BootState:
    """The processor, stopped at one place of a boot.

    Attributes:
        name: Short, the same for every image that gets there: ``paging on``.
        caption: What has just happened, in a sentence or two.
        place: The next instruction, by the image's symbols: ``pvh_start+0x4b (boot.S:71)``; empty outside the image.
        file: The source file; empty where there is none.
        lines: The lines of it around the next instruction.
        next_line: Number of the line that is executed next; 0 where there is none.
        instruction: The next instruction as a disassembler writes it.
        registers: Of the processor.
        segments: Of the processor.
        tables: What the page tables map in the lower half of the addresses, whether they are in use or not.
        table_pages: How many pages the tables take up; 0 before there are any.
    """

    name: str
    caption: str
    place: str
    file: str
    lines: tuple[Line, ...]
    next_line: int
    instruction: str
    registers: Registers
    segments: Segments
    tables: tuple[Run, ...] = ()
    table_pages: int = 0

    @property
    def mode(self) -> Mode:
        """Real-address, protected, compatibility or 64-bit mode."""
        return mode(self.registers, self.segments)


@dataclass(frozen=True, slots=True)
class BootSteps:
    """A boot, stopped again and again.

    Attributes:
        name: What booted: ``hello as a unikernel``.
        states: In order; the first is the processor after its reset.
        ended: How it ended, if it did not get to ``main``: one sentence; empty if it did.
        source: LIVE, RECORDED or MODEL.
        origin: Where and when.
    """

    name: str
    states: tuple[BootState, ...]
    ended: str = ""
    source: Source = Source.LIVE
    origin: str = ""

    def __getitem__(self, name: str) -> BootState:
        """The state of a name.

        Raises:
            KeyError: The boot did not get there. The message names the places it did get to.
        """
        for state in self.states:
            if state.name == name:
                return state
        raise KeyError(f"{name!r}; there are {', '.join(repr(state.name) for state in self.states)}")

    def __repr__(self) -> str:
        """One line for each state."""
        lines = [f"{self.name} [{self.source}: {self.origin}]"]
        for number, state in enumerate(self.states, 1):
            paging = "paging on" if state.registers.paging else "paging off"
            lines.append(f"{number:3}. {state.name:26}{state.mode:20}{paging:12}{state.place}".rstrip())
        return "\n".join([*lines, self.ended] if self.ended else lines)


_CAPTIONS = {
    "reset": "The processor after its reset: it begins in the firmware, 16 bytes below 4 GiB.",
    "PVH entry": "The firmware has found the image's PVH note, put the image where its headers say, and jumped to the "
    "address in the note, in protected mode of 32 bits. EBX holds the address of what it has to tell.",
    "tables built": "The page tables lie in memory. Nobody reads them yet: below is what they will map.",
    "CR3 set": "CR3 holds the physical address of the top table. The processor will look at it when paging goes on.",
    "GDT loaded": "The processor knows where our segment descriptors are. It has read none of them yet.",
    "stack": "The stack pointer leads to a stack: from now on, there can be calls.",
    "C": "The first function in C has been called. Its argument is what the loader left in EBX.",
    "exceptions": "traps_init() has run: each exception has a gate that leads to a handler, and a stack to run it on. "
    "From now on, a fault is a report and no reset.",
    "start-up": "Memory is known, and the main stack holds the program's arguments and environment.",
    "real tables": "paging_init() has put the real tables in place, with rights page by page. What is not listed below "
    "is not mapped: the first page, and the guard pages under the stacks.",
    "main": "The C library has started up, and calls the program.",
}
_CR4_PAE, _EFER_LME = 1 << 5, 1 << 8


def caption(name: str, now: Registers, segments: Segments) -> str:
    """What has just happened, as the registers have it; empty for a state of another name.

    Args:
        name: The state's.
        now: The registers in that state.
        segments: The segments in that state.
    """
    match name:
        case "CR4 set":
            has = "PAE, entries of 64 bits, is" if now.cr4 & _CR4_PAE else "PAE, which it lacks, is"
            return f"CR4 is set. {has} what long mode asks for."
        case "EFER set":
            asked = "when paging goes on, it will be" if now.efer & _EFER_LME else "without LME, paging will not be"
            return f"EFER is set: {asked} long mode's."
        case "paging on" if not now.paging:
            return "CR0 is set, but its bit PG is 0: paging is still off."
        case "paging on":
            active = (
                "EFER.LMA says that long mode is active, but the code segment is still of 32 bits."
                if now.long_mode
                else "EFER.LMA is 0: this is the paging of protected mode, which reads the tables as three levels."
            )
            return f"CR0.PG is set. Every address now goes through page tables, the next instruction's first. {active}"
        case "64-bit mode":
            wide = mode(now, segments) is Mode.LONG
            said = "has the L bit: the same bytes now mean 64-bit instructions" if wide else "makes it no 64-bit code"
            return f"The far jump has loaded CS from our table. Its descriptor {said}."
        case _:
            return _CAPTIONS.get(name, "")


def runs(mappings: Iterable[Mapping]) -> tuple[Run, ...]:
    """Mappings of the lower half, neighbours joined where they lead on or where each page leads somewhere by itself.

    A table of single pages, such as a stack whose frames lie anywhere, becomes one run.
    """
    found: list[Run] = []
    for each in mappings:
        if each.start >= _UPPER:
            continue
        pages = (each.end - each.start) // each.page_size
        last = found[-1] if found else None
        alike = last is not None and (last.permissions, last.page_size) == (each.permissions, each.page_size)
        if last is not None and alike and last.end == each.start and last.identity == (each.start == each.physical):
            found[-1] = Run(last.start, each.end, last.physical, last.permissions, last.page_size, last.pages + pages)
        else:
            found.append(Run(each.start, each.end, each.physical, each.permissions, each.page_size, pages))
    return tuple(found)
