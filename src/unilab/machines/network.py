"""What a unikernel's network card is connected to."""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import struct
from dataclasses import dataclass
from typing import Self

from unilab.errors import CourseError, MachineError

#: Where forwarded ports are reached: from this host alone.
LOOPBACK = "127.0.0.1"

_MOST_PORT = 65535
_FORWARD = re.compile(r"(\d+):(\d+)(?:/(tcp|udp))?")
_PROTOCOLS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
#: A line of QEMU's ``info usernet``: protocol, descriptor, this host's address and port, the guest's address and port.
_LISTENING = re.compile(r"(TCP|UDP)\[HOST_FORWARD\]\s+\d+\s+[\d.]+\s+(\d+)\s+[\d.]+\s+(\d+)")

#: QEMU's ``socket`` backend puts a frame's length in front of it.
_LENGTH = struct.Struct(">I")
_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Forward:
    """A port of this host, on 127.0.0.1 alone, that leads to a port of the guest.

    Attributes:
        host: This host's port; 0 for any that is free: ask the machine's ``host_port`` for it.
        guest: The guest's port.
        protocol: ``tcp`` or ``udp``.
    """

    host: int
    guest: int
    protocol: str = "tcp"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``HOSTPORT:GUESTPORT``, with ``/udp`` behind it for UDP.

        Raises:
            CourseError: It is not written so.
        """
        found = _FORWARD.fullmatch(text)
        if found is None:
            raise CourseError(f"{text!r} forwards no port", remedy="write HOSTPORT:GUESTPORT, such as 8080:80")
        return cls(int(found[1]), int(found[2]), found[3] or "tcp")

    def check(self) -> None:
        """See that there are such ports, and that this host's is free.

        Raises:
            CourseError: There are not, or it is not.
        """
        if self.protocol not in _PROTOCOLS:
            raise CourseError(f"{self.protocol!r} cannot be forwarded", remedy="forward tcp or udp")
        if not 1 <= self.guest <= _MOST_PORT:
            raise CourseError(f"{self.guest} is no port of a guest", remedy=f"give one from 1 to {_MOST_PORT}")
        if not 0 <= self.host <= _MOST_PORT:
            raise CourseError(
                f"{self.host} is no port of this host", remedy=f"give one from 1 to {_MOST_PORT}, or 0 for any free one"
            )
        with socket.socket(socket.AF_INET, _PROTOCOLS[self.protocol]) as trial:
            try:
                if self.protocol == "tcp":
                    # As QEMU does: connections that linger from the last run do not count.
                    trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind((LOOPBACK, self.host))
            except OSError as error:
                raise CourseError(
                    f"{self.protocol} port {self.host} of this host cannot be forwarded: {error.strerror}",
                    remedy="forward another, or 0 for any that is free",
                ) from error


@dataclass(frozen=True, slots=True)
class UserNetwork:
    """A network that QEMU makes up: 10.0.2.0/24, where the guest is 10.0.2.15 by DHCP.

    The gateway 10.0.2.2 is this host, 10.0.2.3 its name server. The guest can call out; in come the forwarded ports.

    Attributes:
        forwards: Ports of this host that lead to the guest.
        restricted: The guest cannot call out: it is reached by the forwarded ports, and reaches nobody.
    """

    forwards: tuple[Forward, ...] = ()
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class RawNetwork:
    """A cable whose other end is in Python's hand: the machine's ``wire`` sends and receives whole frames."""


@dataclass(frozen=True, slots=True)
class HostNetwork:
    """No network of its own: a process's, and, if it is asked for, a container's is that of whoever starts it.

    Attributes:
        ports: Where the program will listen: its ports are this host's. Only a container that has to be in a guest
            needs to be told.
    """

    ports: tuple[int, ...] = ()


Network = UserNetwork | RawNetwork | HostNetwork


def ports(usernet: str) -> dict[tuple[str, int], int]:
    """The forwarded ports as QEMU lists them: (protocol, the guest's port) -> this host's port.

    Args:
        usernet: What ``info usernet`` printed.
    """
    return {(found[1].lower(), int(found[3])): int(found[2]) for found in _LISTENING.finditer(usernet)}


class Wire:
    """Our end of a guest's cable: Ethernet frames without their checksums.

    One thread may send while another receives. Frames sent before the guest listens wait for it.

    Args:
        end: Our end of the socket pair whose other end QEMU has. Owned by this object.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._received = bytearray()

    def send(self, frame: bytes) -> None:
        """Send a frame; waits while the guest is far behind.

        Raises:
            MachineError: The machine has ended.
        """
        try:
            self._end.sendall(_LENGTH.pack(len(frame)) + frame)
        except OSError as error:
            raise MachineError(f"the wire is cut: {error}") from error

    def receive(self, timeout: float | None = None) -> bytes:
        """Wait for the next frame.

        Args:
            timeout: Seconds at most; None waits until the machine ends.

        Raises:
            TimeoutError: None has come in that time.
            EOFError: The machine has ended, and every frame it sent has been received.
        """
        header = _LENGTH.size
        while len(self._received) < header or len(self._received) < header + self._length():
            try:
                data = self._end.recv(_CHUNK) if self._readable(timeout) else None
            except (OSError, ValueError) as error:  # the latter, or a bad descriptor, if it was closed here
                raise EOFError(f"the wire is cut: {error}") from error
            if data is None:
                raise TimeoutError(f"no frame has come for {timeout} seconds")
            if not data:
                raise EOFError("the machine has ended")
            self._received += data
        end = header + self._length()
        frame = bytes(self._received[header:end])
        del self._received[:end]
        return frame

    def _readable(self, timeout: float | None) -> bool:
        # Not by the socket's own time-out, which would hold for the sender as well. Nor by epoll: it forgets a socket
        # that another thread closes, and would wait on: poll holds on to it, and hears that it was shut down.
        with selectors.PollSelector() as ready:
            ready.register(self._end, selectors.EVENT_READ)
            return bool(ready.select(timeout))

    def _length(self) -> int:
        return int(_LENGTH.unpack_from(self._received)[0])

    def close(self) -> None:
        """Cut it. Whoever waits for a frame waits no longer."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()
