"""The little of gdb's remote protocol that it takes to stop a guest, to step it, and to look into its memory.

Source: Debugging with GDB, appendix E, "GDB Remote Serial Protocol"; QEMU's manual, "GDB usage", for ``Qqemu.sstep``.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator

from unilab.errors import MachineError

#: Where the instruction pointer is among the hexadecimal digits of the registers: after sixteen others.
_RIP = slice(16 * 16, 17 * 16)
_INTERRUPT = b"\x03"
#: What QEMU's own packet for it says of stepping: that it is on, that interrupts wait, that time stands still.
_ONE_STEP, _NO_INTERRUPTS, _NO_TIMER = 1, 2, 4


class DebugStub:
    """A session with QEMU's gdb stub. Attached, it decides whether the guest runs; QEMU's monitor then must not.

    Args:
        end: Our end of the socket pair whose other end QEMU has. Owned by this object.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._buffer = b""
        self.attached = True  #: a new session is

    def run_to(self, *addresses: int) -> bool:
        """Let the guest run until it is about to execute one of some instructions, however long that takes.

        Standing at one of them already, it runs on from there. Interrupted, it stops wherever it is.

        Args:
            addresses: Virtual addresses, bytes.

        Returns:
            True when the guest has stopped; False when QEMU ended first.

        Raises:
            MachineError: The stub refused.
        """
        # A breakpoint under the instruction that comes next would hold the guest where it is.
        if self.rip() in addresses:
            if not self.step():
                return False
            if self.rip() in addresses:
                return True
        with contextlib.ExitStack() as undo:
            for address in addresses:
                if not undo.enter_context(self._breakpoint(address)):
                    return False
            try:
                return self._call("c").startswith("T")
            except BaseException:
                self._interrupt()
                raise

    def step(self, *, interrupts: bool = False, patience: float | None = None) -> bool:
        """Execute one instruction.

        Args:
            interrupts: Let interrupts come and time pass, as for a processor that is halted until one comes; otherwise
                they wait.
            patience: Seconds after which the guest is stopped where it is; None to wait however long it takes.

        Returns:
            True when it has stopped; False when QEMU ended.

        Raises:
            TimeoutError: It did not get to execute an instruction.
        """
        if interrupts:
            self._call(f"Qqemu.sstep={_ONE_STEP:x}")
        self._end.settimeout(patience)
        try:
            return self._call("s").startswith("T")
        except TimeoutError:
            self._end.settimeout(None)
            self._interrupt()
            raise
        finally:
            self._end.settimeout(None)
            if interrupts:
                self._call(f"Qqemu.sstep={_ONE_STEP | _NO_INTERRUPTS | _NO_TIMER:x}")

    def rip(self) -> int | None:
        """The address of the next instruction; None when QEMU has ended."""
        # All of them: QEMU refuses to tell one alone to those who have not asked for its description of them.
        answer = self._call("g")
        return int.from_bytes(bytes.fromhex(answer[_RIP]), "little") if answer else None

    def set_register(self, number: int, value: int) -> None:
        """Give a general register of a stopped guest in 64-bit mode another value.

        Args:
            number: Its place among gdb's registers of x86-64: 0 for RAX, 1 RBX, RCX, RDX, RSI, 5 for RDI, RBP, RSP.
            value: 64 bits.

        Raises:
            MachineError: QEMU refuses, or has ended.
        """
        every = self._call("g")
        at = slice(16 * number, 16 * number + 16)
        if (
            not every
            or self._call(f"G{every[: at.start]}{value.to_bytes(8, 'little').hex()}{every[at.stop :]}") != "OK"
        ):
            raise MachineError("QEMU does not set a register")

    def memory(self, address: int, length: int) -> bytes:
        """Bytes of the guest's memory, as the guest sees it.

        Args:
            address: Virtual address.
            length: Bytes.

        Raises:
            MachineError: Nothing is mapped there, or QEMU has ended.
        """
        answer = self._call(f"m{address:x},{length:x}")
        if not answer or answer.startswith("E"):
            raise MachineError(f"QEMU cannot read {length} bytes of the guest's memory at {address:#x}")
        return bytes.fromhex(answer)

    def run_to_when(self, address: int, wanted: Callable[[], bool]) -> bool:
        """Let the guest run to an instruction again and again, until it is wanted there.

        Args:
            address: Virtual address, bytes.
            wanted: Asked each time, while the guest stands there: whether this is the time.

        Returns:
            True when the guest has stopped there; False when QEMU ended first.

        Raises:
            MachineError: The stub refused.
        """
        while self.run_to(address):
            if wanted():
                return True
        return False

    def go(self) -> None:
        """Let the guest run, and stay in touch: ``stop`` or ``run_to`` comes next."""
        self._send("c")

    def stop(self) -> bool:
        """Stop a guest that runs after ``go``. False when QEMU ended first."""
        with contextlib.suppress(OSError):
            self._end.sendall(_INTERRUPT)
        return self._answer().startswith("T")

    def resume(self) -> None:
        """Let the stopped guest run on, and leave it alone."""
        self._call("D")
        self.attached = False

    def attach(self) -> None:
        """Take the guest, which is stopped, in charge again."""
        self._call("vAttach;1")
        self.attached = True

    def close(self) -> None:
        """End the session."""
        self._end.close()

    def _interrupt(self) -> None:
        """Stop the guest where it is, and take the answer, so that it is not taken for another's."""
        with contextlib.suppress(OSError):
            self._end.sendall(_INTERRUPT)
            self._answer()

    @contextlib.contextmanager
    def _breakpoint(self, address: int) -> Iterator[bool]:
        """A breakpoint for as long as it is needed; False if QEMU has ended."""
        where = f"1,{address:x},1"  # 1: a hardware breakpoint, which changes no byte of the guest
        answer = self._call(f"Z{where}")
        if answer not in ("OK", ""):
            raise MachineError(f"QEMU cannot stop the guest at {address:#x}: it answers {answer}")
        try:
            yield answer == "OK"
        finally:
            self._call(f"z{where}")

    def _call(self, packet: str) -> str:
        """Send a packet and give back the reply; empty if QEMU has ended."""
        self._send(packet)
        return self._answer()

    def _answer(self) -> str:
        while True:
            head, hash_, tail = self._buffer.partition(b"#")
            if hash_ and len(tail) >= 2:  # two digits of checksum
                self._buffer = tail[2:]
                with contextlib.suppress(OSError):
                    self._end.sendall(b"+")
                return head[head.find(b"$") + 1 :].decode("ascii", "replace")
            try:
                data = self._end.recv(4096)
            except TimeoutError:
                raise
            except OSError:
                data = b""
            if not data:
                return ""
            self._buffer += data

    def _send(self, packet: str) -> None:
        body = packet.encode("ascii")
        # If QEMU is gone, its silence says so.
        with contextlib.suppress(OSError):
            self._end.sendall(b"$" + body + f"#{sum(body) & 0xFF:02x}".encode())
