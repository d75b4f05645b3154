"""Counting the instructions by which a program leaves its address space.

Bytes are not enough: ``0f 05`` also occurs inside other instructions, so the
text is disassembled.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import capstone
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

#: The instructions that enter a kernel on x86-64.
SYSTEM_CALLS = ("syscall", "sysenter", "int 0x80")


def system_calls(elf: Path) -> Counter[str]:
    """How often each instruction of SYSTEM_CALLS stands in the text of an ELF file.

    Args:
        elf: The image, unstripped: disassembly restarts at every symbol, so that data in the text misleads it
            for one function at most.
    """
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    engine.skipdata = True
    counts: Counter[str] = Counter(dict.fromkeys(SYSTEM_CALLS, 0))
    with Path(elf).open("rb") as file:
        parsed = ELFFile(file)
        for section in parsed.iter_sections():
            if not section["sh_flags"] & 4 or section["sh_type"] != "SHT_PROGBITS":
                continue
            data, base = section.data(), section["sh_addr"]
            starts = _starts(parsed, base, base + len(data))
            for start, end in zip(starts, [*starts[1:], base + len(data)], strict=True):
                for _, _, mnemonic, operands in engine.disasm_lite(data[start - base : end - base], start):
                    name = f"{mnemonic} {operands}".strip()
                    if name in counts:
                        counts[name] += 1
    return counts


def _starts(parsed: ELFFile, base: int, end: int) -> list[int]:
    table = parsed.get_section_by_name(".symtab")
    symbols = table.iter_symbols() if isinstance(table, SymbolTableSection) else ()
    return sorted({base, *(s["st_value"] for s in symbols if base <= s["st_value"] < end)})


def decode(code: bytes, address: int, bits: int = 64) -> str:
    """The first instruction of some bytes, in the syntax of the library OS's assembly; empty for no instruction.

    Args:
        code: The bytes.
        address: Where they are.
        bits: The processor's mode: 16, 32 or 64.
    """
    modes = {16: capstone.CS_MODE_16, 32: capstone.CS_MODE_32, 64: capstone.CS_MODE_64}
    engine = capstone.Cs(capstone.CS_ARCH_X86, modes[bits])
    engine.syntax = capstone.CS_OPT_SYNTAX_ATT
    return next((f"{name} {operands}".strip() for _, _, name, operands in engine.disasm_lite(code, address)), "")


def is_sse(code: bytes, address: int, bits: int = 64) -> bool:
    """Whether the first instruction of some bytes is one of SSE or of its successors up to SSE4.

    Args:
        code: The bytes.
        address: Where they are.
        bits: The processor's mode: 32 or 64.

    >>> is_sse(bytes.fromhex("0f57c0"), 0), is_sse(bytes.fromhex("31c0"), 0)
    (True, False)
    """
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64 if bits == 64 else capstone.CS_MODE_32)
    engine.detail = True
    first = next(engine.disasm(code, address, count=1), None)
    return first is not None and any(first.group_name(group).startswith(("sse", "ssse")) for group in first.groups)


def code_at(elf: Path, address: int, length: int = 16) -> bytes:
    """Bytes of an image's text; empty outside of it."""
    with Path(elf).open("rb") as file:
        for section in ELFFile(file).iter_sections():
            start = section["sh_addr"]
            if section["sh_flags"] & 4 and start <= address < start + section["sh_size"]:
                data: bytes = section.data()[address - start :][:length]
                return data
    return b""
