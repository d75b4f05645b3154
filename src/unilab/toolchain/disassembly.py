"""Functions of an image, instruction by instruction, with the names of what they call.

Source:
    Intel SDM vol. 2, "CALL", "JMP", "SYSCALL"; what capstone makes of the bytes.
"""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import capstone
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from unilab.architectures import in_words
from unilab.errors import CourseError
from unilab.spaces.code import Code, Flow, Function, Instruction
from unilab.toolchain.build import Image, build
from unilab.toolchain.instructions import SYSTEM_CALLS, system_calls
from unilab.toolchain.linkmap import LIBRARY_OS, LinkMap


def disassemble(*names: str, program: str | Path | Image, on: str = "unikernel", follow: bool = False) -> Code:
    """Functions of a program's image, as instructions.

    Args:
        names: Of functions: the program's own, the C library's or the library OS's.
        program: A C file, or an image from ``build``, whose architecture then counts.
        on: As for ``build``.
        follow: Add, after each, the functions on the shortest way by calls and jumps from it to one that enters a
            kernel or belongs to the library OS, whichever is nearer; nothing if it never gets there.

    Raises:
        CourseError: A function is not in the image. The linker leaves out what nobody calls.
    """
    image = program if isinstance(program, Image) else build(program, on)
    code = _Text(image)
    chosen = [name for each in names for name in (code.way_out(each) if follow else [each])]
    return Code(
        name=f"{image.program.stem} {in_words(image.architecture)}",
        functions=tuple(code.function(name) for name in dict.fromkeys(chosen)),
        doors=system_calls(image.debug).total(),
        origin=f"{image.program.name}, built and disassembled now",
    )


class _Text:
    """The executable bytes of an image, by symbol."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._origins = LinkMap.read(image.map).contributions
        self._engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
        # As the library OS's own assembly is written.
        self._engine.syntax = capstone.CS_OPT_SYNTAX_ATT
        self._spans: dict[str, tuple[int, bytes]] = {}
        with image.debug.open("rb") as file:
            parsed = ELFFile(file)
            texts = [s for s in parsed.iter_sections() if s["sh_flags"] & 4 and s["sh_type"] == "SHT_PROGBITS"]
            table = parsed.get_section_by_name(".symtab")
            symbols = list(table.iter_symbols()) if isinstance(table, SymbolTableSection) else []
            for text in texts:
                data, base = text.data(), text["sh_addr"]
                inside = {s.name: s for s in symbols if s.name and base <= s["st_value"] < base + len(data)}
                starts = sorted({s["st_value"] for s in inside.values()} | {base + len(data)})
                for name, symbol in inside.items():
                    at = symbol["st_value"]
                    # Labels of assembly have no size: they go as far as the next one.
                    size = symbol["st_size"] or next(start for start in starts if start > at) - at
                    self._spans[name] = (at, data[at - base : at - base + size])
        self._names: dict[int, str] = {}
        for name, (start, _) in self._spans.items():
            # Of several names of one place, the plain one is the one that prose uses.
            self._names[start] = min(self._names.get(start, name), name, key=lambda n: (n.startswith("_"), n))

    def function(self, name: str) -> Function:
        start, _ = self._span(name)
        owner, file = next(((c.owner, c.object) for c in self._origins if c.start <= start < c.end), ("", ""))
        return Function(name, owner, file, tuple(self._instructions(name)))

    def way_out(self, name: str) -> list[str]:
        """The function, and those on the shortest way from it to a border or to the library OS."""
        before: dict[str, str] = {name: ""}
        waiting = deque([name])
        while waiting:
            here = waiting.popleft()
            function = self.function(here)
            if function.owner == LIBRARY_OS or any(i.flow is Flow.ENTERS for i in function.instructions):
                way = [here]
                while before[way[-1]]:
                    way.append(before[way[-1]])
                return way[::-1]
            for each in function.instructions:
                if each.target and each.target not in before:
                    before[each.target] = here
                    waiting.append(each.target)
        return [name]

    def _span(self, name: str) -> tuple[int, bytes]:
        if name not in self._spans:
            near = difflib.get_close_matches(name, self._spans, n=3)
            what = f"{self._image.program.stem} {in_words(self._image.architecture)}"
            raise CourseError(
                f"there is no function {name!r} in {what}; the linker leaves out what nobody calls",
                remedy=f"near to it are {', '.join(near)}" if near else "call it in the program, or choose another",
            )
        return self._spans[name]

    def _instructions(self, name: str) -> Iterator[Instruction]:
        start, data = self._span(name)
        for address, size, mnemonic, operands in self._engine.disasm_lite(data, start):
            code = data[address - start : address - start + size]
            flow = _flow(mnemonic, operands)
            target = ""
            shown = operands
            if flow in (Flow.CALLS, Flow.JUMPS) and (operands.startswith("0x") or operands.isdecimal()):
                to = int(operands, 0)
                inside = start <= to < start + len(data) and (to != start or flow is Flow.JUMPS)
                target = "" if inside else self._names.get(to, "")
                shown = f"+{to - start:#x}" if inside else target or _nowhere(to)
            yield Instruction(address - start, code, mnemonic, shown, flow, target)


def _nowhere(address: int) -> str:
    # A weak function that nobody linked: the call is never reached.
    return "nowhere (not linked)" if address == 0 else f"{address:#x}"


def _flow(mnemonic: str, operands: str) -> Flow:
    if f"{mnemonic} {operands}".strip().replace("$", "") in SYSTEM_CALLS:
        return Flow.ENTERS
    if mnemonic.startswith("call"):
        return Flow.CALLS
    if mnemonic.startswith("ret"):
        return Flow.RETURNS
    return Flow.JUMPS if mnemonic.startswith("j") else Flow.ON
