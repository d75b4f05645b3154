"""What Xen costs: its boot in front of the program's, and a hypercall where others make a call of a function."""

from __future__ import annotations

from collections.abc import Iterable

from unilab.errors import MachineError
from unilab.machines import run, start
from unilab.measure.figure import Figure, reported
from unilab.measure.programs import of_bench, of_course
from unilab.toolchain import Image, build, inside

_PAIRS = 9
_MACHINE = "pc"


def boot() -> Iterable[Figure]:
    """hello as a domain of Xen and as a unikernel, in turn, on the same machine type, up to the first byte."""
    domain, unikernel = build(of_course("hello.c"), "xen"), build(of_course("hello.c"))
    pairs = [(_once(domain), _once(unikernel)) for _ in range(_PAIRS)]
    yield reported("boot.xen.over_unikernel", "times", [xen / alone for (xen, _), (alone, _) in pairs])
    yield reported("boot.xen.cpu", "ms", [xen * 1e3 for (xen, _), _ in pairs])
    yield reported("boot.xen.wall", "ms", [wall * 1e3 for (_, wall), _ in pairs])


def _once(image: Image) -> tuple[float, float]:
    """Seconds to the first byte: of the whole QEMU process's processor time, and of the clock on the wall."""
    with start(image, machine=_MACHINE, deadline=60) as running:
        running.wait()
        cpu, wall = running.first_output_cpu_seconds, running.result().first_output_seconds
        if cpu is None or wall is None:
            raise MachineError(f"{image.path.name} printed nothing", command=running.command)
        return cpu, wall


def calls() -> Iterable[Figure]:
    """A hypercall, a call of the library OS and a function, in one run; and a system call of Linux in another."""
    image = build(of_bench("hypercall.c"), "xen", cflags=inside("xen"))
    rows = [[float(word) for word in line.split()] for line in run(image, deadline=60).console.splitlines()]
    # The first round finds code that the emulator has not translated yet.
    function, call, hypercall, from_user = zip(*rows[1:], strict=True)
    linux = [float(line.split()[1]) for line in run(of_bench("null_call.c"), "linux").console.splitlines()[1:]]
    yield reported("call.xen.function.cycles", "cycles", function)
    yield reported("call.xen.library_os.cycles", "cycles", call)
    yield reported("call.xen.hypercall.cycles", "cycles", hypercall)
    yield reported("call.xen.hypercall_from_user_mode.cycles", "cycles", from_user)
    yield reported("call.linux.system_call.cycles", "cycles", linux)
    over = [a / b for a, b in zip(hypercall, function, strict=True)]
    yield reported("call.xen.hypercall_over_function", "times", over)
