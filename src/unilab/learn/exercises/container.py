"""Exercises of notebook 03, Containers share a kernel."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from types import EllipsisType

from unilab.errors import CourseError
from unilab.learn.feedback import Feedback, check
from unilab.machines import run
from unilab.machines.system_calls import trace_system_calls


def where_am_i(program: Path | EllipsisType, outside: str) -> Feedback:
    """Exercise 1: a program that prints ``container`` inside one and ``host`` outside; ``outside`` is where that is."""
    return check(
        "it knows where it is",
        program if program is ... else lambda: _knows(program, outside),
        hints=[
            "run looks.c on both sides, and compare. Which answer is the same in every container of ours?",
            "uname(&system) fills in system.nodename. Or ask getpid(), or what is in the root folder.",
        ],
        answer='compare system.nodename with "container", as looks.c gets it, and puts one word or the other',
        objective=1,
    )


def _knows(program: Path, outside: str) -> bool:
    for place, word in (("container", "container"), (outside, "host")):
        said = run(program, on=place).console.strip()
        if said != word:
            where = "inside" if place == "container" else "outside"
            raise CourseError(f"{where}, it printed {said!r} and not {word!r}")
    return True


def door_for_nobody(unused: Set[str] | EllipsisType, reached: Set[str], program: Path) -> Feedback:
    """Exercise 2: the calls that a container can reach and the program never makes."""
    return check(
        "calls in reach that nobody here needs",
        unused if unused is ... else lambda: _is_rest(unused, reached, program),
        hints=[
            "a set of the names of its calls: {call.name for call in trace_system_calls(hello).calls}",
            "the difference of two sets is written with a minus.",
        ],
        answer="unused = reached - {call.name for call in trace_system_calls(hello).calls}",
        objective=4,
    )


def _is_rest(unused: Set[str], reached: Set[str], program: Path) -> bool:
    made = {call.name for call in trace_system_calls(program).calls}
    if too_many := sorted(unused & made):
        raise CourseError(f"the program does make {too_many[0]}")
    if strange := sorted(unused - reached):
        raise CourseError(f"{strange[0]} cannot be reached")
    return unused == reached - made
