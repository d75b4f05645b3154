"""A boot step by step as text and as HTML, and what each register says: the same facts as the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from unilab.spaces.boot_steps import BootState, BootSteps, Run
from unilab.spaces.register_bits import CR0, CR4, EFER, NAMED, Bit, set_bits
from unilab.spaces.segments import DescriptorTable, Mode, SegmentRegister
from unilab.views.words import address_text, size_text

_COLUMNS = ("step", "mode", "paging", "next instruction", "what changed")
_DESCRIPTOR_BYTES, _GATE_BYTES = 8, 16


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One register at one step.

    Attributes:
        name: ``CR0``; ``next`` for the next instruction.
        value: As text.
        words: What it says, where it has no bits with names.
        kept: Names of the bits that are set and were set.
        new: Names of the bits that are set since the step before.
        lost: Names of the bits that were set at the step before.
        changed: Whether the value is another than at the step before.
    """

    name: str
    value: str
    words: str = ""
    kept: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    changed: bool = False

    @property
    def meaning(self) -> str:
        """Words, or bits: a plus before what is new, a minus before what is gone."""
        bits = [*self.kept, *(f"+{name}" for name in self.new), *(f"−{name}" for name in self.lost)]
        return " ".join([self.words, *bits]).strip()


def register_rows(state: BootState, before: BootState | None) -> list[RegisterRow]:
    """The registers that a boot is about.

    Args:
        state: The step.
        before: The step before; None for the first.
    """
    old = before or state
    now, was, kept, had = state.registers, old.registers, state.segments, old.segments
    return [
        RegisterRow("next", address_text(kept["CS"].base + now.rip), state.instruction),
        *(_segment(kept[name], had[name]) for name in ("CS", "SS")),
        RegisterRow("RSP", address_text(now.rsp), changed=now.rsp != was.rsp),
        _with_bits("CR0", now.cr0, was.cr0, CR0),
        RegisterRow("CR3", address_text(now.cr3), "" if now.cr3 else "no table", changed=now.cr3 != was.cr3),
        _with_bits("CR4", now.cr4, was.cr4, CR4),
        _with_bits("EFER", now.efer, was.efer, EFER),
        _table(kept.gdt, had.gdt, _DESCRIPTOR_BYTES, "entries", "none"),
        _table(kept.idt, had.idt, _GATE_BYTES, "gates", "none: no exception is survived"),
    ]


def _segment(now: SegmentRegister, was: SegmentRegister) -> RegisterRow:
    return RegisterRow(now.name, address_text(now.selector), _segment_words(now), changed=now != was)


def _table(now: DescriptorTable, was: DescriptorTable, entry: int, entries: str, none: str) -> RegisterRow:
    words = f"room for {(now.limit + 1) // entry} {entries}" if now.base else none
    return RegisterRow(now.name, address_text(now.base), words, changed=now != was)


def _with_bits(name: str, now: int, was: int, bits: Mapping[int, Bit]) -> RegisterRow:
    names, before = ([bit.name for bit in set_bits(value, bits)] for value in (now, was))
    return RegisterRow(
        name,
        address_text(now),
        kept=tuple(bit for bit in names if bit in before),
        new=tuple(bit for bit in names if bit not in before),
        lost=tuple(bit for bit in before if bit not in names),
        changed=now != was,
    )


def bit_meanings(state: BootState, register: str) -> dict[str, str]:
    """Each set bit of a register with what it says; empty for a register without such bits."""
    now = state.registers
    values = {"CR0": now.cr0, "CR4": now.cr4, "EFER": now.efer}
    found = set_bits(values[register], NAMED[register]) if register in values else ()
    return {bit.name: bit.meaning for bit in found}


def _segment_words(register: SegmentRegister) -> str:
    if not register.is_loaded:
        return "empty"
    where = f", from {address_text(register.base)} on" if register.base else ""
    return f"{register.bits}-bit code{where}" if register.is_code else "data"


def translation_words(state: BootState) -> str:
    """What becomes of an address now."""
    if not state.registers.paging:
        built = f"{pages_text(state)} in memory, not in use" if state.table_pages else "no page tables"
        return f"Paging is off: an address is a physical address. {built[0].upper()}{built[1:]}."
    if state.mode is Mode.PROTECTED:
        return (
            "Paging is on, but not long mode's. Long mode would see what follows; now the entries mean something else."
        )
    return f"Paging is on: an address goes through {pages_text(state)}, from CR3 on."


def pages_text(state: BootState) -> str:
    """How many tables there are."""
    return f"{state.table_pages} page table{'s' if state.table_pages != 1 else ''}"


def run_words(run: Run) -> tuple[str, str, str]:
    """Addresses, where they lead, and in how many pages."""
    span = f"{address_text(run.start)} to {address_text(run.end)}"
    leads = "to the same physical address" if run.identity else "to frames of its own"
    return span, leads, f"{run.pages} page{'s' if run.pages != 1 else ''} of {size_text(run.page_size)}"


def heading(number: int, state: BootState) -> str:
    """``7. paging on: CR0.PG is set ...``."""
    return f"{number + 1}. {state.name}: {state.caption}"


def changes(state: BootState, before: BootState | None) -> str:
    """What changed since the step before, register by register."""
    if before is None:
        return ""
    told = []
    for row in register_rows(state, before):
        if row.new or row.lost:
            bits = [*(f"+{name}" for name in row.new), *(f"−{name}" for name in row.lost)]
            told.append(f"{row.name} {' '.join(bits)}")
        elif row.changed:
            told.append(f"{row.name} {row.value}" + (f" ({row.words})" if row.words else ""))
    if state.tables != before.tables:
        told.append(f"tables: {len(state.tables)} run{'s' if len(state.tables) != 1 else ''} of pages")
    return "; ".join(told)


def as_text(steps: BootSteps) -> str:
    """A line for each step, and what changed on a line of its own."""
    lines = [f"{steps.name} [{steps.source}: {steps.origin}]"]
    for number, (state, before) in enumerate(_pairs(steps.states)):
        lines.append(f"{number + 1:2}. {'; '.join(_cells(state)[:3])}; next: {_cells(state)[3]}")
        if changed := changes(state, before):
            lines.append(f"    {changed}")
    return "\n".join([*lines, steps.ended] if steps.ended else lines)


def as_html(steps: BootSteps) -> str:
    """A table with a row for each step, and one of what the last page tables map."""
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    body = "".join(
        f'<tr><th scope="row">{number + 1}. {escape(_cells(state)[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in (*_cells(state)[1:], changes(state, before)))
        + "</tr>"
        for number, (state, before) in enumerate(_pairs(steps.states))
    )
    end = f'<tr class="uv-gap-row"><td colspan="{len(_COLUMNS)}">{escape(steps.ended)}</td></tr>' if steps.ended else ""
    caption = escape(f"{steps.name}, {steps.source}: {steps.origin}")
    table = (
        f'<table class="uv-table"><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}{end}</tbody></table>"
    )
    return table + (_runs_html(steps.states[-1]) if steps.states and steps.states[-1].tables else "")


def _runs_html(state: BootState) -> str:
    rows = "".join(
        f'<tr><th scope="row">{span}</th><td>{run.permissions}</td><td>{leads}</td><td>{pages}</td></tr>'
        for run in state.tables
        for span, leads, pages in [run_words(run)]
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("addresses", "permissions", "lead", "in"))
    return (
        f'<table class="uv-table"><caption>What the page tables map at the last step, {escape(state.name)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cells(state: BootState) -> tuple[str, str, str, str]:
    paging = "paging on" if state.registers.paging else "paging off"
    where = f" in {state.place}" if state.place else ""
    return state.name, str(state.mode), paging, f"{state.instruction}{where}"


def _pairs(states: Sequence[BootState]) -> list[tuple[BootState, BootState | None]]:
    return list(zip(states, [None, *states], strict=False))
