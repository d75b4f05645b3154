"""Time from QEMU's start to the first byte printed, against a kernel that does nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from unilab import progress
from unilab.errors import GuestHangs, MachineError
from unilab.machines import start
from unilab.machines.accelerator import bare_kernel
from unilab.machines.qemu import MACHINES
from unilab.measure.figure import Figure, at_most, reported
from unilab.measure.programs import of_course
from unilab.toolchain import Image, build

_PAIRS = 75
_LINUX_BOOTS = 10


def hello() -> Iterable[Figure]:
    """hello and the bare kernel in turn, on each machine type; processor time and wall time.

    Each hello is compared with the kernel that ran just before it: a host that gets slower meanwhile slows both.
    """
    image, floor = build(of_course("hello.c")), _floor()
    ratios = []
    for machine in MACHINES:
        pairs = []
        with progress.bar(_PAIRS, f"{_PAIRS} boots of hello and of the bare kernel, {machine}") as bar:
            for _ in range(_PAIRS):
                pairs.append((_once(floor, machine), _once(image, machine)))
                bar.update()
        samples = [hello_cpu / floor_cpu for (floor_cpu, _), (hello_cpu, _) in pairs]
        over = at_most(f"boot.hello.over_floor.{machine}", 1.10, "times", samples)
        ratios.append(over.value)
        yield over
        for name, one in (("floor", 0), ("hello", 1)):
            yield reported(f"boot.{name}.cpu.{machine}", "ms", [pair[one][0] * 1e3 for pair in pairs])
            yield reported(f"boot.{name}.wall.{machine}", "ms", [pair[one][1] * 1e3 for pair in pairs])
    yield at_most("boot.hello.over_floor", 1.10, "times, the worst machine", ratios, value=max(ratios))


def linux() -> Iterable[Figure]:
    """A Linux guest from QEMU's start to its program's first byte, in seconds; and how many of the boots hung."""
    image, hangs, boots = build(of_course("hello.c"), "linux"), 0, 0
    for machine in ("microvm", "q35"):
        times = []
        with progress.bar(_LINUX_BOOTS, f"{_LINUX_BOOTS} boots of Linux, {machine}") as bar:
            for _ in range(_LINUX_BOOTS):
                boots += 1
                try:
                    times.append(_once(image, machine)[1])
                except GuestHangs:
                    hangs += 1
                bar.update()
        if not times:
            raise MachineError(f"Linux has never booted on {machine}")
        yield at_most(f"boot.linux.{machine}", 4, "s", times)
    yield at_most("boot.linux.hangs", 0, f"of {boots} boots", [hangs])


def _floor() -> Image:
    path = bare_kernel()
    return Image(path, "unikernel", path, path, path, path, path.stat().st_size, 0.0)


def _once(image: Image, machine: str) -> tuple[float, float]:
    """Seconds to the first byte: of the whole QEMU process's processor time, and of the clock on the wall."""
    with start(image, machine=machine, deadline=60) as running:
        running.wait()
        cpu, wall = running.first_output_cpu_seconds, running.result().first_output_seconds
        if cpu is None or wall is None:
            raise MachineError(f"{image.path.name} printed nothing on {machine}", command=running.command)
        return cpu, wall
