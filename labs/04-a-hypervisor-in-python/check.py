"""Checks your hypervisor. Run it from the top of the course: ./course check labs/04-a-hypervisor-in-python."""

from __future__ import annotations

import json
import random
import string
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unilab.hypervisor import ENTRY, assemble
from unilab.labs import Limits, Ran, Report, contained, part, python

#: Runs beside your file: a guest for each case, with devices that write down what is asked of them.
TRIAL = """
import gc, json, mmap, os, sys, traceback
sys.path.insert(0, os.getcwd())
import hypervisor
from cpu import Processor

class Device:
    def __init__(self, name, answers, log):
        self.name, self.answers, self.log = name, answers, log
    def read(self, offset, size):
        self.log.append([self.name, "read", offset, size])
        return self.answers.get(str(offset), 0)
    def write(self, offset, size, value):
        self.log.append([self.name, "write", offset, size, value])

with os.fdopen(9, "w") as answer:
    for case in json.load(open("cases.json")):
        log, said, memory = [], {}, mmap.mmap(-1, 2 << 20)
        memory[case["entry"] : case["entry"] + len(case["code"]) // 2] = bytes.fromhex(case["code"])
        try:
            if case["mode"] == "long":
                state = hypervisor.long_mode(memory, case["entry"], case["stack"], case["tables"])
            else:
                state = hypervisor.real_mode(case["entry"], case["stack"])
            said["state"] = {n: getattr(state, n) for n in ("mode", "cr0", "cr3", "cr4", "efer", "rip", "rsp")}
            said["code"] = {n: getattr(state.code, n) for n in ("base", "limit", "type", "wide", "long")}
            said["tables"] = memory[case["tables"] : case["tables"] + 0x3000].hex()
            ports = {p: Device(f"port {p:#x}", a, log) for p, a in case["ports"]}
            devices = {range(b, e): Device(f"device at {b:#x}", a, log) for b, e, a in case["devices"]}
            with Processor(memory, state, backend="emulated", deadline=3.0) as processor:
                said["counts"] = dict(hypervisor.run(processor, ports, devices))
        except Exception as error:
            here = os.path.join(os.getcwd(), "hypervisor.py")
            own = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == here]
            where = f"hypervisor.py, line {own[-1]}: " if own else ""
            said["raised"] = f"{where}{type(error).__name__}: {error}"
        answer.write(json.dumps(said | {"log": log}) + "\\n")
        answer.flush()
        processor = None
        gc.collect()  # gives back what the emulator reserved
"""
#: Unicorn reserves much address space for code that it translates, and uses little of it.
_LIMITS = Limits(seconds=20, processor_seconds=6, memory_mib=6144)
_REAL = ".code16\n"
_LONG = ".code64\n"
_PRINT = "1: lodsb\n test %al, %al\n jz 2f\n out %al, %dx\n jmp 1b\n2: hlt\n"


@dataclass(frozen=True)
class Case:
    """A guest, and what is around it.

    Attributes:
        mode: ``real`` or ``long``.
        text: Its assembly.
        ports: Number of each port with a device, and what it answers by offset.
        devices: First and past-the-last address of each device in memory, and what it answers by offset.
        log: What the devices should be asked.
        counts: What should be counted.
    """

    mode: str
    text: str
    ports: list[tuple[int, dict[str, int]]]
    devices: list[tuple[int, int, dict[str, int]]]
    log: list[list[Any]]
    counts: dict[str, int]


def check(folder: Path, seed: int) -> Report:
    """Grade ``hypervisor.py`` in a folder."""
    draw = random.Random(seed)
    cases = [print16(draw), read16(draw), print64(draw), memory64(draw), nowhere64(draw), fault64(draw)]
    entry, stack, tables = ENTRY, draw.randrange(0x4000, ENTRY, 16), draw.randrange(0x10, 0x1F0) << 12
    ran = contained(
        python("trial.py"),
        folder=folder,
        files={
            "trial.py": TRIAL.encode(),
            "cases.json": json.dumps([_order(case, entry, stack, tables) for case in cases]).encode(),
        },
        limits=_LIMITS,
    )
    said = _answers(ran, len(cases))
    real, _, long, *_ = said
    setup = [
        ("the state for 16 bits", 2, [_real_state(real, entry, stack)]),
        ("the page tables", 4, [_tables(long, tables)]),
        ("the state for 64 bits", 3, [_long_state(long, entry, stack, tables)]),
    ]
    parts = [part(name, points, *complaints) for name, points, complaints in setup]
    loops = [
        ("a 16-bit guest that prints", 3, [0]),
        ("ports that are read", 2, [1]),
        ("a 64-bit guest that prints", 1, [2]),
        ("devices in memory", 3, [3]),
        ("what is not there, and a triple fault", 2, [4, 5]),
    ]
    parts += [part(name, points, *(_run(cases[i], said[i]) for i in which)) for name, points, which in loops]
    return Report(folder.name, tuple(parts))


def print16(draw: random.Random) -> Case:
    """Prints a text to one of two ports."""
    return _print(draw, "real", _REAL, "mov ${port}, %dx\n mov $text, %si\n")


def print64(draw: random.Random) -> Case:
    """The same in 64 bits."""
    return _print(draw, "long", _LONG, "mov ${port}, %edx\n lea text(%rip), %rsi\n")


def _print(draw: random.Random, mode: str, head: str, begin: str) -> Case:
    port, other = draw.sample(range(0x100, 0x1000), 2)
    word = "".join(draw.choices(string.ascii_lowercase, k=draw.randint(5, 12)))
    text = f'{head} {begin.format(port=port)} cld\n{_PRINT}text: .asciz "{word}"\n'
    log = [[f"port {port:#x}", "write", 0, 1, ord(letter)] for letter in word]
    return Case(mode, text, [(other, {}), (port, {})], [], log, {"IO": len(word), "HLT": 1})


def read16(draw: random.Random) -> Case:
    """Reads a word at one port and writes it, plus one, to another."""
    source, target = draw.sample(range(0x100, 0x1000), 2)
    value = draw.randrange(0x100, 0xFFFE)
    text = f"{_REAL} mov ${source}, %dx\n in %dx, %ax\n inc %ax\n mov ${target}, %dx\n out %ax, %dx\n hlt\n"
    log = [[f"port {source:#x}", "read", 0, 2], [f"port {target:#x}", "write", 0, 2, value + 1]]
    return Case("real", text, [(source, {"0": value}), (target, {})], [], log, {"IO": 2, "HLT": 1})


def memory64(draw: random.Random) -> Case:
    """Reads a register of one device in memory, and writes it, plus one, to a register of another."""
    first, second = (draw.randrange(2, 0x3FFF) << 16 | 1 << 29 | which << 15 for which in (0, 1))
    a, b = draw.sample(range(4, 0x800, 4), 2)
    value = draw.randrange(1 << 31)
    text = f"{_LONG} mov ${first + a}, %ebx\n mov (%rbx), %eax\n inc %eax\n mov ${second + b}, %ebx\n"
    text += " mov %eax, (%rbx)\n hlt\n"
    devices = [(first, first + 0x1000, {str(a): value}), (second, second + 0x1000, {})]
    log = [[f"device at {first:#x}", "read", a, 4], [f"device at {second:#x}", "write", b, 4, value + 1]]
    return Case("long", text, [], devices, log, {"MMIO": 2, "HLT": 1})


def nowhere64(draw: random.Random) -> Case:
    """Reads two bytes where nothing is, and tells a port what it got; then writes to nothing."""
    port, empty = draw.sample(range(0x100, 0x1000), 2)
    text = f"{_LONG} mov ${empty}, %edx\n in %dx, %ax\n mov ${port}, %edx\n out %ax, %dx\n"
    text += f" mov ${draw.randrange(0x300, 0x3F0) << 20}, %ebx\n mov (%rbx), %al\n out %al, %dx\n"
    text += " mov %al, (%rbx)\n hlt\n"
    log = [[f"port {port:#x}", "write", 0, 2, 0xFFFF], [f"port {port:#x}", "write", 0, 1, 0xFF]]
    return Case("long", text, [(port, {})], [], log, {"IO": 3, "MMIO": 2, "HLT": 1})


def fault64(draw: random.Random) -> Case:
    """Prints a byte, and executes what is no instruction."""
    port, byte = draw.randrange(0x100, 0x1000), draw.randrange(256)
    text = f"{_LONG} mov ${port}, %edx\n mov ${byte}, %eax\n out %al, %dx\n ud2\n"
    return Case("long", text, [(port, {})], [], [[f"port {port:#x}", "write", 0, 1, byte]], {"IO": 1, "SHUTDOWN": 1})


def _order(case: Case, entry: int, stack: int, tables: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "guest.S"
        file.write_text(case.text)
        code = assemble(file).hex()
    around = {"ports": case.ports, "devices": case.devices}
    return {"mode": case.mode, "code": code, "entry": entry, "stack": stack, "tables": tables, **around}


def _answers(ran: Ran, wanted: int) -> list[dict[str, Any]]:
    """What each case came to; those that were not reached have the reason as what they raised."""
    said: list[dict[str, Any]] = []
    for line in ran.answer.decode(errors="replace").splitlines()[:wanted]:
        try:
            one = json.loads(line)
        except ValueError:
            break
        said.append(one if isinstance(one, dict) else {})
    lost = {"raised": ran.trouble or "it ended before this guest was run", "log": []}
    return said + [lost] * (wanted - len(said))


def _real_state(said: dict[str, Any], entry: int, stack: int) -> str | None:
    if "state" not in said:
        return str(said.get("raised", "real_mode gave no State"))
    state, code = said["state"], said["code"]
    return _first(
        (state["mode"] == "real", 'its mode must be "real"'),
        (not state["cr0"] & 1, "bit 0 of CR0 is protection, and real mode is without it"),
        (
            code["base"] == 0 and code["limit"] == 0xFFFF,
            "the code segment begins at 0, and its limit is 0xffff",
        ),
        (code["type"] & 8, "the type of the code segment has bit 3: it can be executed"),
        (state["rip"] == entry and state["rsp"] == stack, "rip is the entry, and rsp the stack, that you were given"),
    )


def _long_state(said: dict[str, Any], entry: int, stack: int, tables: int) -> str | None:
    if "state" not in said:
        return str(said.get("raised", "long_mode gave no State"))
    state, code = said["state"], said["code"]
    return _first(
        (state["mode"] == "long", 'its mode must be "long"'),
        (state["cr0"] & 1, "there is no long mode without protection: bit 0 of CR0"),
        (state["cr0"] >> 31 & 1, "there is no long mode without paging: bit 31 of CR0"),
        (state["cr4"] & 1 << 5, "entries of page tables have 64 bits only with bit 5 of CR4, PAE"),
        (state["efer"] & 0x500 == 0x500, "EFER needs bit 8 (long mode enabled) and bit 10 (long mode active)"),
        (state["cr3"] == tables, f"CR3 must hold {tables:#x}, where the top table was to be"),
        (code["type"] & 8, "the type of the code segment has bit 3: it can be executed"),
        (code["long"], "without long=True in the code segment, the processor takes the code for 32-bit code"),
        (not code["wide"], "a code segment cannot be long and wide at once"),
        (state["rip"] == entry and state["rsp"] == stack, "rip is the entry, and rsp the stack, that you were given"),
    )


def _tables(said: dict[str, Any], tables: int) -> str | None:
    if "tables" not in said:
        return str(said.get("raised", "no page tables were made"))
    data = bytes.fromhex(said["tables"])
    entries = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
    for name, at, below in (("PML4", 0, tables + 0x1000), ("page-directory-pointer table", 512, tables + 0x2000)):
        complaint = _first(
            (entries[at] & 1, f"entry 0 of the {name} is not present: bit 0"),
            (entries[at] & ~0xFFF == below, f"entry 0 of the {name} must lead to {below:#x}, the table behind it"),
            (not entries[at] & 1 << 7, f"entry 0 of the {name} leads to a table; bit 7 would make it a page"),
            (entries[at] & 2, f"nothing may be written: entry 0 of the {name} lacks bit 1"),
        )
        if complaint:
            return complaint
    for i, value in enumerate(entries[1024:]):
        where = f"entry {i} of the page directory"
        complaint = _first(
            (value & 1, f"{where} is not present. A GiB takes 512 pages of 2 MiB"),
            (value & 1 << 7, f"{where} must map a page of 2 MiB itself: bit 7"),
            (value & ~0x1FFFFF == i << 21, f"{where} must map physical address {i << 21:#x}"),
            (value & 2, f"{where} lacks bit 1: the page may be written"),
            (not value & 4, f"{where} has bit 2: nothing here is the user's"),
        )
        if complaint:
            return complaint
    return None


def _run(case: Case, said: dict[str, Any]) -> str | None:
    log, counts = said.get("log", []), said.get("counts")
    raised = said.get("raised", "")
    if "has ended" in raised or "'Stop' object" in raised:
        return f"{raised}\nHLT and SHUTDOWN are a guest's last exits. They ask for nothing; do not call run after them."
    if raised:
        return str(raised)
    for i, wanted in enumerate(case.log):
        got = log[i] if i < len(log) else None
        if got != wanted:
            return _why(wanted, got)
    if len(log) > len(case.log):
        return f"a device was asked for more than the guest did: {_words(log[len(case.log)])}"
    if counts != case.counts:
        return f"the exits were {case.counts}, and you counted {counts}.\nEvery exit counts, the last one too."
    return None


def _why(wanted: list[Any], got: list[Any] | None) -> str:
    if got is None:
        return f"the guest {_words(wanted)}, and the device never heard of it.\nThe loop goes on until HLT or SHUTDOWN."
    seen = f"the guest {_words(wanted)}, and you made of it: {_words(got)}.\n"
    if got[0] != wanted[0]:
        return seen + "left.address says which device is meant."
    if got[1] == wanted[1] and got[2] != wanted[2]:
        return seen + "A device counts from the beginning of its own range."
    if got[1] != wanted[1]:
        return seen + "left.write says whether the guest gives a value or wants one."
    if got[-1] in (0, 1):
        return (
            seen + "Does what a device answers reach the guest? That is processor.reply; nothing there reads as ones."
        )
    return seen + "Look at left.size and left.value; where nothing is, a read gives ones, as many as were asked for."


def _words(asked: list[Any]) -> str:
    name, way, offset, size, *value = asked
    what = f"{way} {size} bytes" if way == "read" else f"{way} {value[0]:#x} ({size} bytes)"
    return f"[{what} at offset {offset:#x} of {name}]"


def _first(*tests: tuple[object, str]) -> str | None:
    return next((complaint for right, complaint in tests if not right), None)
