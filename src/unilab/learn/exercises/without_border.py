"""Exercises of notebook 07, Libc without a border."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import EllipsisType

from unilab.errors import CourseError
from unilab.learn.feedback import Feedback, check
from unilab.machines import run
from unilab.toolchain import Image, build
from unilab.toolchain.disassembly import disassemble
from unilab.toolchain.sizes import image_map

_BARE = '#include <unistd.h>\n\nint main(void) { return write(1, "\\n", 1) != 1; }\n'
_NUMBERS = "".join(f"{number}\n" for number in range(1, 101))


def ways(answer: tuple[Sequence[str], Sequence[str]] | EllipsisType, program: Path) -> Feedback:
    """Exercise 1: the functions from ``sleep`` to the door, as a process and as a unikernel."""
    return check(
        "two ways from sleep",
        answer if answer is ... else lambda: _are_ways(answer, program),
        hints=[
            'disassemble("sleep", program=nap, on="process", follow=True).functions has them; each has a name.',
            "two lists in a tuple: first the process's, then the unikernel's.",
        ],
        answer='tuple([f.name for f in disassemble("sleep", program=nap, on=on, follow=True).functions] '
        'for on in ("process", "unikernel"))',
        objective=1,
    )


def _are_ways(answer: tuple[Sequence[str], Sequence[str]], program: Path) -> bool:
    lists = isinstance(answer, tuple | list) and len(answer) == 2 and all(isinstance(n, tuple | list) for n in answer)
    if not lists:
        raise CourseError("ways is to be a tuple of two lists of names")
    for given, on in zip(answer, ("process", "unikernel"), strict=True):
        way = [each.name for each in disassemble("sleep", program=program, on=on, follow=True).functions]
        if list(given) != way:
            raise CourseError(f"as a {on}, the way is not {', then '.join(given) or 'empty'}")
    return True


def small_numbers(program: Path | EllipsisType, at_most: int) -> Feedback:
    """Exercise 2: the numbers 1 to 100 out of an image of so many bytes at most, which is too few for stdio."""
    return check(
        "a hundred numbers, a small image",
        program if program is ... else lambda: _is_small(program, at_most),
        hints=[
            "printf brings vfprintf.o, and puts all of stdio. What was left when the program called write?",
            "a number's last digit is '0' + n % 10. Put digits into an array, and write that once.",
        ],
        answer="a loop over n that stores n / 10 % 10, n % 10 (100 has one more) and a newline, then one write",
        objective=3,
    )


def _needless(image: Image) -> str:
    """The largest file of the C library that a program does without if it calls nothing but write."""
    with tempfile.TemporaryDirectory(prefix="unilab-") as folder:
        bare = Path(folder) / "bare.c"
        bare.write_text(_BARE, encoding="utf-8")
        needed = {piece.name for piece in image_map(bare).pieces}
    files = [piece for piece in image_map(image).pieces if piece.group == "C library" and piece.name not in needed]
    if not files:
        return ""
    largest = max(files, key=lambda piece: piece.size)
    return f"; of what write does not need, {largest.name} is the largest file"


def _is_small(program: Path, at_most: int) -> bool:
    if not isinstance(program, str | Path):
        raise CourseError("this is no program", remedy='give what write_program("NAME.c", ...) gave you')
    image = build(program)
    said = run(image).console
    if said != _NUMBERS:
        raise CourseError("it does not print the numbers 1 to 100, a line each")
    if image.size > at_most:
        raise CourseError(f"its image has {image.size:,} bytes, more than {at_most:,}{_needless(image)}")
    return True
