"""The least memory a unikernel boots with."""

from __future__ import annotations

from collections.abc import Iterable

from unilab.errors import CourseError
from unilab.machines import run
from unilab.measure.figure import Figure, at_most
from unilab.measure.programs import of_course
from unilab.toolchain import build

_MOST = 16


def hello() -> Iterable[Figure]:
    """Whole MiB, tried from 1 upwards until hello says hello."""
    image = build(of_course("hello.c"))
    for memory in range(1, _MOST + 1):
        try:
            result = run(image, memory=memory)
        except CourseError:
            continue
        if result.exit_status == 0 and result.console == "hello, world\n":
            yield at_most("memory.hello.mib", 2, "MiB", [memory])
            return
    raise CourseError(f"hello does not boot with {_MOST} MiB")
