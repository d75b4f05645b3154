"""Exercises of notebook 08, Threads, yes; processes, no."""

from __future__ import annotations

from pathlib import Path
from types import EllipsisType

from unilab.errors import CourseError, DeadlineExceeded
from unilab.learn.feedback import Feedback, check
from unilab.machines import run
from unilab.toolchain import build
from unilab.toolchain.symbols import symbols_of

#: What the two programs must print.
COUNTED, SUM = "400", "the sum is 500500"
_DEADLINE = 10.0


def locked(program: str | Path | EllipsisType) -> Feedback:
    """Exercise 1: nothing is lost, though threads still yield between load and store."""
    return check(
        "four hundred additions, none lost",
        program if program is ... else lambda: _locked(program),
        hints=[
            "static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; outside of all functions; lock it in the loop.",
            "pthread_mutex_lock(&lock) before the load, pthread_mutex_unlock(&lock) after the store.",
        ],
        answer="in the loop: pthread_mutex_lock(&lock); long seen = counter; sched_yield(); counter = seen + 1; "
        "pthread_mutex_unlock(&lock);",
        objective=3,
    )


def _locked(program: str | Path) -> bool:
    names = _calls(program)
    if "sched_yield" not in names:
        raise CourseError("sched_yield is gone, and with it the danger; leave it between load and store")
    if "pthread_create" not in names:
        raise CourseError("it starts no threads any more")
    for on in ("unikernel", "process"):
        said = _said(program, on)
        if said != COUNTED:
            raise CourseError(f"as a {on} it printed {said!r}, and four times 100 are {COUNTED}")
    return True


def without_fork(program: str | Path | EllipsisType) -> Feedback:
    """Exercise 2: a thread does what a child did."""
    return check(
        "a thread in place of a child",
        program if program is ... else lambda: _without_fork(program),
        hints=[
            "what the child did becomes a function, void *add(void *unused), for pthread_create and pthread_join.",
            "the thread's variables are yours too: it can leave the sum in a static variable, without any pipe.",
        ],
        answer="static long sum; static void *add(void *unused) { for (long i = 1; i <= 1000; i++) sum += i; "
        "return unused; }  and in main: pthread_create, pthread_join, printf.",
        objective=4,
    )


def _without_fork(program: str | Path) -> bool:
    if "pthread_create" not in _calls(program):
        raise CourseError("nothing in it calls pthread_create")
    for on in ("unikernel", "process"):
        said = _said(program, on)
        if said != SUM:
            raise CourseError(f"as a {on} it printed {said[:60]!r} and not {SUM!r}")
    return True


def _said(program: str | Path, on: str) -> str:
    """What it prints."""
    try:
        return run(program, on, deadline=_DEADLINE).console.strip()
    except DeadlineExceeded as error:
        raise CourseError(
            f"as a {on} it had not ended after {_DEADLINE:g} seconds: is each lock given back, does each loop end?"
        ) from error


def _calls(program: str | Path) -> set[str]:
    """The functions that are linked into it."""
    if not isinstance(program, str | Path):
        raise CourseError("this is no program", remedy='give what write_program("NAME.c", ...) gave you')
    return set(symbols_of(build(program).debug).names())
