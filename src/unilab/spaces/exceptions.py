"""What a processor and a guest say when something goes wrong: exceptions by name, error codes bit by bit, reports.

Source: Intel SDM vol. 3A, chapter "Interrupt and Exception Handling", sections "Exception and Interrupt Reference"
and "Error Code"; libos/core/panic.c for the reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from unilab.errors import LayoutError
from unilab.spaces.registers import Registers, parse_info_registers

PAGE_FAULT, GENERAL_PROTECTION, DOUBLE_FAULT = 14, 13, 8

#: Vector -> the processor's name for it, and what it is in words.
EXCEPTIONS = {
    0: ("#DE", "division by zero"),
    1: ("#DB", "debug exception"),
    2: ("NMI", "non-maskable interrupt"),
    3: ("#BP", "breakpoint"),
    4: ("#OF", "overflow"),
    5: ("#BR", "bound range exceeded"),
    6: ("#UD", "invalid instruction"),
    7: ("#NM", "no floating-point unit"),
    8: ("#DF", "double fault"),
    10: ("#TS", "invalid task state"),
    11: ("#NP", "segment not present"),
    12: ("#SS", "stack fault"),
    13: ("#GP", "general protection fault"),
    14: ("#PF", "page fault"),
    16: ("#MF", "floating-point exception"),
    17: ("#AC", "unaligned access"),
    18: ("#MC", "machine check"),
    19: ("#XM", "floating-point exception"),
}
#: Those that push an error code.
_WITH_CODE = {8, 10, 11, 12, 13, 14, 17}

_PRESENT, _WRITE, _USER, _RESERVED, _FETCH = 1, 2, 4, 8, 16


def exception_name(vector: int) -> str:
    """``#PF, page fault``; a number for one without a name."""
    short, words = EXCEPTIONS.get(vector, (f"vector {vector}", "an interrupt" if vector >= 32 else "exception"))
    return f"{short}, {words}"


def vector_of(words: str) -> int | None:
    """The vector of an exception, from the words at the beginning of a panic's reason; None for no exception."""
    return next((vector for vector, (_, name) in EXCEPTIONS.items() if words.startswith(name)), None)


def error_bits(error: int) -> tuple[tuple[str, int, str], ...]:
    """The bits of a page fault's error code: name, value, and what it says."""
    words = (
        ("P", _PRESENT, "the page is there, and forbids this", "an entry on the way is not present"),
        ("W", _WRITE, "it was a write", "it was no write"),
        ("U", _USER, "in user mode", "in kernel mode"),
        ("RSVD", _RESERVED, "an entry has a bit set that must be 0", "no reserved bit is set"),
        ("I", _FETCH, "an instruction was to be fetched", "data was wanted"),
    )
    return tuple((name, int(bool(error & bit)), yes if error & bit else no) for name, bit, yes, no in words)


def access_words(error: int) -> str:
    """What a page fault was about: ``executing``, ``writing`` or ``reading``."""
    return "executing" if error & _FETCH else "writing" if error & _WRITE else "reading"


@dataclass(frozen=True, slots=True)
class Panic:
    """A report of the library OS's.

    Attributes:
        reason: Its first line, without ``libos: panic:``.
        registers: By name, where an exception was the reason; else empty.
        frames: The addresses of the backtrace, innermost first; all but the first are return addresses.
    """

    reason: str
    registers: tuple[tuple[str, int], ...]
    frames: tuple[int, ...]

    @property
    def vector(self) -> int | None:
        """The exception's; None if it was none."""
        return vector_of(self.reason) if self.registers else None

    def register(self, name: str) -> int | None:
        """A register's value."""
        return dict(self.registers).get(name)


_PANIC = re.compile(r"^libos: panic: (.*)$", re.MULTILINE)
_REGISTER = re.compile(r"\b([a-z]+\d*)\s+0x([0-9a-f]{16})\b")
_FRAME = re.compile(r"^  #\d+ 0x([0-9a-f]{16})", re.MULTILINE)


def parse_panic(console: str) -> Panic | None:
    """The last panic report on a console; None if there is none."""
    found = [match for match in _PANIC.finditer(console) if "while reporting" not in match[1]]
    if not found:
        return None
    rest = console[found[-1].end() :]
    before, mark, after = rest.partition("libos: backtrace")
    registers = tuple((name, int(value, 16)) for name, value in _REGISTER.findall(before if mark else ""))
    trace = re.match(r"[^\n]*\n((?:  #.*\n?)*)", after)
    frames = tuple(int(address, 16) for address in _FRAME.findall(trace[1] if trace else ""))
    return Panic(found[-1][1], registers, frames)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An exception that the processor tried to deliver.

    Attributes:
        vector: Its number.
        error: Its error code; None for an exception without one.
        code_segment: The selector in CS.
        state: The registers at that moment. In 64-bit mode and before.
        idt_base: Where the processor looks for the handler, bytes.
        idt_limit: The last byte of the table.
        bits: In what mode it was: 16, 32 or 64.
    """

    vector: int
    error: int | None
    code_segment: int
    state: Registers
    idt_base: int
    idt_limit: int
    bits: int


_DELIVERED = re.compile(
    r"^\s*\d+: v=([0-9a-f]{2}) e=([0-9a-f]{4}) i=(\d) cpl=(\d) IP=([0-9a-f]+):[0-9a-f]+ .*\n"
    r"((?:(?!\s*\d+: v=|check_|CPU ).*\n)+)",
    re.MULTILINE,
)
_IDT = re.compile(r"IDT=\s*([0-9a-f]+) ([0-9a-f]+)")
_CODE = re.compile(r"CS =[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ [0-9a-f]+.*?\b(CS16|CS32|CS64)\b")
_ENDS_IN_RESET = "Triple fault"


def parse_interrupt_log(text: str) -> tuple[Delivery, ...]:
    """The exceptions that led to a triple fault, first to last, from QEMU's log; empty if there was none.

    Args:
        text: What ``-d int,cpu_reset`` wrote, or the last part of it.

    Source:
        QEMU, target/i386/tcg/seg_helper.c, ``do_interrupt_all``, and excp_helper.c, ``check_exception``.
    """
    before, mark, _ = text.rpartition(_ENDS_IN_RESET)
    if not mark:
        return ()
    chain: list[Delivery] = []
    for match in _DELIVERED.finditer(before):
        vector, error, dump = int(match[1], 16), int(match[2], 16), match[6]
        if match[3] != "0" or vector not in EXCEPTIONS:
            continue
        try:
            state = parse_info_registers(dump + f"\nCPL={match[4]}")
        except LayoutError:
            continue
        idt, code = _IDT.search(dump), _CODE.search(dump)
        delivery = Delivery(
            vector=vector,
            error=error if vector in _WITH_CODE else None,
            code_segment=int(match[5], 16),
            state=state,
            idt_base=int(idt[1], 16) if idt else 0,
            idt_limit=int(idt[2], 16) if idt else 0,
            bits=int(code[1][2:]) if code else 16,
        )
        # A double fault belongs to the exception before it; any other begins anew.
        chain = [*chain, delivery] if vector == DOUBLE_FAULT else [delivery]
    return tuple(chain)


def second_fault(text: str) -> int | None:
    """The exception by which a triple fault became one: delivering the double fault met it."""
    tries = re.findall(r"check_exception old: 0x([0-9a-f]+) new 0x([0-9a-f]+)", text)
    return int(tries[-1][1], 16) if tries and int(tries[-1][0], 16) == DOUBLE_FAULT else None
