"""Timelines of real boots: what happens, and in which order."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import CourseError
from unilab.machines.boot_timeline import RECORDED, boot_timeline, load
from unilab.spaces.boot_timeline import (
    C_ENTERED,
    ENDED,
    FIRST_BYTE,
    FIRST_INSTRUCTION,
    FIRST_PROCESS,
    KERNEL_ENTERED,
    MAIN_ENTERED,
    PAGING_ON,
    QEMU_STARTED,
)
from unilab.spaces.model import Source
from unilab.toolchain import Image

Program = Callable[..., Image]

_UNIKERNEL = [QEMU_STARTED, FIRST_INSTRUCTION, KERNEL_ENTERED, PAGING_ON, C_ENTERED, MAIN_ENTERED, FIRST_BYTE, ENDED]
_LINUX = [QEMU_STARTED, FIRST_INSTRUCTION, KERNEL_ENTERED, FIRST_PROCESS, MAIN_ENTERED, FIRST_BYTE, ENDED]


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_a_unikernel_boots_in_this_order(program: Program, machine: str) -> None:
    timeline = boot_timeline(program("hello"), machine=machine)
    # In the order of their times, and so in that of what must come before what.
    assert [event.name for event in timeline.events] == _UNIKERNEL
    assert timeline.events[0].seconds == 0.0
    assert timeline.source is Source.LIVE
    assert machine in timeline.method


def test_linux_boots_in_this_order(program: Program) -> None:
    timeline = boot_timeline(program("hello", "linux"))
    assert [event.name for event in timeline.events] == _LINUX


def test_paging_goes_on_between_two_instructions(program: Program) -> None:
    with machines.start(program("hello"), stop_at=machines.FIRST_INSTRUCTION, accelerator="tcg") as machine:
        assert not machine.registers().paging
    event = boot_timeline(program("hello")).at(PAGING_ON)
    assert event is not None
    address = int(event.detail.rpartition("0x")[2], 16)
    with machines.start(program("hello"), stop_at=machines.FIRST_INSTRUCTION, accelerator="tcg") as machine:
        machine.run_to(address)  # type: ignore[attr-defined]
        assert machine.registers().paging
        assert machine.registers().rip == address


def test_a_program_that_prints_nothing_has_no_first_byte(tmp_path: Path) -> None:
    (tmp_path / "quiet.c").write_text("int main(void) { return 3; }\n")
    timeline = boot_timeline(tmp_path / "quiet.c")
    assert timeline.at(FIRST_BYTE) is None
    assert timeline.at(ENDED) is not None


@pytest.mark.parametrize(
    ("options", "says"),
    [({"on": "process"}, "nothing boots for a program on 'process'"), ({"machine": "pdp11"}, "no machine 'pdp11'")],
)
def test_bad_input(program: Program, options: dict[str, str], says: str) -> None:
    hello = program("hello").program
    with pytest.raises(CourseError, match=re.escape(says)) as caught:
        boot_timeline(hello, **options)  # type: ignore[arg-type]
    assert caught.value.remedy


def test_a_recording_is_shown_where_it_cannot_run(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNILAB_QEMU", "no-such-qemu")
    for file, on in RECORDED:
        timeline = boot_timeline(program(Path(file).stem, on))
        assert timeline.source is Source.RECORDED
        assert [event.name for event in timeline.events] == (_LINUX if on == "linux" else _UNIKERNEL)
        assert timeline.origin.startswith("recorded 20")


def test_recordings_say_nothing_of_where_they_were_made() -> None:
    for program, on in RECORDED:
        recorded = load(Path(program).stem, on)
        assert recorded is not None and recorded.events
        assert not re.search(r"/(home|root|tmp|work)/", repr(recorded))
