"""Hidden checks of lab 5: other machines, other processors, other images, and what the boot leaves behind."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from unilab.errors import CourseError
from unilab.labs import GuestAnswer, Part, Report, lab, part
from unilab.toolchain import Image

check_lab = sys.modules.get("unilab_lab_05_into_long_mode_check") or lab.load(
    Path(__file__).resolve().parents[3] / "labs" / "05-into-long-mode" / "check.py"
)

#: Floating point, in SSE registers; a string that is read-only; and tables that lie further up than hello's.
MORE = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static char room[%d];
static const char fixed[] = "fixed";
int main(int argc, char **argv)
{
    double half = strtod(argv[1], 0) / 2;
    memset(room, argc, sizeof room);
    printf("%%.3f\\n", half);
    fflush(stdout);
    if (argc > 2)
        *(volatile char *)fixed = 'F';
    return room[7] - argc;
}
"""


def check(folder: Path, seed: int) -> Report:
    """Grade ``boot.S`` in a folder, harder."""
    draw = random.Random(seed)
    answer = GuestAnswer(folder, check_lab.PLACES)
    if answer.trouble:
        return check_lab.everything(answer.trouble)
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch) / "more.c"
        program.write_text(MORE % draw.randrange(100_000, 3_000_000))
        try:
            hello, more = answer.image(check_lab.PROGRAM), answer.image(program)
        except CourseError as error:
            return check_lab.everything(error.message)
        parts = [
            _stages(answer, more, check_lab.Tried("microvm", 64), "another image: its tables lie elsewhere"),
            _stages(answer, hello, check_lab.Tried("q35", draw.randrange(32, 600)), "q35, after firmware"),
            _stages(answer, hello, check_lab.Tried("pc", draw.randrange(32, 600)), "pc, after firmware"),
            _stages(answer, hello, check_lab.Tried("microvm", 64, ("la57",)), "a processor with five levels"),
            _layout(answer, hello),
            _floating_point(answer, more, draw),
            _write_protection(answer, more),
        ]
    return Report("05-into-long-mode", tuple(parts))


def _stages(answer: GuestAnswer, image: Image, tried: object, name: str) -> Part:
    said = check_lab.stages(answer, image, tried)
    first = f"part {min(said)}: {said[min(said)]}" if said else None
    return part(name, 2, first)


def _layout(answer: GuestAnswer, image: Image) -> Part:
    """What the address space is when main begins: the memory map's."""
    name = "the address space at main()"
    try:
        with answer.start(image, stop_at="main") as machine:
            space = machine.address_space()
    except CourseError as error:
        return part(name, 2, f"it does not get to main: {error.message}")
    both = [r for r in space.regions if "w" in r.permissions and "x" in r.permissions]
    null = [r for r in space.regions if r.start < 4096 and r.permissions.strip("-")]
    large = [r for r in space.regions if r.page_size > 4096]
    return part(
        name,
        2,
        both and f"{both[0].start:#x} can be written and executed",
        null and "the null page is mapped",
        large and f"{large[0].start:#x} is still mapped in large pages",
    )


def _floating_point(answer: GuestAnswer, image: Image, draw: random.Random) -> Part:
    number = draw.randrange(1, 4000) / 8
    ran = answer.boot(image, args=[str(number)])
    wrong = ran.console != f"{number / 2:.3f}\n" and f"half of {number} came out as {ran.console!r}"
    return part("floating point", 2, ran.trouble, wrong or None)


def _write_protection(answer: GuestAnswer, image: Image) -> Part:
    """A write to a constant must be a fault, though we are the kernel."""
    ran = answer.boot(image, args=["1", "write"])
    if ran.end == "panic" and "writing" in ran.console and "read-only" in ran.console:
        return part("read-only pages are read-only", 2)
    if ran.end == "exit":
        return part("read-only pages are read-only", 2, "a constant was written, and nothing happened: see CR0.WP")
    return part("read-only pages are read-only", 2, ran.trouble or f"it ended otherwise: {ran.console[-300:]}")
