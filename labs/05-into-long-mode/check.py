"""Checks your boot. Run it from the top of the course: ./course check labs/05-into-long-mode."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unilab.errors import CourseError, DeadlineExceeded, MachineError
from unilab.labs import GuestAnswer, Part, Report, part
from unilab.learn.explain import explain
from unilab.machines.unikernel import Unikernel
from unilab.spaces import paging
from unilab.toolchain import Image

PROGRAM = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"
#: What is handed in, and where it belongs.
PLACES = {"boot.S": "arch/x86_64/boot.S"}
#: The labels, in order, and the part that each ends.
LABELS = ("tables_made", "paging_prepared", "paging_on", "long_mode_on", "start")
#: Each part: what it is about, and its points.
PARTS = (
    ("page tables", 6),
    ("CR4, CR3 and EFER", 4),
    ("CR0", 3),
    ("segments and the jump", 3),
    ("stack, and start()", 2),
)
BOOTS = ("the whole boot", 2)

GIB = 1 << 30
#: How long it may take to get through all labels. The machines but microvm run firmware first.
SECONDS = {"microvm": 4.0}
WITH_FIRMWARE = 10.0
GONE = "the label {} is gone, or not .globl: the check stops there to look"


@dataclass(frozen=True)
class Tried:
    """How a machine is made.

    Attributes:
        machine: QEMU's machine type.
        memory: MiB.
        cpu_with: Features of the processor beside the usual ones.
    """

    machine: str
    memory: int
    cpu_with: tuple[str, ...] = ()


def check(folder: Path, seed: int) -> Report:
    """Grade ``boot.S`` in a folder."""
    draw = random.Random(seed)
    answer = GuestAnswer(folder, PLACES)
    if answer.trouble:
        return everything(answer.trouble)
    try:
        image = answer.image(PROGRAM)
    except CourseError as error:
        return everything(error.message)
    tried = Tried("microvm", draw.randrange(24, 400))
    said = stages(answer, image, tried)
    parts = [part(f"{n}. {name}", points, said.get(n)) for n, (name, points) in enumerate(PARTS, 1)]
    return Report("05-into-long-mode", (*parts, boots(answer, image, tried, draw, after=said)))


def everything(message: str) -> Report:
    """No points, and the reason with the first part."""
    names = [*PARTS, BOOTS]
    parts = [Part(name, points, 0, message if i == 0 else "") for i, (name, points) in enumerate(names)]
    return Report("05-into-long-mode", tuple(parts))


def stages(answer: GuestAnswer, image: Image, tried: Tried) -> dict[int, str]:
    """Boot it from label to label, and look at each: what is wrong, by the number of the part."""
    said: dict[int, str] = {}
    try:
        # The check looks from a place before the first label, where the tables are still empty.
        with answer.start(
            image,
            seconds=SECONDS.get(tried.machine, WITH_FIRMWARE),
            stop_at="libos_pvh_start",
            machine=tried.machine,
            memory=tried.memory,
            cpu_with=tried.cpu_with,
            accelerator="tcg",
        ) as machine:
            assert isinstance(machine, Unikernel)
            look(machine, answer, image, said)
    except CourseError as error:
        said.setdefault(1, error.message)
    return said


def look(machine: Unikernel, answer: GuestAnswer, image: Image, said: dict[int, str]) -> None:
    """Stop at each label in turn."""
    symbols = machine.symbols.names()
    info = dict(machine.registers().general)["EBX"]
    before, written = "pvh_start", set()
    looks: tuple[Callable[[Unikernel], str | None], ...] = (tables, prepared, paged, segments)
    for number, label in enumerate(LABELS, 1):
        at = symbols.get(f"libos_{label}")
        if at is None:
            gone = "start() is not called: nothing leads to it" if label == "start" else GONE.format(label)
            said[number] = gone
            continue
        # The first of them holds one instruction that is given, and the fourth the one before it.
        if at - symbols.get(f"libos_{before}", 0) in {0, 2} and number != len(LABELS):
            said[number] = f"nothing is written between {before} and {label}"
            before = label
            continue
        written.add(number)
        before = label
        if why := reach(machine, answer, image, at, label):
            said[number] = why
            for later in range(number + 1, len(LABELS) + 1):
                said.setdefault(later, f"the boot did not get this far: see part {number}")
            return
        complaint = started(machine, info) if number == len(LABELS) else looks[number - 1](machine)
        if complaint:
            said[number] = complaint
        if label == "long_mode_on":
            # What the upper half holds after 32-bit mode, nobody knows.
            rdi = dict(machine.registers().general).get("RDI")
            if rdi is not None:
                machine.set_register("rdi", 0xDEADBEEF << 32 | rdi & 0xFFFFFFFF)


def reach(machine: Unikernel, answer: GuestAnswer, image: Image, at: int, label: str) -> str:
    """Let it run to a label; why it did not get there, or empty."""
    try:
        machine.run_to(at)
    except DeadlineExceeded:
        return f"it never gets to {label}. " + answer.boot(image, seconds=1.5, accelerator="tcg").explanation
    except MachineError as error:
        return f"it does not get to {label}. {answer.named(repr(explain(error)))}"
    return ""


def tables(machine: Unikernel) -> str | None:
    """Part 1, from the memory."""
    symbols = machine.symbols.names()
    root = symbols["libos_boot_pml4"]
    top = words(machine, root)
    if not top[0] & 1:
        return f"entry 0 of boot_pml4 is {top[0]:#x}: it must be present and lead to boot_pdpt"
    self_map = top[510]
    if self_map & -4096 & (1 << 52) - 1 != root or self_map & 3 != 3:
        return (
            f"entry 510 (SELF_MAP_SLOT) of boot_pml4 is {self_map:#x}: it must lead to boot_pml4 itself, at {root:#x}, "
            "present and writable. An entry has 8 bytes, so its place is boot_pml4 + 8 * 510"
        )
    if not self_map >> 63:
        return (
            "entry 510 of boot_pml4 can be executed: bit 63 of it is not set. The tables are writable, "
            "and nothing may be both. Bit 63 is bit 31 of the upper half, which lies 4 bytes further"
        )
    return mappings(machine, root)


def mappings(machine: Unikernel, root: int) -> str | None:
    """What the tables map below the self map: the first GiB, one to one, and nothing else."""
    top = words(machine, root)
    if extra := [index for index, entry in enumerate(top) if entry & 1 and index not in {0, 510}]:
        return f"entry {extra[0]} of boot_pml4 is {top[extra[0]]:#x}, and only entries 0 and 510 are wanted"
    if why := way_down(machine, top[0]):
        return why
    try:
        # Without the self map, whose tables are their own pages.
        found = list(paging.walk(root, lambda table: page(machine, table, root)))
    except MachineError:
        return "an entry leads out of memory: is it the address of a table, plus the flags, and 8 bytes long?"
    first = found[0]
    complaints = (
        (any("w" not in m.permissions for m in found), "a page is not writable: bit 1 must be set at every level"),
        (first.start != 0, f"it begins at {first.start:#x}: entry 0 of boot_pd maps nothing"),
        (any(m.start != m.physical for m in found), wrong_place(found)),
        (first.end != GIB or len(found) > 1, f"the first {first.end >> 20} MiB are mapped without a gap, and not 1024"),
    )
    return next((f"the tables map, but {text}" for wrong, text in complaints if wrong), None)


def way_down(machine: Unikernel, entry: int) -> str | None:
    """The first entry of each table below the top one, and its flags."""
    for name in ("boot_pdpt", "boot_pd"):
        table = entry & -4096 & (1 << 52) - 1
        try:
            entry = words(machine, table)[0]
        except MachineError:
            return f"what should lead to {name} leads to {table:#x}, where there is no memory"
        if not entry & 1:
            hint = "nobody has filled it" if not entry else "bit 0, present, is not set"
            return f"entry 0 of {name}, at {table:#x}, is {entry:#x}: {hint}"
        if entry & 4:
            return f"entry 0 of {name} is {entry:#x}: bit 2 lets user mode in, and there is none here"
    if not entry & 0x80:
        return f"entry 0 of boot_pd is {entry:#x}: bit 7, which says that it maps 2 MiB itself, is not set"
    return None


def wrong_place(found: list[paging.Mapping]) -> str:
    """Which page is not where it should be."""
    odd = next((m for m in found if m.start != m.physical), found[0])
    return f"not one to one: address {odd.start:#x} leads to physical {odd.physical:#x}"


def words(machine: Unikernel, table: int) -> list[int]:
    """The entries of a table."""
    return list(memoryview(machine.memory(table, 4096)).cast("Q"))


def page(machine: Unikernel, table: int, root: int) -> bytes:
    """A table, the top one without the self map."""
    data = machine.memory(table, 4096)
    return data[: 8 * 510] + bytes(8) + data[8 * 511 :] if table == root else data


def prepared(machine: Unikernel) -> str | None:
    """Part 2, from the registers."""
    now, root = machine.registers(), machine.symbols.names()["libos_boot_pml4"]
    wanted = (
        (now.cr4 >> 5 & 1, "CR4.PAE (bit 5) is 0: long mode's tables are those of PAE, with a level more"),
        (now.cr4 >> 9 & 1, "CR4.OSFXSR (bit 9) is 0: the compiler's SSE instructions would be invalid ones"),
        (now.cr4 >> 10 & 1, "CR4.OSXMMEXCPT (bit 10) is 0: floating-point exceptions would be invalid instructions"),
        (not now.cr4 >> 12 & 1, "CR4.LA57 (bit 12) is set: the tables here have four levels"),
        (now.cr3 & -4096 == root, f"CR3 is {now.cr3:#x}, and boot_pml4, the top table, is at {root:#x}"),
        (now.efer >> 8 & 1, "EFER.LME (bit 8) is 0: without it, paging is that of 32-bit mode"),
        (now.efer >> 11 & 1, "EFER.NXE (bit 11) is 0: bit 63 of an entry would be a reserved one, and a fault"),
        (not now.paging, "paging is on already: that is part 3, and comes after these"),
    )
    return next((f"at paging_prepared, {text}" for right, text in wanted if not right), None)


def paged(machine: Unikernel) -> str | None:
    """Part 3."""
    now = machine.registers()
    wanted = (
        (now.cr0 >> 31 & 1, "CR0.PG (bit 31) is 0: paging is off"),
        (now.cr0 & 1, "CR0.PE (bit 0) is 0"),
        (now.cr0 >> 16 & 1, "CR0.WP (bit 16) is 0: the kernel, which is all of us, could write to read-only pages"),
        (now.cr0 >> 1 & 1, "CR0.MP (bit 1) is 0"),
        (not now.cr0 >> 2 & 1, "CR0.EM (bit 2) is set: floating point would be an invalid instruction"),
        (now.long_mode, "EFER.LMA is 0: the processor is not in long mode, though paging is on; see EFER.LME"),
    )
    return next((f"at paging_on, {text}" for right, text in wanted if not right), None)


def segments(machine: Unikernel) -> str | None:
    """Part 4, from the table of segments and the code segment in use."""
    table = machine.symbols.names()["libos_boot_gdt"]
    null, code, data = (int.from_bytes(machine.memory(table + 8 * i, 8), "little") for i in range(3))
    text = machine.monitor_text("info registers")
    loaded = re.search(r"GDT=\s*([0-9a-f]+)", text)
    in_use = re.search(r"CS =([0-9a-f]{4}).*?(CS\d\d)", text)
    if loaded is None or int(loaded[1], 16) != table:
        return f"the table of segments in use is not boot_gdt, at {table:#x}: give boot_gdt_pointer to lgdt"
    wanted = (
        (not null, f"the first descriptor is {null:#x}: it is never used, and must be 0"),
        (code >> 53 & 1, f"the code descriptor is {code:#x}: L (bit 53), for 64-bit code, is not set"),
        (not code >> 54 & 1, f"the code descriptor is {code:#x}: D (bit 54) must be 0 where L is set"),
        (not code >> 45 & 3, f"the code descriptor is {code:#x}: its privilege level (bits 45, 46) is not 0"),
        (in_use and in_use[2] == "CS64", "the code segment in use is not one of 64-bit code"),
        (in_use and in_use[1] == "0008", f"CS is {in_use and in_use[1]}, and the second descriptor has the selector 8"),
        (data >> 47 & 1, f"the data descriptor is {data:#x}: P (bit 47), present, is not set"),
        (data >> 43 & 3 == 2, f"the data descriptor is {data:#x}: bits 44 and 43 must say data: 1 0"),
        (data >> 41 & 1, f"the data descriptor is {data:#x}: W (bit 41), writable, is not set"),
    )
    return next((f"at long_mode_on, {text}" for right, text in wanted if not right), None)


def started(machine: Unikernel, info: int) -> str | None:
    """Part 5: what start() is given."""
    now, general = machine.registers(), dict(machine.registers().general)
    if "RBP" not in general:
        return "at start(), the processor is still in 32-bit code: see part 4"
    end = machine.symbols.names()["__boot_stack_end"]
    text = machine.monitor_text("info registers")
    selectors = {name: int(value, 16) for name, value in re.findall(r"\b(DS|ES|SS) =([0-9a-f]{4})", text)}
    rsp, rbp, rdi = now.rsp, general["RBP"], general["RDI"]
    wanted = (
        (rsp == end - 8, f"RSP is {rsp:#x}, and should be {end - 8:#x}: __boot_stack_end, less the return address"),
        (rbp == 0, f"RBP is {rbp:#x}: a backtrace goes on as long as it is not 0"),
        (rdi & 0xFFFFFFFF == info, f"RDI is {rdi:#x}: start()'s argument is what %ebx held at the entry, {info:#x}"),
        (
            rdi == info,
            f"RDI is {rdi:#x}: its upper half is undefined after 32-bit mode (the check puts 0xdeadbeef there), "
            "and must become 0. A move to a 32-bit register, even from itself, does that",
        ),
        *(
            (value == 16, f"{name} is {value:#x}: the data segment's selector is 16")
            for name, value in selectors.items()
        ),
    )
    return next((f"at start(), {text}" for right, text in wanted if not right), None)


def boots(answer: GuestAnswer, image: Image, tried: Tried, draw: random.Random, *, after: dict[int, str]) -> Part:
    """The program itself, with arguments of its own."""
    name, points = BOOTS
    if after:
        return Part(name, points, 0, f"first the parts: see part {min(after)}")
    word = "".join(draw.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(8))
    ran = answer.boot(image, machine=tried.machine, memory=tried.memory, cpu_with=tried.cpu_with, args=[word])
    wrong = ran.console != f"hello, {word}\n" and f"hello.c printed {ran.console[-200:]!r}, and not 'hello, {word}'"
    return part(name, points, ran.trouble, wrong or None)
