"""What a learner does not see: the same on another machine, with many more pages."""

from __future__ import annotations

from pathlib import Path

from tests.labs.conftest import ROOT
from unilab.labs import Report, lab

CHECKS = lab.load(ROOT / "labs" / "06-a-system-call-becomes-a-function" / "check.py")


def check(folder: Path, seed: int) -> Report:
    """Grade it."""
    report: Report = CHECKS.check(folder, seed, machine="q35", longest=120)
    return report
