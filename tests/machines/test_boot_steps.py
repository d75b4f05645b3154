"""Boots stopped at each step, against what QEMU itself says there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.machines.conftest import LONG, BuildProgram
from unilab import machines
from unilab.errors import CourseError
from unilab.learn.edit import edit
from unilab.machines.boot_steps import boot_steps
from unilab.machines.unikernel import FIRST_INSTRUCTION, Unikernel
from unilab.spaces.segments import Mode

_NAMES = [
    *["reset", "PVH entry", "tables built", "CR4 set", "CR3 set", "EFER set", "paging on", "GDT loaded"],
    *["64-bit mode", "stack", "C", "exceptions", "start-up", "real tables", "main"],
]
_MODES = [Mode.REAL, *[Mode.PROTECTED] * 5, *[Mode.COMPATIBILITY] * 2, *[Mode.LONG] * 7]


@pytest.mark.parametrize("machine", ["microvm", "q35", "pc"])
def test_a_boot_goes_through_all_steps_and_modes(program: BuildProgram, machine: str) -> None:
    steps = boot_steps(program("hello"), machine=machine)
    assert [state.name for state in steps.states] == _NAMES
    assert [state.mode for state in steps.states] == _MODES
    assert steps.ended == ""
    assert machine in steps.origin
    assert [state.registers.paging for state in steps.states] == [False] * 6 + [True] * 9


def test_each_state_is_what_qemu_says_at_that_instruction(program: BuildProgram) -> None:
    image = program("hello")
    steps = boot_steps(image)
    stopped = machines.start(image, stop_at=FIRST_INSTRUCTION, accelerator="tcg")
    assert isinstance(stopped, Unikernel)
    with stopped:
        for state in steps.states[2:]:
            stopped.run_to(state.registers.rip)
            text = stopped.monitor_text("info registers")
            said = dict(re.findall(r"\b(CR[034]|EFER)=([0-9a-f]+)", text))
            now = state.registers
            values = {"CR0": now.cr0, "CR3": now.cr3, "CR4": now.cr4, "EFER": now.efer}
            assert {name: int(value, 16) for name, value in said.items()} == values, state.name
            width = {16: "CS16", 32: "CS32", 64: "CS64"}[state.segments["CS"].bits]
            assert width in text, state.name
            for run in state.tables if now.paging else ():
                assert stopped.qemu_translation(run.start) == run.physical, (state.name, hex(run.start))
                last = run.end - run.page_size
                assert not run.identity or stopped.qemu_translation(last) == last, (state.name, hex(last))


def test_tables_and_places_are_those_of_the_image(program: BuildProgram) -> None:
    image = program("hello")
    steps = boot_steps(image)
    text = (image.libos or Path()) / "arch/x86_64/boot.S"
    for state in steps.states[1:10]:
        assert state.file == "boot.S"
        lines = text.read_text().splitlines()
        assert all(line.text == lines[line.number - 1] for line in state.lines)
        assert f"(boot.S:{state.next_line})" in state.place
    (gib,) = steps["tables built"].tables
    assert (gib.start, gib.end, gib.permissions, gib.identity) == (0, 1 << 30, "rwx", True)
    assert steps["main"].file == "hello.c"
    real = steps["main"].tables
    assert {run.permissions for run in real} == {"r--", "r-x", "rw-"}
    assert min(run.start for run in real) == 0x100000


@pytest.mark.parametrize(
    ("old", "new", "last", "says"),
    [
        ("#define PDE_LARGE_PAGE 0x83", "#define PDE_LARGE_PAGE 0x82", "paging on", "triple fault"),
        ("EFER_LME_NXE 0x900", "EFER_LME_NXE 0x800", "paging on", "triple fault"),
        ("EXCPT 0x620", "EXCPT 0x600", "GDT loaded", "triple fault"),
        ("    lgdt boot_gdt_pointer\n", "", "paging on", "triple fault"),
        ("pvh_start:\n", "pvh_start:\n9:  jmp 9b\n", "PVH entry", "in 10 seconds"),
        ("EFER_LME_NXE 0x900", "EFER_LME_NXE 0x100", "exceptions", "crashed: page fault"),
    ],
)
def test_a_broken_boot_is_told_as_far_as_it_gets(tmp_path: Path, old: str, new: str, last: str, says: str) -> None:
    (tmp_path / "hello.c").write_text('#include <stdio.h>\nint main(void) { puts("hello"); }\n')
    edit("arch/x86_64/boot.S", overlay_folder=tmp_path / "libos").replace(old, new)
    deadline = 10 if "seconds" in says else LONG
    steps = boot_steps(tmp_path / "hello.c", overlay=tmp_path / "libos", deadline=deadline)
    assert steps.states[-1].name == last
    assert says in steps.ended
    assert steps.ended in repr(steps)


def test_bad_input(program: BuildProgram) -> None:
    with pytest.raises(CourseError, match="boot of a process"):
        boot_steps(program("hello", "process"))
    with pytest.raises(CourseError, match="no machine 'pdp11'"):
        boot_steps(program("hello"), machine="pdp11")
    with pytest.raises(CourseError, match="there is no file"):
        boot_steps("nothing.c")
