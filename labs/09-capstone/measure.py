"""Measures your service, and fills in report.md.

From the top of the course:

    .venv/bin/python labs/09-capstone/measure.py

It starts service.c as a process, in a Linux guest and as a unikernel, in turns, asks each by one client, one request
after another, and writes what it has seen into report.md, between the two marks. Your own words there stay.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from unilab.errors import CourseError, MachineError
from unilab.measure.service import PORT, Service, serve
from unilab.toolchain import Image

sys.path.insert(0, str(Path(__file__).parent))
import suite  # it lies beside this file

WAYS = ("process", "linux", "unikernel")
BEGIN, END = "<!-- measured by measure.py, from here -->", "<!-- to here -->"
ROUNDS, REQUESTS, _WARM = 5, 600, 50
_MACHINE = "q35"
#: What each line of the table is called, and its unit.
LINES = (
    "image, bytes",
    "start to first response, ms",
    "requests a second, one client",
    "latency, median, µs",
    "latency, 99th percentile, µs",
)


@dataclass(frozen=True)
class Figures:
    """What was seen of one architecture, of every round.

    Attributes:
        image: Bytes of what one has to have to run it: for the Linux guest, kernel and archive too.
        boots: Seconds from start to first response.
        rates: Requests answered a second.
        medians: Seconds that half of the requests took at most.
        tails: Seconds that 99 of 100 took at most.
    """

    image: int
    boots: list[float]
    rates: list[float]
    medians: list[float]
    tails: list[float]


def ask(port: int, patience: float) -> None:
    """One request of a tally, on a connection of its own.

    Raises:
        MachineError: There is no answer, or not the right one.
    """
    try:
        with suite.Client(port) as client:
            client.socket.settimeout(patience)
            client.ask(b"GET nothing\n", b"NONE\n")
    except suite.Failed as failure:
        raise MachineError(str(failure)) from failure


def tally(program: Path | Image) -> Service:
    """A program as a tally: its argument is a port."""
    return Service(program, (PORT,), suite.READY, ask)


def load(port: int) -> tuple[float, float, float]:
    """Requests a second, and median and 99th percentile of the seconds of one."""
    with suite.Client(port) as client:
        for _ in range(_WARM):
            client.ask(b"GET nothing\n", b"NONE\n")
        times, begin = [], time.perf_counter()
        for _ in range(REQUESTS):
            before = time.perf_counter()
            client.ask(b"GET nothing\n", b"NONE\n")
            times.append(time.perf_counter() - before)
        rate = REQUESTS / (time.perf_counter() - begin)
    return rate, statistics.median(times), sorted(times)[-(-REQUESTS * 99 // 100) - 1]


def measure(program: Path) -> dict[str, Figures]:
    """Measure a tally in every way."""
    found = {way: Figures(0, [], [], [], []) for way in WAYS}
    for number in range(ROUNDS):
        for way in WAYS:
            print(f"round {number + 1} of {ROUNDS}: {way}", file=sys.stderr)
            with serve(tally(program), way, machine=_MACHINE) as server:
                figures = found[way] = replace(found[way], image=server.machine.shipped_bytes)
                figures.boots.append(server.first_response_seconds)
                for kept, value in zip((figures.rates, figures.medians, figures.tails), load(server.port), strict=True):
                    kept.append(value)
    return found


def digest(program: Path) -> str:
    """By which the report says of which program it tells."""
    return hashlib.sha256(program.read_bytes()).hexdigest()


def table(program: Path, found: dict[str, Figures]) -> str:
    """What is written into the report."""
    cells = [
        [f"{found[way].image}" for way in WAYS],
        [_with_spread([1e3 * value for value in found[way].boots]) for way in WAYS],
        [_with_spread(found[way].rates) for way in WAYS],
        [_with_spread([1e6 * value for value in found[way].medians]) for way in WAYS],
        [_with_spread([1e6 * value for value in found[way].tails]) for way in WAYS],
    ]
    rows = [f"| {name} | {' | '.join(row)} |" for name, row in zip(LINES, cells, strict=True)]
    return "\n".join(
        [
            f"service.c, SHA-256 {digest(program)}",
            "",
            f"{time.strftime('%Y-%m-%d')}, {ROUNDS} rounds in turns; medians, least and most in brackets. The",
            f"process ran on the host's processor, the guests on QEMU {_MACHINE}.",
            "",
            f"| | {' | '.join(WAYS)} |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _with_spread(samples: list[float]) -> str:
    return f"{statistics.median(samples):.1f} ({min(samples):.1f} to {max(samples):.1f})"


def fill(report: Path, text: str) -> None:
    """Put a text between the marks of a report.

    Raises:
        CourseError: The marks are not there.
    """
    before, begin, rest = report.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise CourseError(f"{report.name} has lost its marks", remedy=f"put these lines back: {BEGIN} and {END}")
    report.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> int:
    """Measure, and fill in the report of this folder."""
    folder = Path(__file__).parent
    try:
        text = table(folder / "service.c", measure(folder / "service.c"))
        fill(folder / "report.md", text)
    except (CourseError, suite.Failed) as error:
        print(error)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
