"""What an instruction does to the flow of control, from its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import capstone


class Kind(Enum):
    """Instructions that lead somewhere, or to a device."""

    OTHER, CALL, RETURN, JUMP, SYSTEM_CALL, LEAVE_KERNEL, INPUT, OUTPUT = range(8)


_KINDS = {
    "call": Kind.CALL,
    "ret": Kind.RETURN,
    "syscall": Kind.SYSTEM_CALL,
    "in": Kind.INPUT,
    "out": Kind.OUTPUT,
    **dict.fromkeys(("iret", "iretd", "iretq", "sysret", "sysretq"), Kind.LEAVE_KERNEL),
}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Attributes:
        kind: What it does.
        length: Bytes.
        target: Where a direct call or jump leads; else None.
        repeats: Whether a prefix has it repeat itself.
        port: Which one an ``in`` or ``out`` names; None if dx does.
    """

    kind: Kind
    length: int
    target: int | None = None
    repeats: bool = False
    port: int | None = None


class Decoder:
    """Decodes 64-bit instructions, each address once."""

    def __init__(self) -> None:
        self._engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
        self._known: dict[tuple[int, bytes], Instruction] = {}

    def decode(self, address: int, code: bytes) -> Instruction:
        """The instruction that some bytes at an address begin with. What is none is a byte that does nothing."""
        key = address, code
        if key not in self._known:
            self._known[key] = self._disassemble(address, code)
        return self._known[key]

    def _disassemble(self, address: int, code: bytes) -> Instruction:
        found = next(self._engine.disasm_lite(code, address, 1), None)
        if found is None:
            return Instruction(Kind.OTHER, 1)
        _, length, mnemonic, operands = found
        prefix, _, rest = mnemonic.partition(" ")
        name = rest or prefix
        jump = name[0] == "j"
        kind = _KINDS.get(name, Kind.JUMP if jump else Kind.OTHER)
        target = int(operands, 16) if operands.startswith("0x") and (jump or kind is Kind.CALL) else None
        port = None
        if kind in (Kind.INPUT, Kind.OUTPUT):
            port = next((int(word, 0) for word in operands.split(", ") if word[:1].isdigit()), None)
        return Instruction(kind, length, target, prefix.startswith("rep"), port)
