"""The client of a request that is followed: one connection, whose moments are chosen."""

from __future__ import annotations

import http.client
import socket
import time

from unilab.errors import MachineError
from unilab.machines.network import LOOPBACK
from unilab.machines.result import State
from unilab.machines.virtual_machine import VirtualMachine

_PATIENCE, _LOOK_SECONDS = 60.0, 0.005


class Patience:
    """Waits in small pieces, but not for ever.

    Args:
        complaint: What is wrong when it has taken too long.
    """

    def __init__(self, complaint: str) -> None:
        self._complaint = complaint
        self._end = time.monotonic() + _PATIENCE

    def wait(self, machine: VirtualMachine) -> None:
        """One piece more."""
        if machine.state is State.ENDED or time.monotonic() > self._end:
            raise MachineError(self._complaint, command=machine.command, console=machine.console.text)
        time.sleep(_LOOK_SECONDS)


class Client:
    """A connection to the guest's server."""

    def __init__(self, port: int, path: str) -> None:
        self._end = socket.create_connection((LOOPBACK, port), timeout=_PATIENCE)
        self._request = f"GET {path} HTTP/1.1\r\nHost: guest\r\n\r\n".encode()

    def ask(self) -> bytes:
        """The whole response to the request; empty if the connection ended before."""
        self.send()
        return self.answer()

    def send(self) -> None:
        """Only ask."""
        self._end.sendall(self._request)

    def answer(self) -> bytes:
        """The whole response; empty if the connection ended before."""
        response = http.client.HTTPResponse(self._end)
        try:
            response.begin()
            body = response.read()
        except (http.client.HTTPException, ConnectionError):
            return b""
        head = "".join(f"{name}: {value}\r\n" for name, value in response.getheaders())
        return f"HTTP/1.1 {response.status} {response.reason}\r\n{head}\r\n".encode() + body

    def close(self) -> None:
        """Say that there is nothing more."""
        self._end.close()
