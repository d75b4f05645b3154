"""What learners may hand in for the exercises of notebook 07, and what they hear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from unilab.learn import card
from unilab.learn.exercises import without_border
from unilab.toolchain.disassembly import disassemble

_DIGITS = """#include <unistd.h>
int main(void)
{
    for (int n = 1; n <= 100; n++) {
        char line[4] = {'1', '0' + n / 10 % 10, '0' + n % 10, '\\n'};
        int from = n >= 100 ? 0 : n >= 10 ? 1 : 2;
        write(1, line + from, 4 - from);
    }
}
"""


@pytest.fixture(autouse=True)
def lesson() -> None:
    card(
        notebook="07",
        question="?",
        objectives=["one", "two", "three", "four", "five"],
        prerequisites="",
        time="",
        machine="",
        fallback="",
    )


@pytest.fixture
def nap(tmp_path: Path) -> Path:
    path = tmp_path / "nap.c"
    path.write_text("#include <unistd.h>\n\nint main(void) { return sleep(0); }\n")
    return path


def test_two_ways_from_sleep(nap: Path) -> None:
    ways = [
        [each.name for each in disassemble("sleep", program=nap, on=on, follow=True).functions]
        for on in ("process", "unikernel")
    ]
    assert without_border.ways(tuple(ways), nap)  # type: ignore[arg-type]
    for wrong, says in (
        (["sleep"], "a tuple of two lists"),
        (("sleep", "sleep"), "a tuple of two lists"),
        (5, "a tuple of two lists"),
        ((ways[1], ways[0]), "as a process, the way is not sleep"),
        ((ways[0], []), "as a unikernel, the way is not empty"),
    ):
        assert says in str(without_border.ways(wrong, nap))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (_DIGITS, "right."),
        (_DIGITS.replace("<= 100", "< 100"), "does not print the numbers"),
        (
            '#include <stdio.h>\nint main(void) { for (int n = 1; n <= 100; n++) printf("%d\\n", n); }\n',
            "of what write does not need, vfprintf.o is the largest file",
        ),
        (
            _DIGITS.replace("unistd.h", "stdio.h")
            .replace("'\\n'}", "0}")
            .replace("write(1, line + from, 4 - from)", "puts(line + from)"),
            "of what write does not need, fwrite.o is the largest file",
        ),
    ],
)
def test_a_small_image(text: str, says: str, write_text: Callable[[str], Path]) -> None:
    assert says in str(without_border.small_numbers(write_text(text), 12_500))


def test_a_number_is_no_program() -> None:
    assert "write_program" in str(without_border.small_numbers(5, 12_500))  # type: ignore[arg-type]


@pytest.fixture
def write_text(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "mine.c"
        path.write_text(text)
        return path

    return write
