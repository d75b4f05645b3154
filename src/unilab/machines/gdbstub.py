"""The little of gdb's remote protocol that it takes to stop a guest at an address.

Source: Debugging with GDB, appendix E, "GDB Remote Serial Protocol".
"""

from __future__ import annotations

import contextlib
import socket

from unilab.errors import MachineError


class DebugStub:
    """A session with QEMU's gdb stub.

    Args:
        end: Our end of the socket pair whose other end QEMU has. Owned by this object.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._buffer = b""

    def run_to(self, address: int) -> bool:
        """Let the guest run until it is about to execute the instruction at ``address``, however long that takes.

        Args:
            address: Virtual address, bytes.

        Returns:
            True when the guest has stopped there; False when QEMU ended first.

        Raises:
            MachineError: The stub refused.
        """
        breakpoint_ = f"1,{address:x},1"  # 1: a hardware breakpoint, which changes no byte of the guest
        answer = self._call(f"Z{breakpoint_}")
        if answer not in ("OK", ""):
            raise MachineError(f"QEMU cannot stop the guest at {address:#x}: it answers {answer}")
        if answer == "" or not self._call("c").startswith("T"):
            return False
        self._call(f"z{breakpoint_}")
        return True

    def resume(self) -> None:
        """Let the stopped guest run on, and leave it alone."""
        self._send("D")

    def close(self) -> None:
        """End the session."""
        self._end.close()

    def _call(self, packet: str) -> str:
        """Send a packet and give back the reply; empty if QEMU has ended."""
        self._send(packet)
        while True:
            head, hash_, tail = self._buffer.partition(b"#")
            if hash_ and len(tail) >= 2:  # two digits of checksum
                self._buffer = tail[2:]
                self._end.sendall(b"+")
                return head[head.find(b"$") + 1 :].decode("ascii", "replace")
            try:
                data = self._end.recv(4096)
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
