"""Exercises of notebook 07, Libc without a border."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import EllipsisType

from unilab.errors import CourseError
from unilab.learn.feedback import Feedback, check
from unilab.machines import run
from unilab.toolchain import build
from unilab.toolchain.disassembly import disassemble
from unilab.toolchain.sizes import image_map

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


def _is_small(program: Path, at_most: int) -> bool:
    image = build(program)
    said = run(image).console
    if said != _NUMBERS:
        raise CourseError("it does not print the numbers 1 to 100, a line each")
    if image.size > at_most:
        largest = max(
            (piece for piece in image_map(image).pieces if piece.group == "C library"), key=lambda piece: piece.size
        )
        raise CourseError(
            f"its image has {image.size:,} bytes, more than {at_most:,}; {largest.name} is the C library's largest file"
        )
    return True
