"""The functions that are followed through the architectures; Linux guests and Xen are in the tests of their spaces."""

from __future__ import annotations

from pathlib import Path

from tests.machines.marks import OF_PROGRAM, OF_SYSTEM, check
from unilab.machines import EXIT, start

_HELLO = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"


def test_a_process_has_the_programs_own() -> None:
    with start(_HELLO, "process", stop_at=EXIT) as machine:
        check(machine.address_space(), OF_PROGRAM, in_kernel=[])


def test_in_a_unikernel_all_of_them_are_privileged() -> None:
    with start(_HELLO, "unikernel", stop_at=EXIT) as machine:
        check(machine.address_space(), [*OF_PROGRAM, *OF_SYSTEM], in_kernel=[*OF_PROGRAM, *OF_SYSTEM])
