"""Exercises of notebook 06, From reset to main."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import EllipsisType

from unilab import toolchain
from unilab.errors import CompileError, CourseError, DeadlineExceeded
from unilab.learn.edit import edit
from unilab.learn.feedback import Feedback, check
from unilab.machines.result import Result
from unilab.machines.run import run
from unilab.toolchain import Image

_BOOT = "arch/x86_64/boot.S"
_ENTRY = "pvh_start:\n"
_HELLO = '#include <stdio.h>\n\nint main(void)\n{\n    puts("hello, world");\n}\n'
_SAID = "hello, world\n"
#: The two changes that are hidden from, or asked of, the learner: what is there, and what is there instead.
_NO_NXE = ("#define EFER_LME_NXE 0x900", "#define EFER_LME_NXE 0x100")
_NX_ON_THE_FIRST_GIB = (
    "    movl $boot_pd + PTE_PRESENT_WRITABLE, boot_pdpt\n",
    "    movl $boot_pd + PTE_PRESENT_WRITABLE, boot_pdpt\n    movl $PTE_NO_EXECUTE_HIGH, boot_pdpt + 4\n",
)
_DEADLINE = 10.0


def early_byte(early: str | EllipsisType) -> Feedback:
    """Exercise 1: instructions of 32 bits that put a byte on the serial line before anything else happens."""
    return check(
        "a byte before there is paging",
        early if early is ... else lambda: _prints_early(early),
        hints=[
            "the serial line's data port is 0x3f8: the number goes into DX, the byte into AL, then out %al, %dx.",
            "EBX holds the address of what the loader has to tell: use EAX and EDX only.",
        ],
        answer="mov $0x3f8, %dx; mov $'!', %al; out %al, %dx, each on a line of its own",
        objective=3,
    )


def _prints_early(early: str) -> bool:
    if not isinstance(early, str):
        raise CourseError("early is assembly, so a text in quotes")
    try:
        result = _boot(_ENTRY, f"{_ENTRY}{early}\n")
    except CompileError as error:
        lines = (line for line in error.message.splitlines() if "error" in line)
        raise CourseError(f"it does not assemble: {next(lines, 'see boot.S')}") from error
    except DeadlineExceeded as error:
        raise CourseError(f"it went on for {_DEADLINE:g} seconds without an end: is there a loop?") from error
    if not result.console.startswith("!"):
        first = f"it begins with {result.console[:12]!r}" if result.console else "it stays empty"
        raise CourseError(f"the console is to begin with '!', and {first}")
    if result.console != f"!{_SAID}":
        raise CourseError("the byte is there, but then the program is to print its line, and only that")
    return True


def error_code(code: int | EllipsisType) -> Feedback:
    """Exercise 2: the error code of the page fault if no page of the first GiB may be executed."""
    return check(
        "the error code",
        code if code is ... else lambda: code == nx_error(),
        hints=[
            "is the page there this time? And what did the processor want of it?",
            "bit 0: the page is there. Bit 4: an instruction was to be fetched.",
        ],
        answer="0x11: the page is there, and an instruction was to be fetched",
        objective=4,
    )


def nx_error() -> int:
    """The error code of the first exception if bit 63 is set in the entry that stands for the first GiB.

    Raises:
        CourseError: There was none.
    """
    crash = _boot(*_NX_ON_THE_FIRST_GIB).crash
    if crash is None or not crash.chain or crash.chain[0].error is None:
        raise CourseError("the changed boot.S did not fault as it should", remedy="run the check again")
    return crash.chain[0].error


def mystery(program: Path) -> Image:
    """Exercise 3: an image whose boot.S lacks one bit of one register."""
    with tempfile.TemporaryDirectory(prefix="unilab-") as folder:
        edit(_BOOT, overlay_folder=folder).replace(*_NO_NXE)
        return toolchain.build(program, "unikernel", overlay=folder)


def missing_bit(name: str | EllipsisType) -> Feedback:
    """Exercise 3: which bit that is."""
    return check(
        "the missing bit",
        name if name is ... else lambda: str(name).upper().rpartition(".")[2] == "NXE",
        hints=[
            "error code 8: a bit is set in an entry that must be 0. Which bit of an entry may be forbidden?",
            "compare EFER with that of steps, from section 6.1.",
        ],
        answer='"NXE": without EFER.NXE, bit 63 of an entry is reserved',
        objective=5,
    )


def _boot(old: str, new: str) -> Result:
    """Build hello with a change of boot.S, and run it on an emulated processor."""
    with tempfile.TemporaryDirectory(prefix="unilab-") as folder:
        program = Path(folder) / "hello.c"
        program.write_text(_HELLO, encoding="utf-8")
        overlay = Path(folder) / "libos"
        edit(_BOOT, overlay_folder=overlay).replace(old, new)
        return run(program, overlay=overlay, check=False, accelerator="tcg", deadline=_DEADLINE)
