"""A Linux kernel's symbols, out of its own memory: the compressed table behind /proc/kallsyms.

Names are sequences of one-byte tokens, each of which stands for a few letters; the first letter is the symbol's type.

Source: Linux, scripts/kallsyms.c and kernel/kallsyms.c, 6.0 and later.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from unilab.errors import LayoutError
from unilab.spaces.virtual_memory import VirtualMemory
from unilab.spaces.vmcoreinfo import KernelNotes

_TOKENS = 256


@dataclass(frozen=True, slots=True)
class KernelSymbol:
    """One symbol.

    Attributes:
        address: Bytes; a small number for a variable that each processor has its own of.
        kind: The letter that nm(1) gives it: ``T`` and ``t`` are text.
        name: As in the kernel's source.
    """

    address: int
    kind: str
    name: str


def read(memory: VirtualMemory, notes: KernelNotes) -> list[KernelSymbol]:
    """Every symbol, in address order as the kernel keeps them.

    Raises:
        LayoutError: The table is not as expected.
    """
    count = memory.unsigned(notes.symbol("kallsyms_num_syms"), 4)
    names, token_table, token_index = (
        notes.symbol(f"kallsyms_{name}") for name in ("names", "token_table", "token_index")
    )
    # The tables lie one after the other.
    tokens = _tokens(
        memory.read(token_table, token_index - token_table),
        struct.unpack(f"<{_TOKENS}H", memory.read(token_index, 2 * _TOKENS)),
    )
    spelled = _names(memory.read(names, token_table - names), count, tokens)
    offsets = struct.unpack(f"<{count}i", memory.read(notes.symbol("kallsyms_offsets"), 4 * count))
    base = memory.unsigned(notes.symbol("kallsyms_relative_base"))
    # Positive offsets are addresses of per-processor variables, others count down from the base; or all count up.
    text = next((i for i, name in enumerate(spelled) if name[1:] == "_stext"), None)
    if text is None:
        raise LayoutError("the kernel's symbols lack _stext, so they were not read aright")
    stext = notes.symbol("_stext")
    if base - 1 - offsets[text] == stext:
        addresses = [offset if offset >= 0 else base - 1 - offset for offset in offsets]
    elif base + (offsets[text] & 0xFFFF_FFFF) == stext:
        addresses = [base + (offset & 0xFFFF_FFFF) for offset in offsets]
    else:
        raise LayoutError("the kernel keeps the addresses of its symbols in a way that is not known here")
    return [KernelSymbol(at, name[0], name[1:]) for at, name in zip(addresses, spelled, strict=True)]


def _tokens(table: bytes, index: tuple[int, ...]) -> list[str]:
    return [table[at : table.index(b"\0", at)].decode("ascii", "replace") for at in index]


def _names(data: bytes, count: int, tokens: list[str]) -> list[str]:
    names, at = [], 0
    for _ in range(count):
        length = data[at]
        at += 1
        if length & 0x80:  # a long one
            length = length & 0x7F | data[at] << 7
            at += 1
        names.append("".join([tokens[byte] for byte in data[at : at + length]]))
        at += length
    return names
