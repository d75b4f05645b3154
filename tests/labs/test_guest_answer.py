"""Answers in C and assembly: what the compiler is asked to do, and what then boots, is contained."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.labs.conftest import HERE
from unilab.errors import CourseError
from unilab.labs import GuestAnswer
from unilab.toolchain import libos

_PROGRAM = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"
_PLACES = {"answer.c": "posix/identity.c"}
_BOOT = {"boot.S": "arch/x86_64/boot.S"}


@pytest.fixture
def own() -> str:
    """The file that the answers stand for."""
    return (libos.tree() / "posix/identity.c").read_text()


def _answer(tmp_path: Path, text: str) -> GuestAnswer:
    (tmp_path / "answer.c").write_text(text)
    return GuestAnswer(tmp_path, _PLACES)


def _boot_answer(tmp_path: Path, old: str, new: str) -> GuestAnswer:
    text = (libos.tree() / "arch/x86_64/boot.S").read_text()
    assert text.count(old) == 1
    (tmp_path / "boot.S").write_text(text.replace(old, new))
    return GuestAnswer(tmp_path, _BOOT)


def test_what_is_right_boots(tmp_path: Path, own: str) -> None:
    answer = _answer(tmp_path, own.replace("PROCESS_ID = 1", "PROCESS_ID = 5"))
    assert answer.trouble == ""
    ran = answer.boot(_PROGRAM, args=["you"])
    assert (ran.console, ran.end, ran.exit_status, ran.trouble) == ("hello, you\n", "exit", 0, "")


def test_an_error_is_told_with_the_name_of_what_was_handed_in(tmp_path: Path, own: str) -> None:
    answer = _answer(tmp_path, own + "int broken(void) { return x; }\n")
    assert "answer.c, line" in answer.trouble
    assert "undeclared identifier 'x'" in answer.trouble
    assert "/" not in answer.trouble.replace("C/", "")


def test_a_name_that_is_missing_is_told(tmp_path: Path, own: str) -> None:
    answer = _answer(tmp_path, own.replace("return PROCESS_ID;", "extern int nobody(void);\n    return nobody();"))
    assert answer.trouble == ""
    program = tmp_path / "asks.c"
    program.write_text("#include <unistd.h>\nint main(void)\n{\n    return getpid();\n}\n")
    ran = answer.boot(program)
    assert ran.end == "build"
    assert "undefined symbol: nobody" in ran.explanation


@pytest.mark.parametrize(
    "line",
    [
        '#include "/etc/passwd"',
        '#include "../../../../../../etc/passwd"',
        "#include </etc/passwd>",
        "#define F </etc/passwd>\n#include F",
        '#/* */include "/etc/passwd"',
        '#inc\\\nlude "/etc/passwd"',
        '__asm__(".incbin \\"/etc/passwd\\"");',
        '__asm__(".include \\"/etc/passwd\\"");',
    ],
)
def test_no_file_of_the_host_is_read(line: str, tmp_path: Path, own: str) -> None:
    answer = _answer(tmp_path, f"{own}\n{line}\n")
    assert "by their name alone" in answer.trouble
    with pytest.raises(CourseError, match="by their name alone"):
        answer.image(_PROGRAM)


@pytest.mark.parametrize(
    "line",
    [
        '%:include "/etc/passwd"',
        '__asm__(".inc" "bin \\"/etc/passwd\\"");',
        '__asm__(".macro a b c\\n.\\\\b\\\\c \\"/etc/passwd\\"\\n.endm\\na inc bin\\na inc lude");',
    ],
)
def test_nor_by_a_detour(line: str, tmp_path: Path, own: str) -> None:
    """What no pattern finds, the kernel refuses: root's own user names are nowhere in what comes back."""
    answer = _answer(tmp_path, f"{own}\n{line}\n")
    assert answer.trouble
    assert "root:" not in answer.trouble


def test_a_link_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / "answer.c").symlink_to("/etc/passwd")
    assert GuestAnswer(tmp_path, _PLACES).trouble == "answer.c is missing: it must be a file in the lab's folder"


def test_a_huge_file_is_no_answer(tmp_path: Path) -> None:
    assert "larger than" in _answer(tmp_path, "int x;\n" * 100_000).trouble


@pytest.mark.parametrize(
    "text",
    [
        '__asm__(".rept 1000000000\\n.quad 1, 2, 3, 4\\n.endr");',
        "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(A(x))))\nint y = 0 B(B(B(+ 1)));",
        '__asm__(".skip 500000000, 1");',
    ],
    ids=["repeats", "expands", "fills"],
)
def test_a_compiler_that_would_go_on_and_on_is_stopped(text: str, tmp_path: Path, own: str) -> None:
    begin = time.monotonic()
    trouble = _answer(tmp_path, f"{own}\n{text}\n").trouble
    assert "gave up on it" in trouble or "was stopped" in trouble
    assert time.monotonic() - begin < 60  # the limits are a sixth of that


def test_endless_messages_are_cut(tmp_path: Path, own: str) -> None:
    assert len(_answer(tmp_path, own + "int x = y;\n" * 2000).trouble) < 2000


def test_a_boot_that_resets_again_and_again_is_one_report(tmp_path: Path) -> None:
    ran = _boot_answer(tmp_path, "PDE_LARGE_PAGE 0x83", "PDE_LARGE_PAGE 0x82").boot(_PROGRAM)
    assert ran.end == "reset"
    assert "It began with #PF" in ran.trouble and "boot.S, line" in ran.trouble


def test_a_boot_that_hangs_is_found_where_it_is(tmp_path: Path) -> None:
    ran = _boot_answer(tmp_path, "call start", "jmp .").boot(_PROGRAM, seconds=1)
    assert (ran.end, ran.exit_status) == ("time", None)
    assert "boot.S, line 77: jmp ." in ran.trouble


def test_a_boot_that_loops_is_ended_by_what_it_has_had_of_the_processor(tmp_path: Path) -> None:
    ran = _boot_answer(tmp_path, "call start", "jmp .").boot(_PROGRAM, seconds=120)
    assert (ran.end, ran.exit_status) == ("time", None)
    assert ran.trouble.startswith("It has not ended within 3 seconds of processor time.")
    assert "boot.S, line 77: jmp ." in ran.trouble


def test_a_boot_that_prints_without_end_is_ended(tmp_path: Path) -> None:
    loop = "2:  mov $0x3f8, %edx\n    mov $'x', %eax\n    out %al, %dx\n    jmp 2b"
    ran = _boot_answer(tmp_path, "call start", loop).boot(_PROGRAM, seconds=3)
    assert ran.end in {"time", "output"}
    assert ran.console.startswith("xxxx")
    assert len(ran.trouble) < 3000


def test_a_panic_is_explained(tmp_path: Path, own: str) -> None:
    text = own.replace("return PROCESS_ID;", "return *(volatile int *)8;")
    program = tmp_path / "asks.c"
    program.write_text("#include <unistd.h>\nint main(void)\n{\n    return getpid();\n}\n")
    ran = _answer(tmp_path, text).boot(program)
    assert ran.end == "panic"
    assert "#PF, page fault: reading 0x8" in ran.trouble
    assert "answer.c" in ran.trouble


def test_a_status_that_is_not_zero_is_trouble(tmp_path: Path, own: str) -> None:
    program = tmp_path / "fails.c"
    program.write_text('#include <stdio.h>\nint main(void)\n{\n    puts("no");\n    return 3;\n}\n')
    ran = _answer(tmp_path, own + "\n").boot(program)
    assert ran.trouble == "the program ended with status 3; it printed:\nno"


def test_lab_5s_solution_is_the_courses_own_boot() -> None:
    """But for the labels and the comments at which the check stops and the stub is cut."""

    def bare(path: Path) -> list[str]:
        lines = [line.partition("/*")[0].strip() for line in path.read_text().splitlines()]
        lines = [line.replace("1f", "X").replace("long_mode_on", "X").replace("1:  ", "") for line in lines]
        labels = {"tables_made:", "paging_prepared:", "paging_on:", "X:"}
        code = [" ".join(line.split()) for line in lines if line and line not in labels and line[0] != "*"]
        return [line for line in code if not line.startswith(".globl pvh_start")]

    own = bare(libos.tree() / "arch/x86_64/boot.S")
    solution = bare(HERE / "05-into-long-mode" / "solution" / "boot.S")
    assert solution == [line.removeprefix("1: ") for line in own]
