"""What learners may hand in for the exercises of notebook 06, and what they hear."""

from __future__ import annotations

from pathlib import Path

import pytest

from unilab.learn import card
from unilab.learn.exercises import boot
from unilab.machines.run import run

_OUT = "mov $0x3f8, %dx\nmov $'!', %al\nout %al, %dx"


@pytest.fixture(autouse=True)
def lesson() -> None:
    card(
        notebook="06",
        question="?",
        objectives=["one", "two", "three", "four", "five"],
        prerequisites="",
        time="",
        machine="",
        fallback="",
    )


@pytest.mark.parametrize(
    ("early", "says"),
    [
        (_OUT, "right."),
        (0, "text in quotes"),
        ("", "it begins with 'hello, world"),
        ("nonsense", "it does not assemble"),
        ("movabs $0x3f8, %rdx", "it does not assemble"),
        (_OUT.replace("'!'", "'?'"), "it begins with '?hello"),
        (_OUT.replace("%dx", "%bx").replace("out %al, %bx", "mov %ebx, %edx\nout %al, %dx"), "then the program is to"),
        (f"{_OUT}\nout %al, %dx", "then the program is to print its line"),
        ("int3", "it stays empty"),
    ],
)
def test_a_byte_before_there_is_paging(early: str, says: str) -> None:
    assert says in str(boot.early_byte(early))


def test_the_error_code_is_what_the_processor_gives() -> None:
    assert boot.error_code(0x11)
    for wrong in (0x10, 0x1, 0, "11"):
        assert not boot.error_code(wrong)  # type: ignore[arg-type]
    assert boot.nx_error() == 0x11


def test_the_mystery_is_the_bit_that_the_check_wants(tmp_path: Path) -> None:
    (tmp_path / "hello.c").write_text("int main(void) { return 0; }\n")
    crash = run(boot.mystery(tmp_path / "hello.c"), check=False, accelerator="tcg").crash
    assert crash is not None and crash.panic is not None
    assert crash.panic.register("error") == 8  # a reserved bit
    assert [bool(boot.missing_bit(name)) for name in ("EFER.NXE", "nxe", "PG", "NX", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]
