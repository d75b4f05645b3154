"""``compare``: one web service as process, container, Linux guest and unikernel, measured in one run, in turns."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from unilab import progress
from unilab.errors import CourseError, Unavailable
from unilab.machines import Machine, recordings
from unilab.machines import accelerator as accelerators
from unilab.measure import least_memory, request_cost, service, surface
from unilab.measure.quantities import BUSY, QUANTITIES, UNHURRIED
from unilab.spaces.comparison import Comparison, Contender, Executes, Measured
from unilab.spaces.model import Source
from unilab.toolchain import build

ARCHITECTURES = ("process", "container", "linux", "unikernel")
_WARM_SECONDS, _SECONDS = 0.1, 0.4
#: Above this part of a processor, the load generator may have been the limit.
_BUSY_GENERATOR = 0.9
#: What every round gives a sample of.
_EACH_ROUND = ("boot", "rate", "p50", "p99", "held")
_WHAT, _STEM, _ON = "comparison", "httpd", "all"
#: What ships as a recording.
RECORDED = ((f"{_STEM}.c", _ON),)
_COUNTED = ("instructions", "functions", "crossings")
_UNSEEN = "most of it happens in the host's kernel, which nobody here may step through"
_EXPOSED = ("reach", "code", "programs", "ports")


def compare(
    program: str | Path = "",
    on: Sequence[str] = ARCHITECTURES,
    *,
    rounds: int = 5,
    seconds: float = _SECONDS,
    machine: str = "q35",
    accelerator: str = "auto",
    only: Sequence[str] = (),
) -> Comparison:
    """Measure a web service as several architectures, in one run.

    In each round every architecture is started once, asked, loaded and ended, in an order that goes round, so that a
    host that gets slower meanwhile slows all of them. Then what does not vary is found out once. What an architecture
    cannot do here is taken from the recording, and says so. In a notebook a button stops it; so does an interrupt. What
    was measured by then is given back.

    Args:
        program: A server like httpd.c, which is meant unless given: its arguments are a port and a folder, it prints
            "serving", and it answers /status.
        on: Of ``process``, ``container``, ``linux`` and ``unikernel``.
        rounds: How often each is started and loaded.
        seconds: How long each of a round's two loads lasts.
        machine: QEMU's machine type: the same for all guests.
        accelerator: For guests, as for ``start``.
        only: Names of quantities, to leave out what the others take; all unless given.

    Returns:
        Medians, quartiles and samples, with what has to be said of them.

    Raises:
        CourseError: An argument makes no sense, or the program does not serve.
    """
    for name in on:
        if name not in ARCHITECTURES:
            raise CourseError(f"{name!r} cannot be compared", remedy=f"choose from {', '.join(ARCHITECTURES)}")
    if not on or rounds < 1 or not 0 < seconds <= 60:
        raise CourseError("that would measure nothing", remedy="give architectures, a round or more, and some seconds")
    known = {quantity.name for quantity in QUANTITIES}
    if strange := sorted(set(only) - known):
        raise CourseError(f"there is nothing called {strange[0]!r}", remedy=f"choose from {', '.join(sorted(known))}")
    run = _Run(service.web(program), tuple(dict.fromkeys(on)), rounds, seconds, machine, accelerator, tuple(only))
    for name in run.on:
        build(program or service.web().program, name)  # type: ignore[arg-type]  # what does not compile says so first
    service.generator()
    return run.measure()


@dataclass
class _Run:
    """One comparison under way."""

    service: service.Service
    on: tuple[str, ...]
    rounds: int
    seconds: float
    machine: str
    accelerator: str
    only: tuple[str, ...]
    samples: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    notes: dict[tuple[str, str], str] = field(default_factory=dict)
    parts: dict[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)
    contenders: dict[str, Contender] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def measure(self) -> Comparison:
        steps = self._steps()
        title = f"Comparing {Path(str(self.service.program)).name}"
        try:
            with progress.experiment(len(steps), title) as shown:
                for name, doing, work in steps:
                    shown.begin(f"{name}, {doing}")
                    self._try(name, work)
        except (KeyboardInterrupt, progress.Stopped):
            pass  # what there is, is given back
        return self._result()

    def _wants(self, *quantities: str) -> bool:
        return not self.only or bool(set(quantities) & set(self.only))

    def _steps(self) -> list[tuple[str, str, Callable[[str], None]]]:
        steps: list[tuple[str, str, Callable[[str], None]]] = []
        for number in range(self.rounds):
            turn = number % len(self.on)
            for name in (*self.on[turn:], *self.on[:turn]):
                steps.append((name, f"round {number + 1} of {self.rounds}", self._round))
        if self._wants(*_COUNTED):
            steps += [(name, "instructions of a request", self._count) for name in self.on]
        if self._wants("memory"):
            steps += [(name, "least memory", self._least_memory) for name in self.on]
        return steps

    def _try(self, name: str, work: Callable[[str], None]) -> None:
        """Do a step; what this host cannot do is noted, once, and left out from then on."""
        if name in self.missing:
            return
        try:
            work(name)
        except Unavailable as error:
            self.missing[name] = error.message

    def _note(self, quantity: str, name: str, *values: float, note: str = "") -> None:
        if self._wants(quantity):
            self.samples.setdefault((quantity, name), []).extend(map(float, values))
            if note:
                self.notes[quantity, name] = note

    # ---- steps ---------------------------------------------------------------

    def _round(self, name: str) -> None:
        with service.serve(self.service, name, machine=self.machine, accelerator=self.accelerator) as server:
            running = server.machine
            if name not in self.contenders:
                self._meet(name, running)
            self._note("boot", name, server.first_response_seconds)
            if self._wants("rate", "p50", "p99", "held"):
                service.load(server.port, BUSY, _WARM_SECONDS)
                busy = service.load(server.port, BUSY, self.seconds)
                limit = "the load generator was near its own limit: the server may do more"
                self._note("rate", name, busy.rate, note=limit if busy.busy > _BUSY_GENERATOR else "")
                unhurried = service.load(server.port, UNHURRIED, self.seconds)
                self._note("p50", name, unhurried.p50)
                self._note("p99", name, unhurried.p99)
                self._note("held", name, resident(running) / (1 << 20))
            if not self.samples.get(("image", name)):
                self._note("image", name, running.shipped_bytes)
                if self._wants(*_EXPOSED):
                    self._look(name, running)

    def _meet(self, name: str, running: Machine) -> None:
        executes = {"tcg": Executes.EMULATION, "kvm": Executes.VIRTUALISATION}.get(running.accelerator or "")
        where = f"QEMU {running.machine}, {running.accelerator}" if running.machine else "this host"
        self.contenders[name] = Contender(name, executes or Executes.HOST, where)

    def _look(self, name: str, running: Machine) -> None:
        for exposed in surface.surface(running):
            values = () if exposed.count is None else (float(exposed.count),)
            self._note(exposed.quantity, name, *values, note=exposed.note)

    def _count(self, name: str) -> None:
        if name not in request_cost.GUESTS:
            for quantity in _COUNTED:
                self._note(quantity, name, note=_UNSEEN)
            return
        cost = request_cost.request_cost(self.service, name, machine=self.machine)
        self.parts[name] = tuple((owner, cost.each(owner)) for owner, _ in cost.instructions)
        whose = ", ".join(f"{owner} {count:,.0f}" for owner, count in self.parts[name])
        self._note("instructions", name, cost.each(), note=whose)
        self._note("functions", name, cost.functions)
        self._note("crossings", name, cost.crossings / cost.requests)

    def _least_memory(self, name: str) -> None:
        accelerator = accelerators.choose(self.accelerator)
        found = least_memory.least_memory(self.service, name, machine=self.machine, accelerator=accelerator)
        step = least_memory.STEP.get(name, 1)
        self._note("memory", name, found, note=f"tried in steps of {step} MiB")

    # ---- the end -------------------------------------------------------------

    def _result(self) -> Comparison:
        wanted = [quantity for quantity in QUANTITIES if self._wants(quantity.name)]
        recorded = load() if set(self.on) - set(self.contenders) else None
        measured: list[Measured] = []
        contenders: list[Contender] = []
        for name in self.on:
            if name in self.contenders:
                contenders.append(self.contenders[name])
                measured += [self._figure(q.name, name) for q in wanted]
            elif name in self.missing and recorded is not None:
                contenders.append(recorded.contender(name))
                measured += [replace(recorded.of(q.name, name), note=self.missing[name]) for q in wanted]
        # A round that was stopped in the middle has some of its samples, and does not count.
        each_round = [name for name in _EACH_ROUND if self._wants(name)]
        counts = [len(self.samples.get((name, on), ())) for on in self.contenders for name in each_round]
        rounds = min(counts, default=0)
        return Comparison(
            program=Path(str(self.service.program)).name,
            contenders=tuple(contenders),
            quantities=tuple(wanted),
            measured=tuple(measured),
            rounds=rounds,
            wanted=self.rounds,
            origin=datetime.now().astimezone().isoformat(timespec="seconds"),
        )

    def _figure(self, quantity: str, name: str) -> Measured:
        samples = tuple(self.samples.get((quantity, name), ()))
        note = self.notes.get((quantity, name), "" if samples else "it was not reached")
        return Measured(name, quantity, samples, note, self.parts.get(name, ()) if quantity == "instructions" else ())


def resident(machine: Machine) -> int:
    """Bytes of the host's memory that a machine has: of its program, or of the whole QEMU."""
    pid = getattr(machine, "program_pid", machine.pid)
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def load() -> Comparison | None:
    """The recorded comparison of httpd.c; None if there is none."""
    return recordings.load_value(Comparison, _STEM, _ON, _WHAT)


def record(program: Path, on: str) -> Path:
    """Compare a web server here and now, and keep that as the recording of its name.

    Args:
        program: The C file.
        on: ``all``.

    Raises:
        Unavailable: This host cannot run it as each of the architectures.
    """
    seen = compare(program)
    if any(each.source is not Source.LIVE for each in seen.measured) or len(seen.contenders) < len(ARCHITECTURES):
        raise Unavailable(f"{program.name} cannot run as each architecture here")
    return recordings.save_value(program.stem, on, _WHAT, seen)
