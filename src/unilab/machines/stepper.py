"""A guest under QEMU's gdb stub, executed one instruction after another, each looked at before it is executed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unilab.errors import MachineError
from unilab.machines.virtual_machine import VirtualMachine

#: The stub's answer to "g" is the registers in gdb's order, in hexadecimal: sixteen of 64 bits, rip, eflags, cs.
#: Source: QEMU, gdb-xml/i386-64bit.xml.
_WORD = 16
_RDX, _RSP, _RIP = 3, 7, 16
_CS = slice(17 * _WORD + 8, 17 * _WORD + 16)
#: Bytes of code fetched at once: less than a page, so that it is there if its first byte is.
_CHUNK = 1024
_LONGEST_INSTRUCTION = 15


@dataclass(frozen=True, slots=True)
class Moment:
    """The processor, about to execute an instruction.

    Attributes:
        rip: Its address.
        rsp: The stack pointer.
        rdx: Which names the port of an ``in`` or ``out``.
        privilege_level: 0 to 3.
    """

    rip: int
    rsp: int
    rdx: int
    privilege_level: int


class Stepper:
    """Steps a guest that its stub has stopped. Interrupts and timers wait meanwhile.

    Args:
        machine: The guest.
    """

    def __init__(self, machine: VirtualMachine) -> None:
        stub = machine._debugger
        assert stub is not None
        self._stub = stub
        self._code: dict[int, bytes] = {}

    def now(self) -> Moment:
        """The processor as it stands.

        Raises:
            MachineError: QEMU has ended.
        """
        answer = self._ask("g")
        selector = int.from_bytes(bytes.fromhex(answer[_CS]), "little")
        return Moment(_word(answer, _RIP), _word(answer, _RSP), _word(answer, _RDX), selector & 3)

    def register(self, index: int) -> int:
        """A register by gdb's number for it."""
        return _word(self._ask("g"), index)

    def moments(self) -> Iterator[Moment]:
        """The processor now, then after each step, for as long as the caller goes on."""
        while True:
            yield self.now()
            if not self._ask("s").startswith("T"):
                raise MachineError("QEMU does not step the guest")

    def run_to_return(self, entry: Moment, back: int) -> None:
        """Let a guest that is at a function's first instruction run to the function's end.

        Args:
            entry: Where it is.
            back: The address it returns to.

        Raises:
            MachineError: It ends before, or QEMU refuses.
        """
        where = f"1,{back:x},1"  # a hardware breakpoint, which changes no byte of the guest
        if self._ask(f"Z{where}") != "OK":
            raise MachineError(f"QEMU cannot stop the guest at {back:#x}")
        while True:
            if not self._ask("c").startswith("T"):
                raise MachineError("the guest ended before the call did")
            # Another call of the same function, or another program's, may come by there.
            now = self.now()
            if now.rsp == entry.rsp + 8 and now.privilege_level == entry.privilege_level:
                break
            self._ask("s")
        self._ask(f"z{where}")

    def code(self, address: int) -> bytes:
        """As many bytes from an address on as the longest instruction has, or fewer at the end of what is mapped."""
        start = address - address % _CHUNK
        found = self._chunk(start)[address - start :]
        if len(found) < _LONGEST_INSTRUCTION:
            found += self._chunk(start + _CHUNK)
        return found[:_LONGEST_INSTRUCTION]

    def memory(self, address: int, length: int) -> bytes:
        """Bytes as the guest sees them now; empty if they are not mapped."""
        answer = self._ask(f"m{address:x},{length:x}")
        return b"" if answer.startswith("E") else bytes.fromhex(answer)

    def _chunk(self, start: int) -> bytes:
        if not self._code.get(start):
            self._code[start] = self.memory(start, _CHUNK)
        return self._code[start]

    def _ask(self, packet: str) -> str:
        answer = self._stub._call(packet)
        if not answer:
            raise MachineError("QEMU has ended while the guest was stepped")
        return answer


def _word(answer: str, index: int) -> int:
    return int.from_bytes(bytes.fromhex(answer[index * _WORD : (index + 1) * _WORD]), "little")
