"""How long it takes to see an address space."""

from __future__ import annotations

import time
from collections.abc import Iterable

from unilab.machines import EXIT, start
from unilab.measure.figure import Figure, at_most
from unilab.measure.programs import of_course

_ROUNDS = 25


def unikernel() -> Iterable[Figure]:
    """From the question to named regions: registers over QMP, the walk from CR3, labels. Milliseconds."""
    samples = []
    with start(of_course("hello.c"), stop_at=EXIT) as machine:
        for _ in range(_ROUNDS):
            begin = time.monotonic()
            machine.address_space()
            samples.append((time.monotonic() - begin) * 1e3)
    yield at_most("spaces.unikernel.ms", 20, "ms", samples)
