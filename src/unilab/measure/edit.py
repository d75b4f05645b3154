"""How long a learner waits from saving a file to seeing what it does."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from unilab.errors import MachineError
from unilab.machines import run
from unilab.measure.figure import Figure, at_most
from unilab.measure.programs import of_course
from unilab.toolchain import libos

_ROUNDS = 11


def build_boot() -> Iterable[Figure]:
    """Another word in hello.c each time, then build, boot, and the whole output read. Seconds."""
    text = of_course("hello.c").read_text()
    samples = []
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "hello.c"
        # The first round warms what a notebook has warm after its first cells.
        for edit in range(_ROUNDS + 1):
            # The time makes each text new: a build remembered from an earlier day would be no build.
            said = f"edit {edit} at {time.time_ns()}"
            program.write_text(text.replace("hello, %s", f"{said}, %s"))
            begin = time.monotonic()
            console = run(program).console
            samples.append(time.monotonic() - begin)
            if console != f"{said}, world\n":
                raise MachineError("the edited program did not say what it was edited to say", console=console)
    yield at_most("edit_build_boot.seconds", 1.0, "s", samples[1:])


_ASKS = '#include <stdio.h>\n#include <unistd.h>\nint main(void)\n{\n    printf("%d\\n", getpid());\n    return 0;\n}\n'
_ASKED = "posix/identity.c"


def libos_file() -> Iterable[Figure]:
    """Another number in a file of the library OS each time, in an overlay; then build, boot, the output. Seconds."""
    text = (libos.tree() / _ASKED).read_text()
    samples = []
    with tempfile.TemporaryDirectory() as folder:
        program, overlay = Path(folder) / "asks.c", Path(folder) / "libos"
        program.write_text(_ASKS)
        edited = overlay / _ASKED
        edited.parent.mkdir(parents=True)
        for _ in range(_ROUNDS + 1):
            # As above: a number that no earlier day has built.
            number = time.time_ns() // 1000 % 1_000_000_000
            edited.write_text(text.replace("PROCESS_ID = 1 ", f"PROCESS_ID = {number} "))
            begin = time.monotonic()
            console = run(program, overlay=overlay).console
            samples.append(time.monotonic() - begin)
            if console != f"{number}\n":
                raise MachineError(
                    "the edited library OS did not give the number it was edited to give", console=console
                )
    yield at_most("edit_build_boot.libos", 1.0, "s", samples[1:])
