"""A crash of a guest, read: where, what lies there, which entry decides, and what to check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from unilab.errors import CourseError, Unavailable
from unilab.machines import Machine, standstill
from unilab.machines.crash import Crash
from unilab.machines.unikernel import Unikernel
from unilab.spaces import entry_bits, labels
from unilab.spaces.exceptions import (
    DOUBLE_FAULT,
    GENERAL_PROTECTION,
    PAGE_FAULT,
    Delivery,
    Panic,
    access_words,
    error_bits,
    exception_name,
)
from unilab.spaces.page_walk import TABLES, PageWalk
from unilab.spaces.registers import Registers
from unilab.spaces.standstill import Standstill
from unilab.toolchain import Image
from unilab.toolchain.instructions import code_at, decode, is_sse
from unilab.toolchain.libos import XEN
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import symbols_of

#: Title, facts and checks, as ``Explanation`` has them.
Read = tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]

_LONG_LINE = 100
_PAGE, _INVALID_OPCODE, _DIVISION, _FETCH, _RESERVED = 4096, 6, 0, 16, 8
#: Bits of the registers that decide on modes, by what the manual calls them.
_MODE_BITS = (
    ("cr0", "CR0", (("PE", 0), ("WP", 16), ("PG", 31))),
    ("cr4", "CR4", (("PAE", 5), ("LA57", 12))),
    ("efer", "EFER", (("LME", 8), ("LMA", 10), ("NXE", 11))),
)


def of_crash(crash: Crash) -> Read:
    """The title, the facts and the checks of a crash."""
    place = _Places(crash.image)
    if crash.panic is not None:
        return _panic(crash, crash.panic, place)
    if crash.stuck is not None:
        return _stuck(crash.stuck, crash.console, place, ended=True)
    return _reset(crash, place)


def of_stuck(machine: Machine) -> Read:
    """The same of a machine that is still running: where it is now. It is paused for a moment."""
    why = [each.why() for each in _waits_for_device(machine)]
    return _stuck(machine.registers(), machine.console.text, _Places(machine.image), ended=False, why=why)


def _stuck(now: Registers, console: str, place: _Places, *, ended: bool, why: Sequence[str] = ()) -> Read:
    # Halted, it is behind the instruction that halts.
    facts = [*place.facts(now.rip - now.halted), ("Processor", _mode(now)), ("Registers", _mode_bits(now))]
    facts.append(("Console", _last_line(console)))
    if now.halted:
        title = "waited for an interrupt when its time was up" if ended else "is halted, and waits for an interrupt"
        usual = "interrupts are off, or none was asked for, or each thread waits for another: nothing will wake it"
    else:
        title = "was running when its time was up" if ended else "is running, and has not ended"
        usual = "is there a loop there whose condition never comes true?"
    return f"The machine {title}.", tuple(facts), tuple(why) or (usual,)


def _waits_for_device(machine: Machine) -> list[Standstill]:
    """Queues of the machine's devices that nothing under way will move on; none where that is not known."""
    try:
        return [each for each in standstill.now(machine) if each.hopeless] if isinstance(machine, Unikernel) else []
    except Unavailable:
        return []


def _last_line(console: str) -> str:
    """What it said last: the beginning of that, if it is long."""
    line = next((line for line in reversed(console.splitlines()) if line.strip()), "it has printed nothing")
    return line if len(line) <= _LONG_LINE else f"{line[:_LONG_LINE]} ... ({len(line):,} characters)"


def _panic(crash: Crash, panic: Panic, place: _Places) -> Read:
    vector = panic.vector
    rip = panic.register("rip")
    if vector is None:
        # A return address: the call before it is meant, and the instruction says nothing more.
        at = panic.frames[0] - 1 if panic.frames else None
        facts = [fact for fact in place.facts(at) if fact[0] != "Instruction"]
        return (
            f"The library OS stopped itself: {panic.reason}.",
            (*facts, *_called_from(panic, place, 1)),
            ("the function above called panic(): read the condition in front of that line",),
        )
    title = f"Exception {exception_name(vector)}"
    facts = list(place.facts(rip))
    facts += _called_from(panic, place, 1)
    registers = dict(panic.registers)
    error = registers.get("error", 0)
    checks: list[str] = []
    if vector == PAGE_FAULT:
        address = registers.get("cr2", 0)
        title += f": {access_words(error)} {address:#x}"
        facts += [("Address", f"{address:#x}: {place.what_lies_at(address)}"), ("Error code", _error_words(error))]
        if crash.walk is not None:
            facts.append(("Page tables", _walk_words(crash.walk, error)))
        used = _used(registers, place.instruction(rip), error)
        checks += _page_fault_checks(address, error, crash.walk, used, place)
    else:
        code = code_at(place.elf, rip) if rip is not None else b""
        checks += _other_checks(vector, error, registers, code, rip or 0)
    return title + ".", tuple(facts), tuple(checks)


def _reset(crash: Crash, place: _Places) -> Read:
    if not crash.chain:
        return (
            "The guest reset the processor: a triple fault.",
            (
                ("Console", _last_line(crash.console)),
                ("Not known", "booted again under QEMU's log, it did not do so within seconds"),
            ),
            ("an exception came for which there was no handler that works; look at what runs after the last line",),
        )
    first = crash.chain[0]
    now = first.state
    title = f"A triple fault. It began with {exception_name(first.vector)}"
    facts = list(place.facts(now.rip, crash.code, first.bits))
    checks = list(_mode_checks(now))
    if first.vector == PAGE_FAULT:
        error = first.error or 0
        title += f": {access_words(error)} {now.cr2:#x}"
        facts += [("Address", f"{now.cr2:#x}: {place.what_lies_at(now.cr2)}"), ("Error code", _error_words(error))]
        if crash.walk is not None:
            facts.append(("Page tables", _walk_words(crash.walk, error)))
        if now.rip == now.cr2 and error & _FETCH:
            checks.append("the processor could not fetch its next instruction: the tables must map the code that runs")
        used = _used(dict(now.general), decode(crash.code, now.rip, first.bits), error)
        checks += _page_fault_checks(now.cr2, error, crash.walk, used, place)
    else:
        checks += _other_checks(
            first.vector, first.error or 0, dict(now.general), crash.code, now.rip, bits=first.bits, now=now
        )
    facts += [("Then", _handler_words(first, crash.chain)), ("Processor", _mode(now)), ("Registers", _mode_bits(now))]
    return title + ".", tuple(facts), tuple(checks)


def _handler_words(first: Delivery, chain: Sequence[Delivery]) -> str:
    """Why the exception reached nobody."""
    gate = 16 if first.state.long_mode else 8
    at = first.idt_base + gate * first.vector
    if first.idt_base == 0:
        where = (
            f"its handler was looked for at {at:#x}: the table of handlers (IDT) begins at 0, as a reset leaves it. "
            "traps_init() had not run yet"
        )
    else:
        where = f"its handler was looked for at {at:#x} in the IDT at {first.idt_base:#x}, and could not be entered"
    double = any(each.vector == DOUBLE_FAULT for each in chain)
    return where + (
        ". The double fault that came of it found no handler either, and the processor gave up" if double else ""
    )


def _mode(now: Registers) -> str:
    if now.long_mode:
        return "long mode, paging on"
    if now.cr0 & 1:
        return "protected mode, 32-bit, paging " + ("on" if now.paging else "off")
    return "real mode"


def _mode_bits(now: Registers) -> str:
    words = []
    for attribute, name, bits in _MODE_BITS:
        value = getattr(now, attribute)
        words.append(f"{name} {value:#x} (" + ", ".join(f"{bit} {value >> place & 1}" for bit, place in bits) + ")")
    return "; ".join([*words, f"CR3 {now.cr3:#x}"])


def _mode_checks(now: Registers) -> Iterator[str]:
    """What the manual wants for long mode, as far as it is not so."""
    if now.paging and not now.cr3:
        yield "CR3 is 0: it must hold the address of the PML4 before paging is on"
    if now.long_mode:
        return
    if not now.cr4 >> 5 & 1:
        yield "CR4.PAE is 0: long mode wants it set before paging is on"
    if not now.efer >> 8 & 1:
        yield "EFER.LME is 0: without it, paging is that of 32-bit mode, which reads these tables differently"
    if not now.paging:
        yield "CR0.PG is 0: long mode begins when paging is switched on"


def _used(registers: dict[str, int], instruction: str, error: int) -> dict[str, int]:
    """The registers that may have led to the address: those of the instruction, if that was fetched at all."""
    if error & _FETCH or not instruction:
        return {name: value for name, value in registers.items() if name.lower() not in {"cr2", "rip", "eip"}}
    named = set(re.findall(r"%(\w+)", instruction))
    return {name: value for name, value in registers.items() if name.lower() in named}


def _page_fault_checks(
    address: int, error: int, walk: PageWalk | None, registers: dict[str, int], place: _Places
) -> Iterator[str]:
    near = [name for name, value in registers.items() if value == address]
    last = walk.entries[-1] if walk is not None and walk.entries else None
    if error & _RESERVED:
        odd = [entry for entry in walk.entries if entry.value >> 63] if walk is not None else []
        which = f", as in entry {odd[0].index} of the {TABLES[odd[0].level]}" if odd else ""
        yield f"a reserved bit is set: bit 63 (no execution) is one as long as EFER.NXE is 0{which}"
        yield "bit 7 is one in a PML4 entry, and so are address bits above what the processor has"
        return
    lies = place.what_lies_at(address)
    guarded = "guard" in lies or address < _PAGE
    if last is not None and not last.value & 1 and (place.in_boot or not guarded):
        why = "nobody has filled it" if place.in_boot else "nothing is mapped there"
        value = f"0: {why}" if last.value == 0 else f"{last.value:#x}: its bit 0, present, is not set"
        yield f"entry {last.index} of the {TABLES[last.level]} at {last.table:#x} is {value}"
    if error & _FETCH and error & 1:
        yield "the page may not be executed: no entry on the way may have bit 63 (NX) set, if code is to run there"
    elif error & 2 and error & 1:
        yield "the page is read-only: bit 1 (writable) is 0 in an entry on the way"
    if address < _PAGE and not place.in_boot:
        at = f" at {address:#x} in what it points to" if address else ""
        yield f"a pointer is null, or counts from null: which one{at}?"
    elif "guard" in lies:
        yield "a stack is used up: a recursion without end, or a very large local array"
    if near and address >= _PAGE:
        yield f"{', '.join(near)} held this address: where did it come from?"


def _other_checks(
    vector: int,
    error: int,
    registers: dict[str, int],
    code: bytes,
    address: int,
    *,
    bits: int = 64,
    now: Registers | None = None,
) -> Iterator[str]:
    if vector == GENERAL_PROTECTION:
        yield from _protection_checks(error, registers, decode(code, address, bits))
        if error & 2 and error >> 3 == _INVALID_OPCODE:
            # Its handler was what was missing.
            yield from _invalid_opcode_checks(code, address, bits, now)
    elif vector == _INVALID_OPCODE:
        yield from _invalid_opcode_checks(code, address, bits, now)
    elif vector == _DIVISION:
        yield "the divisor is 0, or the quotient does not fit"
    elif vector == DOUBLE_FAULT:
        yield "an exception came while another was delivered: most often its stack was used up"


def _protection_checks(error: int, registers: dict[str, int], instruction: str) -> Iterator[str]:
    if error:
        yield (
            f"error code {error:#x} names a segment selector: entry {error >> 3} of the "
            f"{'IDT' if error & 2 else 'GDT'} is missing, or not of the kind that is wanted"
        )
    elif instruction.startswith(("ljmp", "lcall")):
        yield (
            "the target must lie inside its segment: a 64-bit code segment has no limit, but it is one only if "
            "its descriptor has L (bit 53) set and D (bit 54) clear, and if long mode is active"
        )
    elif instruction.startswith("mov") and "%cr0" in instruction:
        yield "CR0 refuses the value: PG wants PE, and, with EFER.LME, CR4.PAE; long mode wants them in this order"
    elif instruction.startswith(("wrmsr", "rdmsr")):
        ecx = registers.get("ECX", registers.get("rcx", 0))
        yield f"there is no model-specific register {ecx:#x}, or it refuses the value: EFER is 0xc0000080"
    elif odd := [name for name, value in registers.items() if value >> 47 not in {0, 0x1FFFF}]:
        yield f"no canonical address (bits 63 to 47 all alike): {', '.join(odd)}. Was a pointer overwritten?"
    else:
        yield "an instruction got a value that it may not have: look up what it wants in the manual"


def _invalid_opcode_checks(code: bytes, address: int, bits: int, now: Registers | None) -> Iterator[str]:
    instruction = decode(code, address, bits)
    if instruction.startswith("ud2"):
        yield "ud2 is what the compiler writes where the program must never get to"
    elif is_sse(code, address, bits):
        yield _sse_words(instruction.split()[0], now)
    else:
        yield "these bytes are no instruction in this mode: code for another mode, or data, is executed"


def _sse_words(name: str, now: Registers | None) -> str:
    """Source: Intel SDM vol. 3A, "Control Registers" (CR0.EM, CR4.OSFXSR)."""
    wants = f"{name} is an SSE instruction, invalid unless CR4.OSFXSR (bit 9) is 1 and CR0.EM (bit 2) is 0"
    if now is not None and (not now.cr4 >> 9 & 1 or now.cr0 >> 2 & 1):
        return f"{wants}: here they are {now.cr4 >> 9 & 1} and {now.cr0 >> 2 & 1}. boot.S sets CR4"
    return f"{wants}: boot.S sets CR4, before the first C function. Or the processor has no such instruction"


def _called_from(panic: Panic, place: _Places, first: int) -> list[tuple[str, str]]:
    """The nearest caller whose source is the program's own, if the crash is elsewhere."""
    named = [place.locate(address - 1) for address in panic.frames[first:]]
    callers = [where for where in named if where]
    return [("Called from", ", ".join(callers[:4]))] if callers else []


def _error_words(error: int) -> str:
    return "\n".join([f"{error:#x}", *(f"{name} {value}: {words}" for name, value, words in error_bits(error))])


def _walk_words(walk: PageWalk, error: int) -> str:
    """A line for each entry, down to the one that decides."""
    lines = [f"CR3 {walk.root:#x}"]
    for entry in walk.entries:
        flags = [flag for flag in entry_bits.flags(entry) if flag.counts and flag.name in {"P", "W", "NX", "PS"}]
        says = ", ".join(flag.meaning for flag in flags)
        lines.append(f"{TABLES[entry.level]}, entry {entry.index}: {entry.value:#x} ({says})")
    if walk.physical is None:
        lines.append("so the address leads nowhere" if walk.entries else "the address is not canonical")
    elif error & _RESERVED:
        lines.append("so it would lead to a page, but a reserved bit is set on the way")
    else:
        lines.append(f"so it leads to physical {walk.physical:#x}, {walk.permissions}")
    return "\n".join(lines)


class _Places:
    """Names for addresses of an image: functions, lines, what a range is for."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._symbols = symbols_of(image.debug)
        try:
            self._labels = labels.of_image(self._symbols, LinkMap.read(image.map))
        except (CourseError, OSError):
            self._labels = []
        #: Whether the last place looked at is of the boot, where address 0 is an address like others.
        self.in_boot = False

    @property
    def elf(self) -> Path:
        """The image with its symbols."""
        return self._image.debug

    def locate(self, address: int | None) -> str:
        """Function, file and line; empty outside the text."""
        found = None if address is None else self._symbols.locate(address)
        return "" if found is None else str(found)

    def instruction(self, address: int | None, code: bytes = b"", bits: int = 64) -> str:
        """The instruction at an address."""
        if address is None:
            return ""
        return decode(code or code_at(self._image.debug, address), address, bits)

    def facts(self, address: int | None, code: bytes = b"", bits: int = 64) -> list[tuple[str, str]]:
        """Where an address is, the instruction there, and the line of the source."""
        if address is None:
            return []
        found = self._symbols.locate(address)
        self.in_boot = found is not None and "pvh_start" in found.function
        if found is None:
            return [("Where", f"{address:#x}, which is not in the image's text: {self.what_lies_at(address)}")]
        facts = [("Where", f"{address:#x}, {found}")]
        if instruction := self.instruction(address, code, bits):
            facts.append(("Instruction", instruction))
        if found.file and found.line and (line := self._source_line(found.file, found.line)):
            facts.append(("Source", f"{found.file}, line {found.line}: {line}"))
        return facts

    def what_lies_at(self, address: int) -> str:
        """What the memory map has there."""
        if address >> 47 not in {0, 0x1FFFF}:
            return "no canonical address, so no address at all"
        found = [label for label in self._labels if label.start <= address < label.end]
        if not found:
            return "nothing of the image or of memory_map.h lies there"
        label = min(found, key=lambda label: label.end - label.start)
        return f"{label.text}, {address - label.start:#x} from its start at {label.start:#x}"

    def _source_line(self, file: str, line: int) -> str:
        path = self._image.program
        if path.name != file:
            tree = self._image.libos
            every = sorted(tree.rglob(file)) if tree is not None and re.fullmatch(r"[\w.-]+", file) else []
            under_xen = self._image.architecture == "xen"
            every.sort(key=lambda each: (XEN in each.as_posix()) != under_xen)
            if not every:
                return ""
            path = every[0]
        try:
            lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return re.sub(r"\s{2,}", "  ", lines[line - 1].strip()) if line <= len(lines) else ""
