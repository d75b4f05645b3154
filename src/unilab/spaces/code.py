"""Machine code as plain values: functions as lists of instructions, and two of them beside each other.

Nothing here reads a file: ``toolchain/disassembly.py`` makes these values, ``views/code.py`` draws them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from unilab.spaces.model import Source


class Flow(StrEnum):
    """Where the processor goes after an instruction, if not to the next one."""

    ENTERS = "enters a kernel"  #: ``syscall`` and its older brothers
    CALLS = "calls"
    JUMPS = "jumps"
    RETURNS = "returns"
    ON = ""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Attributes:
        offset: Bytes from the beginning of its function.
        code: Its bytes.
        mnemonic: ``mov``.
        operands: As an assembler writes them; of a call or a jump, the name of where it leads, if that is known.
        flow: Where the processor goes next.
        target: The function that a call, or a jump out of the function, leads to; empty for none.
    """

    offset: int
    code: bytes
    mnemonic: str
    operands: str
    flow: Flow = Flow.ON
    target: str = ""

    @property
    def text(self) -> str:
        """Mnemonic and operands."""
        return f"{self.mnemonic} {self.operands}".strip()


@dataclass(frozen=True, slots=True)
class Function:
    """A function of an image.

    Attributes:
        name: Its symbol.
        owner: Who brought it into the image: ``C library``, ``library OS``; empty when not known.
        file: The object or source file it came from: ``write.o``, ``posix/read_write.c``; empty when not known.
        instructions: In address order.
    """

    name: str
    owner: str
    file: str
    instructions: tuple[Instruction, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(each.code) for each in self.instructions)


@dataclass(frozen=True, slots=True)
class Code:
    """Functions of one image, in the order in which they are read.

    Attributes:
        name: What people call the image: ``hello as a process``.
        functions: One after the other.
        doors: How many instructions of the whole image enter a kernel.
        source: LIVE, RECORDED or MODEL.
        origin: Where it comes from.
    """

    name: str
    functions: tuple[Function, ...]
    doors: int
    source: Source = Source.LIVE
    origin: str = ""

    @property
    def instructions(self) -> int:
        """How many there are in all."""
        return sum(len(each.instructions) for each in self.functions)

    @property
    def entering(self) -> int:
        """How many of these enter a kernel."""
        return sum(i.flow is Flow.ENTERS for each in self.functions for i in each.instructions)


#: One line of two functions beside each other; None where one of them has nothing that corresponds.
Row = tuple[Instruction | None, Instruction | None]


def align(left: Sequence[Instruction], right: Sequence[Instruction]) -> list[Row]:
    r"""Put what is the same in both on the same lines.

    Two instructions are the same if they do the same thing to the same registers; which addresses and offsets are in
    them differs between any two images.

    >>> push, pop = Instruction(0, b"U", "push", "rbp"), Instruction(1, b"]", "pop", "rbp")
    >>> call = Instruction(1, b"\xe8", "call", "f", Flow.CALLS, "f")
    >>> [tuple(i and i.text for i in row) for row in align([push, pop], [push, call, pop])]
    [('push rbp', 'push rbp'), (None, 'call f'), ('pop rbp', 'pop rbp')]
    """
    rows: list[Row] = []
    matcher = SequenceMatcher(None, [_likeness(i) for i in left], [_likeness(i) for i in right], autojunk=False)
    for tag, left_from, left_to, right_from, right_to in matcher.get_opcodes():
        ours, theirs = list(left[left_from:left_to]), list(right[right_from:right_to])
        if tag == "equal":
            rows += zip(ours, theirs, strict=True)
        else:
            rows += _facing(ours, theirs)
    return rows


def _facing(ours: list[Instruction], theirs: list[Instruction]) -> list[Row]:
    """What differs: the last instruction that leaves stands beside the last that leaves on the other side."""
    at, their_at = _last_way_out(ours), _last_way_out(theirs)
    if at is None or their_at is None:
        return [*((each, None) for each in ours), *((None, each) for each in theirs)]
    return [
        *_facing(ours[:at], theirs[:their_at]),
        (ours[at], theirs[their_at]),
        *_facing(ours[at + 1 :], theirs[their_at + 1 :]),
    ]


def _last_way_out(part: list[Instruction]) -> int | None:
    return next((i for i in reversed(range(len(part))) if part[i].flow is Flow.ENTERS or part[i].target), None)


def _likeness(instruction: Instruction) -> str:
    if instruction.flow in (Flow.CALLS, Flow.JUMPS):
        # Calls are alike if they lead to the same function; jumps inside a function whatever their distance.
        return f"{instruction.mnemonic} {instruction.target}"
    return re.sub(r"\b0x[0-9a-f]{5,}\b", "address", instruction.text)
