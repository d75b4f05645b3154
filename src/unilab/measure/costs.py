"""What services cost, in cycles: the same program as a unikernel and in a Linux guest."""

from __future__ import annotations

from collections.abc import Iterable

from unilab.machines import run
from unilab.measure.figure import Figure, reported
from unilab.measure.programs import of_bench


def table() -> Iterable[Figure]:
    """Each cost twice, and how many times as much it is in Linux; median of the rounds."""
    program = of_bench("costs.c")
    ours = _rows(run(program, machine="q35").console)
    linux = _rows(run(program, "linux", machine="q35").console)
    for name, cycles in ours.items():
        yield reported(f"cost.{name}.cycles", "cycles", cycles)
        yield reported(f"cost.{name}.linux.cycles", "cycles", linux[name])
        yield reported(
            f"cost.{name}.linux_over_ours", "times", [a / b for a, b in zip(linux[name], cycles, strict=True)]
        )


def _rows(console: str) -> dict[str, list[float]]:
    rows: dict[str, list[float]] = {}
    for line in console.splitlines():
        name, cycles = line.split()
        rows.setdefault(name, []).append(float(cycles))
    # The first round finds code that the emulator has not translated yet.
    return {name: samples[1:] for name, samples in rows.items()}
