"""What it takes to leave a guest and to come back to it, under the small hypervisor."""

from __future__ import annotations

from collections.abc import Iterable

from unilab.hypervisor import Hypervisor, Reason, probe
from unilab.measure.figure import Figure, reported

_ROUNDS = 25


def ports() -> Iterable[Figure]:
    """A round trip through an ``out`` of a 64-bit guest, on each backend that this host has. Microseconds."""
    for backend in ("kvm", "emulated") if probe().name == "kvm" else ("emulated",):
        machine = Hypervisor(backend)
        samples = []
        for _ in range(_ROUNDS):
            run = machine.run("hello64", "long")
            samples += [row.seconds / row.count * 1e6 for row in run.exits if row.reason is Reason.IO]
        yield reported(f"hypervisor.port.{backend}", "µs", samples)
