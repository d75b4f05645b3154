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
