"""Lab 6 asks for what Linux does: its programs, run as a process, must be given what the check calls right."""

from __future__ import annotations

import errno
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.labs.conftest import ROOT
from unilab.labs import lab
from unilab.machines import run

LAB = ROOT / "labs" / "06-a-system-call-becomes-a-function"
CHECKS = lab.load(LAB / "check.py")


class OnLinux:
    """Stands for an answer: the kernel's own."""

    trouble = ""

    def boot(self, program: Path, *, args: Any = (), machine: str = "", seconds: float = 0.0) -> Any:
        class Ran:
            console = run(program, on="process", args=args, memory=256, check=False).console
            trouble, end = "", "exit"

        return Ran


@pytest.mark.skipif(sys.platform != "linux", reason="it is Linux that is asked")
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("part", ["_residents", "_refusals", "_pointers"])
def test_linux_gives_what_the_check_calls_right(part: str, seed: int) -> None:
    trial = CHECKS.Trial(OnLinux(), random.Random(seed), "", 14)
    assert getattr(CHECKS, part)(trial) is None


def test_a_layout_has_every_kind_of_page_and_one_that_is_nobodys() -> None:
    for seed in range(50):
        layout = CHECKS.Trial(None, random.Random(seed), "", 14).layout()
        assert set("wrhnu") == set(layout) and layout.count("u") == 1
        assert 3 <= layout.index("u") < len(layout) - 1


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (("22", "0", "", "-"), "a service returns the negative number, -EINVAL"),
        (("-1", str(errno.ENOSYS), "", "-"), "failed with ENOSYS"),
        (("0", "0", "", "-"), "should fail with EINVAL, and succeeded"),
        (("-1", str(errno.EINVAL), "", "-"), ""),
    ],
)
def test_what_is_said_of_a_refusal(got: tuple[str, ...], said: str) -> None:
    case = CHECKS.Case("r", "o", 1, 4096, 0, errno.EINVAL, "", "")
    wrong = CHECKS._wrong(case, got)
    assert said in wrong and bool(said) == bool(wrong)
