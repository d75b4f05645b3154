"""A client of a guest's web server: one request at a time, each on a connection of its own."""

from __future__ import annotations

import contextlib
import http.client
import time
from dataclasses import dataclass

from unilab.errors import MachineError
from unilab.machines.machine import Machine
from unilab.machines.network import LOOPBACK
from unilab.machines.result import State

_LOOK_SECONDS = 0.01
#: Seconds for a server to say that it listens, which most do.
_FIRST_WORDS = 5.0


def wait_until_it_speaks(machine: Machine) -> None:
    """Wait for a server's first line, for a while.

    Asked before it has its address, it would not hear: QEMU's network repeats the first packet of a connection only
    after six seconds.
    """
    machine.console.wait_for("\n", _FIRST_WORDS)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response.

    Attributes:
        status: 200 where all is well.
        type: What the body says it is: ``text/html; charset=utf-8``.
        text: The body.
    """

    status: int
    type: str
    text: str


def ask(machine: Machine, path: str = "/", *, port: int = 80, patience: float = 30.0) -> Answer:
    """GET a path of a guest's web server. One that still boots is waited for.

    Args:
        machine: With a network that leads to the port.
        path: What to ask for.
        port: The guest's.
        patience: Seconds.

    Raises:
        MachineError: There is no answer in that time, or the machine has ended.
        CourseError: No port of this host leads there.
    """
    end = time.monotonic() + patience
    here = machine.host_port(port)
    wait_until_it_speaks(machine)
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            # A connection to the port succeeds at once: QEMU makes it, whether or not the guest listens.
            left = max(0.1, end - time.monotonic())
            connection = http.client.HTTPConnection(LOOPBACK, here, timeout=left)
            with contextlib.closing(connection):
                connection.request("GET", path, headers={"Connection": "close"})
                response = connection.getresponse()
                body = response.read().decode(errors="replace")
                return Answer(response.status, response.getheader("Content-Type", ""), body)
        if machine.state is State.ENDED or time.monotonic() >= end:
            raise MachineError(
                f"there was no answer to {path} in {patience:g} seconds",
                command=machine.command,
                console=machine.console.text,
            )
        time.sleep(_LOOK_SECONDS)
