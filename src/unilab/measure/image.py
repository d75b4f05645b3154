"""How large an image is, and whether it can leave its address space."""

from __future__ import annotations

from collections.abc import Iterable

from unilab.measure.figure import Figure, at_most
from unilab.measure.programs import of_course
from unilab.toolchain import build
from unilab.toolchain.instructions import system_calls


def hello() -> Iterable[Figure]:
    """The stripped image of hello, and the instructions in it that enter a kernel."""
    image = build(of_course("hello.c"))
    yield at_most("image.hello.bytes", 24 * 1024, "bytes", [image.size])
    found = sum(system_calls(image.debug).values())
    yield at_most("image.hello.syscall_instructions", 0, "instructions", [found])
