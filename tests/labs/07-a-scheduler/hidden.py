"""The same on q35, with more threads."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from unilab.cli.checkout import checkout
from unilab.labs import Report, lab


def check(folder: Path, seed: int) -> Report:
    """Grade ``scheduler.c`` in a folder."""
    visible = lab.load(checkout() / "labs" / "07-a-scheduler" / "check.py")
    return cast(Report, visible.grade(folder, seed, machine="q35", most=12))
