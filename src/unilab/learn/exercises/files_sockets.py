"""Exercises of notebook 10, Files and sockets are function calls."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import tempfile
import time
from pathlib import Path
from types import EllipsisType

from unilab.errors import CourseError, MachineError
from unilab.learn.feedback import Feedback, check
from unilab.machines.network import LOOPBACK, Forward, UserNetwork
from unilab.machines.request_journey import request_journey
from unilab.machines.run import start
from unilab.machines.web import ask
from unilab.toolchain import build

_PORT = 80
_PATIENCE = 30.0
#: Functions by which a request differs from time to time: those of timers that are set, or not.
_SPREAD = 6


def not_found(functions: int | EllipsisType, server: Path) -> Feedback:
    """Exercise 1: the functions that a request takes for which there is no file."""
    return check(
        "functions for a 404",
        functions if functions is ... else lambda: _same_as_measured(functions, server),
        hints=[
            'request_journey takes path="/nothing". What it gives back has a journey.',
            "exchange.journey.functions is the number for the other request.",
        ],
        answer='request_journey(server, path="/nothing", files=site).journey.functions',
        objective=3,
    )


def _same_as_measured(functions: int, server: Path) -> bool:
    if not isinstance(functions, int) or functions <= 0:
        return False
    exchange = request_journey(server, path="/nothing", files=server.parent / "www")
    if not exchange.answer.startswith(b"HTTP/1.1 404"):
        raise CourseError("the server does not answer 404 to /nothing")
    return abs(functions - exchange.journey.functions) <= _SPREAD


def status(changed: str | EllipsisType) -> Feedback:
    """Exercise 2: httpd's status says in how many address spaces it runs."""
    return check(
        "the status says so in JSON",
        changed if changed is ... else lambda: _says_address_spaces(changed),
        hints=[
            "respond_status() writes the body piece by piece. Replace the piece that ends it.",
            r'in a Python r-string, the end is ", \"uptime_ms\": " and, after the number, "}\n".',
        ],
        answer=r"""server.read_text().replace(r'"}\n"', r'", \"address_spaces\": 1}\n"')""",
        objective=5,
    )


def _says_address_spaces(changed: str) -> bool:
    if not isinstance(changed, str):
        raise CourseError("that is no text of a program")
    with tempfile.TemporaryDirectory(prefix="unilab-") as folder:
        program = Path(folder) / "httpd.c"
        program.write_text(changed, encoding="utf-8")
        with start(program, args=[str(_PORT)], network=UserNetwork((Forward(0, _PORT),))) as machine:
            answer = ask(machine, "/status")
    try:
        said = json.loads(answer.text)
    except json.JSONDecodeError as error:
        raise CourseError(f"the answer is no JSON: {answer.text!r}") from error
    if not {"program", "requests", "connections", "uptime_ms"} <= set(said):
        raise CourseError(f"something that was there is gone: {answer.text!r}")
    if "address_spaces" not in said:
        raise CourseError(f"the answer has no address_spaces: {answer.text!r}")
    return said["address_spaces"] == 1 and answer.status == 200


def shouts(program: Path | EllipsisType) -> Feedback:
    """Exercise 3: a service of one's own, which sends back in capitals what it gets, on port 80."""
    return check(
        "it shouts back",
        program if program is ... else lambda: _shouts(program),
        hints=[
            "the order is socket, bind, listen, accept, then read and write until read gives 0.",
            "bind to port htons(80) and address 0; after a client's end, accept the next.",
        ],
        answer="for (;;) { int c = accept(s, 0, 0); while ((n = read(c, b, sizeof b)) > 0) { for (...) "
        "b[i] = toupper(b[i]); write(c, b, n); } close(c); }",
        objective=5,
    )


def _shouts(program: Path) -> bool:
    if not isinstance(program, Path):
        raise CourseError("that is no program: write_program(...) gives one")
    with start(build(program), network=UserNetwork((Forward(0, _PORT),)), deadline=2 * _PATIENCE) as machine:
        for _ in range(2):
            said = f"quietly {secrets.token_hex(4)}\n"
            heard = _converse(machine.host_port(_PORT), said)
            if heard != said.upper():
                raise CourseError(f"asked {said!r}, it answered {heard!r}; then the next client is served, too")
    return True


def _converse(port: int, said: str) -> str:
    """What comes back for a line. QEMU takes a connection before the guest does, and ends it if nobody listens."""
    end = time.monotonic() + _PATIENCE
    patience = 0.5  # what is sent before it has its address is not heard; later, more patience is better
    while time.monotonic() < end:
        with (
            contextlib.suppress(ConnectionError, TimeoutError),
            socket.create_connection((LOOPBACK, port), timeout=patience) as client,
        ):
            client.sendall(said.encode())
            with client.makefile("rb") as heard:
                if line := heard.readline():
                    return line.decode(errors="replace")
        patience *= 2
        time.sleep(0.05)
    raise MachineError(f"nobody on port 80 answered in {_PATIENCE:g} seconds")
