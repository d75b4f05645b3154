"""What a learner does not see: more rings, and the drivers on other machines."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from unilab.cli.checkout import checkout
from unilab.labs import Report, lab, part

_MORE_RINGS = 6


def check(folder: Path, seed: int) -> Report:
    """Grade the three files together."""
    visible = lab.load(checkout() / "labs" / "08-a-virtio-driver" / "check.py")
    draw = random.Random(seed)
    answer = visible.answer_of(folder, visible.RING, visible.ENTROPY, visible.BLOCK)

    def ring(words: str) -> str:
        for _ in range(_MORE_RINGS):
            arguments = [words, str(draw.randrange(1, 1 << 30))]
            if complaint := visible.say(visible.boot(answer, "trial_ring.c", arguments)):
                return str(complaint)
        return ""

    def entropy(machine: str) -> str:
        lengths = [str(draw.randrange(1, 1000)) for _ in range(8)]
        options = {"entropy": True, "cpu_without": visible.NO_RANDOM, "machine": machine, "memory": 8}
        return str(visible.say(visible.boot(answer, "trial_rng.c", lengths, **options)))

    with tempfile.TemporaryDirectory(prefix="unilab-lab-") as scratch:
        parts = (
            part("rings of other sizes", 4, ring("add"), ring("take"), ring("lies")),
            part("random bytes on the PCI bus, in 8 MiB", 2, entropy("q35")),
            part("a disk on another PC", 4, visible.read_and_write(answer, draw, Path(scratch), machine="pc")),
        )
    return Report(folder.name, parts)
