"""A network service that runs as any architecture: started, asked, and loaded, always in the same way."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from unilab.errors import MachineError
from unilab.machines import Forward, HostNetwork, Machine, UserNetwork, start
from unilab.machines.network import LOOPBACK
from unilab.machines.result import State
from unilab.measure.programs import of_bench, of_course
from unilab.toolchain import Image, build

#: Stands in a service's arguments where it is told its port.
PORT = "PORT"
#: What runs on the host itself: its port is the host's.
_OF_THE_HOST = ("process", "container")
_GUEST_PORT = 80
_PATIENCE, _LOOK_SECONDS = 60.0, 0.002
#: Longer than any answer takes on a busy host.
ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Service:
    """A program that listens, and how to tell that it does.

    Attributes:
        program: The C file, or an image, whose architecture then counts.
        args: Its arguments; ``PORT`` stands for the port's number.
        ready: What it prints when it listens.
        ask: Makes one request of a port of this host, on a connection of its own, and waits so many seconds for the
            answer. Raises MachineError if there is none, or not the right one.
    """

    program: Path | Image
    args: tuple[str, ...]
    ready: str
    ask: Callable[[int, float], object]


@dataclass(frozen=True, slots=True)
class Server:
    """A service that serves.

    Attributes:
        machine: What it runs on.
        port: This host's port that leads to it.
        first_response_seconds: From the start of the host's command to the end of the first answer.
    """

    machine: Machine
    port: int
    first_response_seconds: float


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load.

    Attributes:
        rate: Requests answered a second.
        p50: Median of the seconds from a request's first byte to the answer's last.
        p99: The 99th percentile of these.
        requests: How many there were.
        busy: The part of the time that the load generator itself was computing, 0 to 1: near 1, it was the limit.
    """

    rate: float
    p50: float
    p99: float
    requests: int
    busy: float


@contextlib.contextmanager
def serve(
    service: Service,
    on: str,
    *,
    machine: str | None = None,
    accelerator: str = "auto",
    memory: int | None = None,
    deadline: float = 900.0,
    patience: float | None = None,
) -> Iterator[Server]:
    """Start a service, wait until it has answered once, and end it afterwards.

    Args:
        service: Which.
        on: ``process``, ``container``, ``linux`` or ``unikernel``.
        machine: QEMU's machine type, for guests.
        accelerator: For guests, as for ``start``.
        memory: MiB, as for ``start``.
        deadline: Seconds.
        patience: Seconds after which it is given up if it does not listen, or does not answer; long unless given.

    Raises:
        MachineError: It does not serve.
        Unavailable: This host cannot run it so.
        CourseError: As for ``start``.
    """
    port = free_port() if on in _OF_THE_HOST else _GUEST_PORT
    listens = Listens(service.ready)
    with start(
        service.program,
        on,
        args=arguments(service, port),
        machine=machine,
        accelerator=accelerator,
        memory=memory,
        network=HostNetwork((port,)) if on in _OF_THE_HOST else UserNetwork((Forward(0, port),)),
        deadline=deadline,
        on_output=listens,
    ) as running:
        yield first_response(running, port, service, listens, patience)


class Listens:
    """Hears a machine's console, and remembers whether it has said a word.

    Args:
        word: What it says when it listens.
    """

    def __init__(self, word: str) -> None:
        self._word = word
        self._heard = ""
        self._said = threading.Event()

    def __call__(self, text: str) -> None:
        """A piece of console text: the word may come in two."""
        if not self._said.is_set():
            self._heard += text
            if self._word in self._heard:
                self._said.set()

    def wait(self, seconds: float) -> bool:
        """Whether it has said so, at the latest after some seconds."""
        return self._said.wait(seconds)


def arguments(service: Service, port: int) -> list[str]:
    """A service's arguments for a port."""
    return [str(port) if word == PORT else word for word in service.args]


def first_response(
    machine: Machine, port: int, service: Service, listens: Listens, patience: float | None = None
) -> Server:
    """Wait until a machine that was started serves.

    Args:
        machine: Running.
        port: The program's.
        service: What it is.
        listens: Hears its console.
        patience: As for ``serve``.

    Raises:
        MachineError: It has ended, or says nothing, or does not answer.
    """
    until = time.monotonic() + (patience or _PATIENCE)
    while not listens.wait(_LOOK_SECONDS):
        if machine.state is State.ENDED:
            machine.wait()  # raises what there is to say, if that is more
            raise _silent(machine, "has ended before it served")
        if time.monotonic() > until:
            raise _silent(machine, "does not say that it serves")
    reached = machine.host_port(port)
    service.ask(reached, patience or ANSWER_SECONDS)
    return Server(machine, reached, machine.age)


def _silent(machine: Machine, what: str) -> MachineError:
    name = f"{machine.image.program.name} as a {machine.architecture}"
    return MachineError(f"{name} {what}", command=machine.command, console=machine.console.text)


def free_port() -> int:
    """A port of this host's that nobody listens at."""
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


def fetch(port: int, patience: float = ANSWER_SECONDS, *, path: str = "/status") -> bytes:
    """One HTTP request on a connection of its own.

    Raises:
        MachineError: There is no answer, or it is not 200.
    """
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=patience)
    try:
        with contextlib.closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise MachineError(f"the server does not answer: {error}") from error
    if response.status != http.client.OK:
        raise MachineError(f"the server answers {response.status} to {path}")
    return body


def web(program: str | Path | Image = "", *, folder: str = "/") -> Service:
    """A web server that takes its port and a folder, says that it is serving, and knows /status: httpd.c is one."""
    made = program if isinstance(program, Image) else Path(program) if program else of_course("httpd.c")
    return Service(made, (PORT, folder), "serving", fetch)


def load(port: int, connections: int, seconds: float, *, path: str = "/status") -> Load:
    """Ask for a page again and again, by load.c.

    Args:
        port: This host's, that leads to the server.
        connections: As many requests are under way at any time.
        seconds: How long.
        path: What is asked for.

    Raises:
        MachineError: The server stopped answering, or an answer was not 200.
    """
    words = [str(generator().path), str(port), path, str(connections), str(round(seconds * 1000))]
    try:
        ran = subprocess.run(
            words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=seconds + _PATIENCE
        )
    except subprocess.TimeoutExpired as error:
        raise MachineError("the load generator does not come to an end", command=words) from error
    if ran.returncode:
        raise MachineError(ran.stderr.strip(), command=words, exit_code=ran.returncode)
    return read_load(ran.stdout)


def read_load(text: str) -> Load:
    """Read what load.c prints.

    Raises:
        MachineError: Some answers were errors, or there was none.
    """
    said = {name: int(value) for name, value in (line.split() for line in text.splitlines())}
    if said["errors"] or not said["requests"]:
        raise MachineError(f"{said['errors']} of {said['requests']} requests failed")
    seconds = said["ns"] / 1e9
    return Load(
        rate=said["requests"] / seconds,
        p50=said["p50"] / 1e9,
        p99=said["p99"] / 1e9,
        requests=said["requests"],
        busy=said["own_ns"] / said["ns"],
    )


def generator() -> Image:
    """The load generator: a process of this host."""
    return build(of_bench("load.c"), "process")
