"""httpd.c as a unikernel and in a Linux guest: the same source, the same QEMU, the same load from this host."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from unilab.errors import CourseError, MachineError, Unavailable
from unilab.machines.keeper import processor_seconds
from unilab.machines.network import LOOPBACK
from unilab.machines.virtual_machine import VirtualMachine
from unilab.measure import service
from unilab.measure.comparison import resident
from unilab.measure.figure import Figure, at_least, at_most, reported
from unilab.measure.programs import of_course
from unilab.measure.service import Server, fetch
from unilab.toolchain import build

_T = TypeVar("_T")

_ROUTE = "/status"
_LEAST_MEMORY = 8
#: Rounds in which the two take turns, so that a host that gets slower meanwhile slows both.
_ROUNDS = 5
_REQUESTS = 1000
_WRK_SECONDS = 2
#: Enough to keep a server busy, and to have each request answered at once. QEMU's user network listens with a backlog
#: of 1: of many connections made at once, this host's kernel drops some and tries again seconds later. That makes no
#: difference to how many requests are answered, but would to how long they take.
_BUSY, _UNHURRIED = 8, 2
_STARTS = 5
#: Unikraft's C server with lwIP on such a machine: TCG, pc, ab -c 1, a new connection for each request.
_PEER_RATE, _PEER_FIRST_RESPONSE_MS = 1052, 389
_IDLE_SECONDS = 3.0
#: Of the endurance run: memory is compared between these two.
_SETTLED, _ENDURANCE = 10_000, 1_000_000

_WRK_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_WRK_P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)\b")
_WRK_ERRORS = re.compile(r"Socket errors: .*|Non-2xx or 3xx responses: .*")
_AB_RATE = re.compile(r"Requests per second:\s+([\d.]+)")
_AB_FAILED = re.compile(r"(?:Failed requests|Non-2xx responses):\s+(\d+)")
_MILLISECONDS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@contextlib.contextmanager
def serve(on: str, machine: str, *, memory: int | None = None, deadline: float = 900.0) -> Iterator[Server]:
    """httpd.c, started, answering, and ended afterwards. Arguments and errors are those of ``service.serve``."""
    with service.serve(service.web(), on, machine=machine, memory=memory, deadline=deadline) as server:
        yield server


def first_response() -> Iterable[Figure]:
    """From QEMU's start to the first response, in turn."""
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(_STARTS):
        for on, machine in (("linux", "q35"), ("unikernel", "q35"), ("unikernel", "pc"), ("unikernel", "microvm")):
            with serve(on, machine) as server:
                times.setdefault((on, machine), []).append(server.first_response_seconds * 1e3)
    ratios = _ratios(times["unikernel", "q35"], times["linux", "q35"])
    yield at_most("http.first_response.over_linux.q35", 1 / 15, "times", ratios)
    yield at_most("http.first_response.microvm", 100, "ms", times["unikernel", "microvm"])
    yield at_most("http.first_response.pc", 0.7 * _PEER_FIRST_RESPONSE_MS, "ms", times["unikernel", "pc"])
    yield reported("http.first_response.q35", "ms", times["unikernel", "q35"])
    yield reported("http.first_response.linux.q35", "ms", times["linux", "q35"])


def kept() -> Iterable[Figure]:
    """Connections that stay open, by wrk, Linux and the unikernel in turn.

    Requests a second with as many connections as keep both busy; with two, the 99th percentile of the time that a
    request takes.
    """
    _need("wrk")
    with serve("linux", "q35") as linux, serve("unikernel", "q35") as ours:
        rates = list(_in_turn(linux, ours, lambda server: _wrk(server.port, _BUSY)[0]))
        times = list(_in_turn(linux, ours, lambda server: _wrk(server.port, _UNHURRIED)[1]))
    yield at_least("http.kept.over_linux.q35", 3, "times", [our / their for their, our in rates])
    yield reported("http.kept.linux.q35", "requests/s", [their for their, _ in rates])
    yield reported("http.kept.q35", "requests/s", [our for _, our in rates])
    yield at_most("http.kept.p99_over_linux.q35", 0.5, "times", [our / their for their, our in times])
    yield reported("http.kept.p99.linux.q35", "ms", [their for their, _ in times])
    yield reported("http.kept.p99.q35", "ms", [our for _, our in times])


def new() -> Iterable[Figure]:
    """Requests a second, each on a new connection, by ab: Linux and the unikernel in turn, then other machines.

    And how much of a request's time the guest was executing: the rest is ab's and QEMU's network's.
    """
    _need("ab")
    with serve("linux", "q35") as linux, serve("unikernel", "q35") as ours:
        pairs = list(_in_turn(linux, ours, _new))
    yield at_least("http.new.over_linux.q35", 3, "times", [our.rate / their.rate for their, our in pairs])
    yield reported("http.new.linux.q35", "requests/s", [their.rate for their, _ in pairs])
    yield reported("http.new.q35", "requests/s", [our.rate for _, our in pairs])
    yield reported("http.new.guest.linux.q35", "% of the time", [100 * their.guest for their, _ in pairs])
    yield reported("http.new.guest.q35", "% of the time", [100 * our.guest for _, our in pairs])
    guests = [(their.guest / their.rate) / (our.guest / our.rate) for their, our in pairs]
    yield reported("http.new.guest.over_linux.q35", "times", guests)
    for machine in ("pc", "microvm"):
        with serve("unikernel", machine) as server:
            rates = [_ab(server.port) for _ in range(_ROUNDS)]
        yield at_least(f"http.new.{machine}", 1.5 * _PEER_RATE, "requests/s", rates)


class _New(NamedTuple):
    """Requests a second, and the part of the time in which the guest was executing, 0 to 1."""

    rate: float
    guest: float


def _new(server: Server) -> _New:
    assert isinstance(server.machine, VirtualMachine)
    before = server.machine.guest_processor_seconds()
    rate = _ab(server.port)
    return _New(rate, (server.machine.guest_processor_seconds() - before) * rate / _REQUESTS)


def _in_turn(one: Server, other: Server, measure: Callable[[Server], _T]) -> Iterator[tuple[_T, _T]]:
    """Pairs. While one is measured the other is stopped: an idle Linux still takes its timer's interrupts."""
    for _ in range(_ROUNDS):
        with _waiting(other):
            first = measure(one)
        with _waiting(one):
            yield first, measure(other)


@contextlib.contextmanager
def _waiting(server: Server) -> Iterator[None]:
    server.machine.pause()
    try:
        yield
    finally:
        server.machine.resume()


def size() -> Iterable[Figure]:
    """Bytes of the image."""
    yield at_most("image.httpd.bytes", 120 * 1024, "bytes", [build(of_course("httpd.c")).size])


def memory() -> Iterable[Figure]:
    """The least memory that it serves with: whole MiB, tried from 1 upwards."""
    for mebibytes in range(1, 4 * _LEAST_MEMORY + 1):
        with contextlib.suppress(CourseError), serve("unikernel", "microvm", memory=mebibytes) as server:
            for _ in range(10):
                fetch(server.port)
            yield at_most("memory.httpd.mib", _LEAST_MEMORY, "MiB", [mebibytes])
            return
    raise CourseError(f"httpd does not serve with {4 * _LEAST_MEMORY} MiB")


def idle() -> Iterable[Figure]:
    """Processor time of the whole QEMU while the server waits."""
    with serve("unikernel", "microvm") as server:
        before, begin = _processor_seconds(server), time.monotonic()
        time.sleep(_IDLE_SECONDS)
        used = (_processor_seconds(server) - before) / (time.monotonic() - begin)
    yield at_most("http.idle", 2, "% of a processor", [100 * used])


def endurance(count: int = _ENDURANCE) -> Iterable[Figure]:
    """A million requests on one unikernel: how many failed, and how much its memory grew after the first 10,000."""
    _need("ab")
    with serve("unikernel", "microvm", deadline=3600.0) as server:
        _ab(server.port, _SETTLED)
        before = resident(server.machine)
        _ab(server.port, count - _SETTLED)
        after = resident(server.machine)
    yield at_most("http.endurance.growth", 1, "% of its memory", [100 * (after - before) / before])
    yield reported("http.endurance.requests", "requests without a failure", [count])


def _ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def _need(*tools: str) -> None:
    packages = {"wrk": "wrk", "ab": "apache2-utils"}
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise Unavailable(
            f"this host has no {' and no '.join(missing)} to make requests with",
            remedy="install " + " ".join(packages[tool] for tool in missing),
        )


def _wrk(port: int, connections: int) -> tuple[float, float]:
    """Requests a second, and the 99th percentile of the latency, in ms."""
    words = ["wrk", "-t1", f"-c{connections}", f"-d{_WRK_SECONDS}s", "--latency", _url(port)]
    text = _load(words)
    if errors := _WRK_ERRORS.search(text):
        raise MachineError(f"wrk counted errors: {errors[0]}", command=words)
    rate, p99 = _found(_WRK_RATE, text), _WRK_P99.search(text)
    if p99 is None:
        raise MachineError("wrk named no latency", command=words)
    return float(rate), float(p99[1]) * _MILLISECONDS[p99[2]]


def _ab(port: int, count: int = _REQUESTS) -> float:
    """Requests a second, one after another, each on a connection of its own."""
    # -l: the answer tells how many there were, so its length changes.
    words = ["ab", "-q", "-l", "-c", "1", "-n", str(count), _url(port)]
    text = _load(words)
    failed = sum(map(int, _AB_FAILED.findall(text)))
    if failed:
        raise MachineError(f"{failed} of {count} requests failed", command=words)
    return float(_found(_AB_RATE, text))


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}{_ROUTE}"


def _load(words: list[str]) -> str:
    ended = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if ended.returncode:
        raise MachineError(f"{words[0]} failed: {ended.stderr.strip()}", command=words, exit_code=ended.returncode)
    return ended.stdout


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise MachineError(f"the load generator's answer is not understood:\n{text}")
    return found[1]


def _processor_seconds(server: Server) -> float:
    """Of all of QEMU."""
    seconds = processor_seconds(server.machine.pid)
    if seconds is None:
        raise Unavailable("this host does not count the processor time of a process")
    return seconds
