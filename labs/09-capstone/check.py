"""Checks your service. Run it from the top of the course: ./course check labs/09-capstone."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unilab import build
from unilab.errors import CompileError, CourseError, GuestPanic, MachineError, Unavailable
from unilab.labs import Report, lab, part, program_trouble
from unilab.machines import Forward, Machine, State, UserNetwork, start
from unilab.measure.service import Listens, Service, first_response
from unilab.toolchain import Image

suite = lab.load(Path(__file__).with_name("suite.py"))

#: What runs it: as a process of a Linux guest, so that nothing it does reaches this host; and as a unikernel.
WAYS = {"linux": "as a process (of a Linux guest)", "unikernel": "as a unikernel"}
_PORT, _MACHINE, _DEADLINE, _PATIENCE = 4711, "q35", 120.0, 30.0
_POINTS = {
    "SET, GET and ADD": 3,
    "bytes as they come": 4,
    "what is wrong is answered": 3,
    "nobody waits for anybody": 3,
}
_LINES = ("image", "start to first response", "requests a second", "latency, median", "latency, 99th percentile")
_NUMBER = re.compile(r"\d[\d.,]*")
_FEWEST_WORDS = 20
_QUESTIONS = ("Which of these figures", "Where did the unikernel gain", "What got worse")
#: A report may be from another day and a busier machine, but not from another world.
_MOST_TIMES, _MOST_BYTES = 30.0, 0.25


@dataclass
class Trial:
    """What became of a service on one architecture.

    Attributes:
        complaints: By part, what was wrong; empty where nothing was.
        silent: Why it did not even listen; empty if it did.
        boot: Seconds from start to first response.
        image: What ran.
    """

    complaints: dict[str, str] = field(default_factory=dict)
    silent: str = ""
    boot: float = 0.0
    image: Image | None = None

    @property
    def first(self) -> str:
        """The first thing that was wrong."""
        return self.silent or next(filter(None, self.complaints.values()), "")


def check(folder: Path, seed: int) -> Report:
    """Grade ``service.c`` and ``report.md`` in a folder."""
    process = try_it(folder, "linux", suite.PARTS, seed)
    # What is wrong as a process is mended there first: tools are at hand.
    unikernel = try_it(folder, "unikernel", {} if process.first else suite.PARTS, seed)
    trials = zip(WAYS.values(), (process, unikernel), strict=True)
    silent = [f"{words}: {trial.silent}" for words, trial in trials if trial.silent]
    parts = [part("it builds and listens, both ways", 1, *silent[:1])]
    for name, points in _POINTS.items():
        wrong = "it does not come that far yet" if process.silent else process.complaints[name]
        parts.append(part(name, points, wrong))
    elsewhere = unikernel.first if not process.first else ""
    late = "first get it right as a process" if process.first else ""
    parts.append(part("the same as a unikernel", 3, elsewhere and f"as a unikernel: {elsewhere}", late))
    parts.append(part("the report", 3, report(folder, unikernel)))
    return Report(folder.name, tuple(parts))


def try_it(folder: Path, way: str, parts: dict[str, Sequence[object]], seed: int) -> Trial:
    """Build and start a service, and run test after test against it.

    Args:
        folder: What was handed in.
        way: ``linux`` or ``unikernel``.
        parts: Tests by part, as in suite.py; none to build it only.
        seed: As for ``check``.

    Raises:
        Unavailable: This host cannot run it so.
    """
    trial = Trial()
    source = folder / "service.c"
    trial.silent = program_trouble(folder, source.name)
    if trial.silent:
        return trial
    with tempfile.TemporaryDirectory(prefix="unilab-lab-") as scratch:
        copy = Path(scratch) / "service.c"
        copy.write_bytes(source.read_bytes())
        try:
            trial.image = build(copy, way)
        except CompileError as error:
            trial.silent = f"it does not compile:\n{error.message.replace(scratch + '/', '')[:2000]}"
            return trial
        if parts:
            _run(trial, trial.image, parts, seed)
    return trial


def _run(trial: Trial, image: Image, parts: dict[str, Sequence[object]], seed: int) -> None:
    listens = Listens(suite.READY)
    try:
        with start(
            image,
            args=[str(_PORT)],
            machine=_MACHINE,
            # It is reached, and reaches nobody.
            network=UserNetwork((Forward(0, _PORT),), restricted=True),
            deadline=_DEADLINE,
            on_output=listens,
        ) as machine:
            try:
                served = first_response(machine, _PORT, _service(image), listens, _PATIENCE)
            except MachineError as error:
                trial.silent = _why_silent(error, machine, listens)
                return
            trial.boot = served.first_response_seconds
            for name, tests in parts.items():
                complaint = suite.run(served.port, tests, seed)
                trial.complaints[name] = f"{complaint}{_end(machine)}" if complaint else ""
    except Unavailable:
        raise
    except CourseError as error:
        trial.silent = str(error)


def _service(image: Image) -> Service:
    """The service whose first answer is waited for."""
    made: Service = lab.load(Path(__file__).with_name("measure.py")).tally(image)
    return made


def _why_silent(error: MachineError, machine: Machine, listens: Listens) -> str:
    if isinstance(error, GuestPanic):
        return str(error)
    if listens.wait(0):
        # QEMU takes the connection before the guest has, and gives it up if the guest refuses.
        refused = "connection broke" in error.message or "ended the connection" in error.message
        hint = (
            "\nIs it at all addresses that it listens, and not at 127.0.0.1 alone? Clients come from outside." * refused
        )
        return f"{error.message}{_end(machine)}{hint}"
    said = machine.console.text.strip()
    words = f"It printed: {said[-300:]}" if said else "It printed nothing."
    return f'it never printed "{suite.READY}". Print the line when clients may come, and fflush(stdout).\n{words}'


def _end(machine: Machine) -> str:
    """If the machine has ended: how."""
    try:
        machine.wait(2.0)
    except TimeoutError:
        return ""
    except CourseError as error:
        return f"\nIt ended: {error}"
    assert machine.state is State.ENDED
    return f"\nIt ended, with status {machine.result().exit_status}: a service goes on until it is stopped."


# ---- the report ------------------------------------------------------------------


def report(folder: Path, trial: Trial) -> str | None:
    """What is wrong with report.md, or None."""
    try:
        text = (folder / "report.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return f"report.md cannot be read: {error}"
    if trial.image is None:
        return "first get the service to build"
    measure = lab.load(Path(__file__).with_name("measure.py"))
    stated = re.search(r"SHA-256 ([0-9a-f]{64})", text)
    if stated is None:
        return "nothing is measured yet.\nRun: .venv/bin/python labs/09-capstone/measure.py"
    if stated[1] != measure.digest(folder / "service.c"):
        return "it tells of another service.c than the one that is here.\nMeasure again: labs/09-capstone/measure.py"
    return figures(text, trial) or answers(text)


def figures(text: str, trial: Trial) -> str | None:
    """What is wrong with the table, or None."""
    assert trial.image is not None
    rows: dict[str, list[float]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        name = next((name for name in _LINES if cells[0].startswith(name)), "")
        if name and len(cells) == 4:
            numbers = [_NUMBER.match(cell) for cell in cells[1:]]
            rows[name] = [float(number[0].replace(",", "")) for number in numbers if number]
    for name in _LINES:
        if len(rows.get(name, [])) != 3 or min(rows[name]) <= 0:
            return f"its table lacks figures for: {name}.\nmeasure.py writes all of them; leave them as they are."
    for median, tail in zip(rows[_LINES[3]], rows[_LINES[4]], strict=True):
        if tail < median:
            return f"a 99th percentile of {tail:g} µs is less than its median of {median:g} µs: that was not measured."
    size, boot = rows[_LINES[0]][2], rows[_LINES[1]][2] / 1e3
    if abs(size - trial.image.size) > _MOST_BYTES * trial.image.size:
        return f"it says that the unikernel has {size:,.0f} bytes, and it has {trial.image.size:,}: measure again."
    if trial.boot and not trial.boot / _MOST_TIMES < boot < trial.boot * _MOST_TIMES:
        return (
            f"it says that the unikernel answered after {boot:.3f} s; here it took {trial.boot:.3f} s: measure again."
        )
    return None


def answers(text: str) -> str | None:
    """What is wrong with the answers, or None."""
    for question in _QUESTIONS:
        found = re.search(rf"^## {question}[^\n]*\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
        if found is None:
            return f'the heading "{question} ..." is gone: put it back.'
        words = re.sub(r"\(Your answer.*?\)", "", found[1], flags=re.DOTALL).split()
        if len(words) < _FEWEST_WORDS:
            return f'"{question} ...?" is not answered: {len(words)} words are too few; write {_FEWEST_WORDS} or more.'
    return None
