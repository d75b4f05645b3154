"""``boot_steps(program)``: a unikernel's boot, stopped wherever the processor's state has changed.

The places are found in the image itself, by disassembling its first instructions, so that this works for a learner's
own ``boot.S``, too; the places in C are functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import capstone

from unilab import toolchain
from unilab.errors import CourseError, DeadlineExceeded, LayoutError, MachineError
from unilab.machines import qemu
from unilab.machines.backtrace import Symboliser
from unilab.machines.console import Console
from unilab.machines.devices import Devices
from unilab.machines.unikernel import FIRST_INSTRUCTION, Unikernel
from unilab.spaces import paging, registers, segments
from unilab.spaces.boot_steps import BootState, BootSteps, Line, Run, caption, runs
from unilab.toolchain import Image, libos

#: Bytes of boot.S, from its first instruction on: more than there are.
_BOOT_CODE = 512
_LONGEST_INSTRUCTION = 15
_DEADLINE = 60.0
#: Lines of the source before and after the one that is executed next.
_BEFORE, _AFTER = 7, 3
_TOP_TABLE = "libos_boot_pml4"

#: Instructions of boot.S by first word and beginning of operands, and the name of the state after each.
_EFFECTS = (
    ("mov", "cr4,", "CR4 set"),
    ("mov", "cr3,", "CR3 set"),
    ("wrmsr", "", "EFER set"),
    ("mov", "cr0,", "paging on"),
    ("lgdt", "", "GDT loaded"),
    ("ljmp", "", "64-bit mode"),
    ("mov", "esp,", "stack"),
    ("movabs", "rsp,", "stack"),
)
#: The end of a loop of boot.S.
_TABLES_BUILT = "tables built"
#: Functions in C that stand between the others: the symbol, and the name of the state at its entry.
_FUNCTIONS = (
    ("libos_start", "C"),
    ("libos_frames_init", "exceptions"),
    ("libos_paging_init", "start-up"),
    ("libos_enter_program", "real tables"),
    ("main", "main"),
)


@dataclass(frozen=True, slots=True)
class _Stop:
    address: int
    name: str


def boot_steps(
    program: str | Path | Image,
    *,
    machine: str = "microvm",
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    overlay: str | Path | None = None,
    deadline: float = _DEADLINE,
) -> BootSteps:
    """Boot a program as a unikernel, and look at the processor on the way to ``main``.

    A boot that does not get there is no error: the states until then are what a search begins with.

    Args:
        program: A C file, or an image built for ``unikernel``.
        machine: QEMU's machine type: ``microvm``, ``q35`` or ``pc``.
        args: Arguments after the program's own name.
        env: Its environment; empty unless given.
        overlay: As in ``build``.
        deadline: Seconds after which the machine is ended.

    Returns:
        The states, LIVE. The processor is emulated, whatever the host has.

    Raises:
        CompileError, ProgramNotFound: As in ``build``.
        QemuMissing, StartFailed: As for ``start``.
        CourseError: The image is of something else, or there is no such machine.
    """
    image = program if isinstance(program, Image) else toolchain.build(program, "unikernel", overlay=overlay)
    if image.architecture != "unikernel":
        raise CourseError(f"the boot of a {image.architecture} is not ours to step", remedy='build it for "unikernel"')
    if machine not in qemu.MACHINES:
        raise CourseError(f"there is no machine {machine!r}", remedy=f"choose one of {', '.join(qemu.MACHINES)}")
    guest = _Guest(image, machine, args, env or {}, deadline)
    ended = ""
    try:
        with guest:
            guest.start()
            for stop in _stops(guest):
                guest.go_to(stop)
    except DeadlineExceeded:
        if not guest.states:
            raise
        ended = f"After {guest.states[-1].name!r}: no further place was reached in {deadline:g} seconds."
    except MachineError as error:
        if not guest.states:
            raise
        ended = f"After {guest.states[-1].name!r}: {_why(error)}"
    version = ".".join(map(str, qemu.find().version))
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    return BootSteps(
        f"{image.program.stem} as a unikernel",
        tuple(guest.states),
        ended,
        origin=f"QEMU {version} {machine}, tcg, gdb stub and QMP, {now}",
    )


def _why(error: MachineError) -> str:
    return error.message if error.message.endswith(".") else f"{error.message}."


class _Guest(Unikernel):
    """A unikernel that is stopped on the way, and keeps what was seen."""

    def __init__(
        self, image: Image, machine: str, args: Sequence[str], env: Mapping[str, str], deadline: float
    ) -> None:
        super().__init__(
            image,
            Console(translate=Symboliser(image.debug)),
            args=args,
            env=env,
            machine=machine,
            accelerator="tcg",
            memory=64,
            deadline=deadline,
            stop_at=FIRST_INSTRUCTION,
            devices=Devices(),
        )
        self.states: list[BootState] = []
        self._files = _Sources(image)

    def _run_to_stop(self) -> None:
        self._note("reset")
        super()._run_to_stop()
        self._note("PVH entry")

    def go_to(self, stop: _Stop) -> None:
        """Run on, and look."""
        self.run_to(stop.address)
        self._note(stop.name)

    def _note(self, name: str) -> None:
        text = self.monitor_text("info registers")
        now, kept = registers.parse_info_registers(text), segments.parse_segments(text)
        address = kept["CS"].base + now.rip
        before = self.states[-1] if self.states else None
        file, lines, line = self._files.around(address, self._symbols, before)
        tables = self._tables(now) if before is not None and before.name != "reset" else ((), 0)
        self.states.append(
            BootState(
                name=name,
                caption=caption(name, now, kept),
                place=self.place(address),
                file=file,
                lines=lines,
                next_line=line,
                instruction=_instruction(self._code(address), address, segments.mode(now, kept), kept["CS"].bits),
                registers=now,
                segments=kept,
                tables=tables[0],
                table_pages=tables[1],
            )
        )

    def _tables(self, now: registers.Registers) -> tuple[tuple[Run, ...], int]:
        """What the tables map, and how many there are. Before CR3 leads to them, they are looked for by name."""
        root = now.cr3 if now.cr3 else self._symbols.names().get(_TOP_TABLE, 0)
        try:
            mappings, pages = paging.survey(
                root, lambda table: self.memory(table, paging.TABLE_BYTES), no_execute=now.no_execute
            )
        except MachineError:
            return (), 0  # an entry leads out of RAM: these are no tables, or not of this kind
        return (runs(mappings), len(pages)) if mappings else ((), 0)

    def _code(self, address: int) -> bytes:
        """Bytes at an address that leads to itself, as all do that are executed here; none where the stub sees none."""
        assert self._debugger is not None
        try:
            return self._debugger.memory(address, _LONGEST_INSTRUCTION)
        except MachineError:
            return b""


class _Sources:
    """Lines of the files that an image is made of."""

    def __init__(self, image: Image) -> None:
        tree = image.libos or libos.tree()
        self._paths = {path.name: path for path in libos.sources(tree)} | {image.program.name: image.program}
        self._texts: dict[str, list[str]] = {}

    def around(
        self, address: int, symbols: toolchain.symbols.SymbolTable, before: BootState | None
    ) -> tuple[str, tuple[Line, ...], int]:
        """The file of an address, lines around it, and the number of its own; nothing outside the image."""
        found = symbols.locate(address)
        if found is None or found.file is None or found.line is None or found.file not in self._paths:
            return "", (), 0
        if found.file not in self._texts:
            self._texts[found.file] = self._paths[found.file].read_text(encoding="utf-8").expandtabs(4).splitlines()
        text, line = self._texts[found.file], found.line
        first = before.next_line if before is not None and before.file == found.file else line
        numbers = range(max(1, line - _BEFORE), min(len(text), line + _AFTER) + 1)
        return found.file, tuple(Line(n, text[n - 1], first <= n < line) for n in numbers), line


def _instruction(code: bytes, address: int, mode: segments.Mode, bits: int) -> str:
    width = 16 if mode is segments.Mode.REAL else bits
    modes = {16: capstone.CS_MODE_16, 32: capstone.CS_MODE_32, 64: capstone.CS_MODE_64}
    engine = capstone.Cs(capstone.CS_ARCH_X86, modes[width])
    engine.syntax = capstone.CS_OPT_SYNTAX_ATT  # as in boot.S
    for _, _, mnemonic, operands in engine.disasm_lite(code, address):
        return f"{mnemonic} {operands}".strip()
    return ""


def _stops(guest: _Guest) -> list[_Stop]:
    """Where to stop, in order.

    Raises:
        LayoutError: The image begins with what no boot begins with.
    """
    entry = guest.symbols.address(FIRST_INSTRUCTION)
    code = list(_decode(entry, guest.memory(entry, _BOOT_CODE)))
    stops: list[_Stop] = []
    for (_, mnemonic, operands), (following, *_) in pairwise(code):
        if mnemonic.startswith("j") and operands.startswith("0x") and entry <= int(operands, 16) < following:
            stops.append(_Stop(following, _TABLES_BUILT))
        for name, beginning, state in _EFFECTS:
            if mnemonic == name and operands.startswith(beginning):
                stops.append(_Stop(following, state))
    if not stops:
        raise LayoutError("this image does not begin as a unikernel of this course does")
    names = guest.symbols.names()
    stops += [_Stop(names[symbol], state) for symbol, state in _FUNCTIONS if symbol in names]
    return stops


def _decode(entry: int, code: bytes) -> Iterator[tuple[int, str, str]]:
    """Address, mnemonic and operands of each instruction: of 32 bits up to the far jump, of 64 until the first call."""
    at, width = entry, capstone.CS_MODE_32
    while at < entry + len(code):
        engine = capstone.Cs(capstone.CS_ARCH_X86, width)
        decoded = next(engine.disasm_lite(code[at - entry :], at, 1), None)
        if decoded is None:
            return
        _, size, mnemonic, operands = decoded
        yield at, mnemonic, operands
        if mnemonic == "ljmp":
            width = capstone.CS_MODE_64
        if mnemonic == "call":
            return
        at += size
