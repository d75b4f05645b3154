"""Checks your scheduler. Run it from the top of the course: ./course check labs/07-a-scheduler."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unilab.errors import CourseError
from unilab.labs import GuestAnswer, Part, Report, part
from unilab.toolchain import Image

ANSWER = "scheduler.c"
GIVEN = Path(__file__).parent / "given"
#: Where each file stands in the library OS: given/run_queue.c takes the place of its own.
PLACES = {"run_queue.c": "core/run_queue.c", "scheduler.h": "include/scheduler.h", "lab.h": "include/lab.h"}
#: For a trial that takes half of one: by then it hangs.
SECONDS = 12.0
HANGS = "it hangs"
#: Where a processor is that rests for ever, and what is said then.
HALTING = ("halt_until_interrupt+", "scheduler_rest+")
NEVER_RESTED = (
    ": the processor rests, and never comes back from scheduler_rest(). It calls halt_until_interrupt() once, which "
    "allows interrupts, and returns: who is ready then, the library OS has yet to find out"
)
#: Ticks: nobody waits for so long in a trial without part 2.
ENDLESS = 1 << 30
MAIN = 1
#: What a trial is given to say at its end, so that nobody else can say it.
WORD = secrets.token_hex(8)
#: Events that a message shows.
SHOWN = 7


@dataclass(frozen=True)
class Trial:
    """What a machine is booted with.

    Attributes:
        turn: Ticks of a turn.
        patience: Ticks after which who is ready goes first.
        plans: Of each thread, as given/trial.c reads them: its priority, and its steps.
        rests: Whether the processor has nothing to do now and then.
    """

    turn: int
    patience: int
    plans: tuple[str, ...]
    rests: bool = False

    @property
    def args(self) -> tuple[str, ...]:
        """Words for the trial program."""
        return (WORD, str(self.turn), str(self.patience), *self.plans)


@dataclass
class Model:
    """What a right scheduler would do, event by event."""

    trial: Trial
    ready: list[int] = field(default_factory=list)
    now: int = 0
    used: dict[int, int] = field(default_factory=dict)
    since: dict[int, int] = field(default_factory=dict)

    def put(self, tid: int, *, in_front: bool = False, anew: bool = True) -> None:
        """A thread is ready."""
        self.since[tid] = self.now
        if anew:
            self.used[tid] = 0
        self.ready.insert(0 if in_front else len(self.ready), tid)

    def tick(self, tid: int) -> None:
        """The clock has ticked while it ran."""
        self.now += 1
        self.used[tid] = self.used.get(tid, 0) + 1
        over = self.used[tid] >= self.trial.turn
        self.put(tid, in_front=not over, anew=over)

    def priority(self, tid: int) -> int:
        """Threads have the numbers 2 and on, in the order of their plans; the first is as urgent as the most urgent."""
        levels = [int(plan.split()[0]) for plan in self.trial.plans]
        return max(levels) if tid == MAIN else levels[tid - MAIN - 1]

    def waited(self, tid: int) -> int:
        """For how many ticks it has been ready."""
        return self.now - self.since[tid]

    def choice(self) -> int:
        """Who is next; the first of equals, in the order of the queue."""
        starving = [tid for tid in self.ready if self.waited(tid) >= self.trial.patience]
        return max(starving, key=self.waited) if starving else max(self.ready, key=self.priority)


def check(folder: Path, seed: int) -> Report:
    """Grade ``scheduler.c`` in a folder."""
    return grade(folder, seed, machine="microvm", most=5)


def grade(folder: Path, seed: int, *, machine: str, most: int) -> Report:
    """The same on a machine, with so many threads at most."""
    parts = list(trials(random.Random(seed), most))
    given = {place: (GIVEN / name).read_bytes() for name, place in PLACES.items()}
    answer = GuestAnswer(folder, {ANSWER: f"core/{ANSWER}"}, given)
    if answer.trouble:
        return _none(folder, parts, answer.trouble)
    try:
        image = answer.image(GIVEN / "trial.c")
    except CourseError as error:
        return _none(folder, parts, str(error))
    graded: list[Part] = []
    for name, points, trial in parts:
        first = not graded
        complaint = complain(answer, image, trial, machine, in_order=not first)
        graded.append(part(name, points, _briefly(complaint, graded)))
        if complaint and (first or complaint.startswith(HANGS)):
            # Without threads that run, nothing else can be seen; and what hangs once would take its time again.
            left = parts[len(graded) :]
            return Report(folder.name, (*graded, *(part(*each[:2], f"not tried, because of: {name}") for each in left)))
    return Report(folder.name, tuple(graded))


def _none(folder: Path, parts: Sequence[tuple[str, int, Trial]], why: str) -> Report:
    """It cannot be built."""
    said = [why, *["it cannot be built"] * (len(parts) - 1)]
    return Report(folder.name, tuple(part(*each[:2], each_why) for each, each_why in zip(parts, said, strict=True)))


def _briefly(complaint: str, before: Sequence[Part]) -> str:
    """A long explanation once: the next time, its first line and where it stands."""
    first, _, more = complaint.partition("\n")
    for earlier in before:
        if more and earlier.message.partition("\n")[0] == first:
            return f"{first} As above, in: {earlier.name}"
    return complaint


def trials(draw: random.Random, most: int) -> Iterator[tuple[str, int, Trial]]:
    """Name, points, and what is tried, of each part."""

    def some(fewest: int = 3) -> range:
        return range(draw.randint(fewest, most))

    def run(low: int, high: int) -> str:
        return f"r{draw.randint(low, high)}"

    turn = draw.randint(2, 4)
    yields = tuple(f"0 {run(1, 2)} y r1 y {run(1, 3)}" for _ in some())
    naps = tuple(f"0 r1 n{draw.randint(3, 6)} r1 n{draw.randint(8, 12)}" for _ in range(2))
    yield "every thread runs, and none is lost", 3, Trial(1, ENDLESS, tuple(f"0 {run(2, 6)}" for _ in some()))
    yield "round robin: who came first", 3, Trial(1, ENDLESS, tuple(f"0 {run(3, 8)}" for _ in some()))
    yield "a turn lasts its ticks", 3, Trial(turn, ENDLESS, tuple(f"0 {run(5, 11)}" for _ in some()))
    yield "who yields lets others run", 2, Trial(3, ENDLESS, yields)
    yield "an idle processor rests", 2, Trial(1, ENDLESS, naps, rests=True)
    levels = [draw.randint(0, 2), 3, 3, *(draw.randint(1, 6) for _ in some())]
    draw.shuffle(levels)
    urgent = tuple(f"{level} {run(2, 5)} y r2" for level in levels)
    yield "the most urgent runs", 4, Trial(2, ENDLESS, urgent)
    high = tuple(f"{draw.randint(5, 6)} {run(25, 40)}" for _ in range(2))
    low = tuple(f"{draw.randint(0, 3)} {run(3, 5)}" for _ in some(2))
    yield "nobody starves", 3, Trial(turn, draw.randint(6, 11), (*high, *low))


def complain(  # noqa: PLR0911 - a reason each
    answer: GuestAnswer, image: Image, trial: Trial, machine: str, *, in_order: bool
) -> str:
    """What went wrong in a trial; empty for nothing."""
    ran = answer.boot(image, args=trial.args, machine=machine, seconds=SECONDS)
    said = [line.removeprefix("lab: ") for line in ran.console.splitlines() if line.startswith("lab: ")]
    if said:
        return said[-1]
    if ran.end == "time":
        return f"{HANGS}{NEVER_RESTED * any(name in ran.explanation for name in HALTING)}. {ran.explanation}"
    if ran.trouble:
        return ran.trouble
    records = [line.split()[1:] for line in ran.console.splitlines() if line.startswith("record")]
    if not records or f"all {len(trial.plans)} ended {WORD}" not in ran.console:
        return "the trial program did not come to its end"
    if len(records) > 1:
        return (
            "two records were printed, and run_queue.c prints one: scheduler.c should print nothing that looks like it"
        )
    events = records[0]
    if trial.rests and not any(event.startswith("I") for event in events):
        return "all threads waited, and scheduler_rest() was never called"
    return replay(trial, events) if in_order else ""


def replay(trial: Trial, events: Sequence[str]) -> str:
    """Where a record first differs from what it should be; empty for nowhere."""
    model = Model(trial)
    for index, event in enumerate(events):
        kind, tid = event[0], int(event[1:])
        if kind == "N":
            wanted = model.choice()
            if tid != wanted:
                shown = " ".join(events[max(0, index - SHOWN) : index + 1])
                what = why(model, tid, wanted, events[index - 1])
                return f"{what}.\nThe last events: {shown} (R ready, T tick, Y yield, N next; then the thread's number)"
            model.ready.remove(tid)
        elif kind == "T":
            model.tick(tid)
        elif kind in "RY":
            model.put(tid)
    return ""


def why(model: Model, given: int, wanted: int, event: str) -> str:
    """What is wrong with a choice: the first of these that is true."""
    trial, gave = model.trial, f"scheduler_next() gave thread {given}"
    ours, best = model.priority(given), model.priority(wanted)
    ticks = f"{trial.turn} tick{'s' * (trial.turn > 1)}"
    reasons = (
        (
            model.waited(wanted) >= trial.patience,
            f"thread {wanted} starves: it has been ready for {model.waited(wanted)} ticks, patience is "
            f"{trial.patience}, and {gave}",
        ),
        (ours < best, f"{gave}, whose priority is {ours}, though thread {wanted} with priority {best} is ready"),
        (
            event == f"T{given}",
            f"thread {given} had its turn of {ticks}, and {gave} again, though thread {wanted} is ready",
        ),
        (
            event == f"T{wanted}",
            f"thread {wanted} had {model.used[wanted]} of the {ticks} of its turn and should run on, but {gave}",
        ),
        (
            event == f"Y{given}",
            f"thread {given} yielded, and {gave} right back, though thread {wanted} is ready",
        ),
        (
            given == model.ready[-1],
            f"{gave}, which came last, though thread {wanted} came first: a queue is no stack",
        ),
    )
    return next((text for true, text in reasons if true), f"{gave}, though thread {wanted} was ready before it")
