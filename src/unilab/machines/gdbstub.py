"""The little of gdb's remote protocol that it takes to stop a guest at an address.

Source: Debugging with GDB, appendix E, "GDB Remote Serial Protocol".
"""

from __future__ import annotations

import socket
import time

from unilab.errors import MachineError


class DebugStub:
    """A session with QEMU's gdb stub.

    Args:
        end: Our end of the socket pair whose other end QEMU has. Owned by this object.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._buffer = b""

    def run_to(self, address: int, deadline: float) -> bool:
        """Let the guest run until it is about to execute the instruction at ``address``.

        Args:
            address: Virtual address, bytes.
            deadline: When to give up, on the monotonic clock, seconds.

        Returns:
            True when the guest has stopped there; False when it ended first.

        Raises:
            MachineError: The stub refused, or the time is up.
        """
        breakpoint_ = f"1,{address:x},1"  # 1: a hardware breakpoint, which changes no byte of the guest
        if self._call(f"Z{breakpoint_}", deadline) != "OK":
            raise MachineError(f"QEMU cannot stop the guest at {address:#x}")
        stop = self._call("c", deadline)
        if not stop.startswith("T"):
            return False
        self._call(f"z{breakpoint_}", deadline)
        return True

    def resume(self) -> None:
        """Let the stopped guest run on, and leave it alone."""
        self._send("D")

    def close(self) -> None:
        """End the session."""
        self._end.close()

    def _call(self, packet: str, deadline: float) -> str:
        """Send a packet and give back the reply; empty if the guest has ended."""
        self._send(packet)
        while True:
            head, hash_, tail = self._buffer.partition(b"#")
            if hash_ and len(tail) >= 2:  # two digits of checksum
                self._buffer = tail[2:]
                self._end.sendall(b"+")
                return head[head.find(b"$") + 1 :].decode("ascii", "replace")
            left = deadline - time.monotonic()
            if left <= 0:
                raise MachineError("the guest did not reach the place to stop at in time")
            self._end.settimeout(left)
            try:
                data = self._end.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if not data:
                return ""
            self._buffer += data

    def _send(self, packet: str) -> None:
        body = packet.encode("ascii")
        try:
            self._end.sendall(b"$" + body + f"#{sum(body) & 0xFF:02x}".encode())
        except OSError as error:
            raise MachineError("QEMU's debugger stub is gone") from error
