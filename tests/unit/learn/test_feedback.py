from __future__ import annotations

from xml.etree import ElementTree

import pytest

from unilab.errors import CompileError, CourseError, DeadlineExceeded
from unilab.learn import Feedback, check

HINTS = ["look at the highest region", "it ends with f000"]
ANSWER = "0x7fff_ffff_f000"


def test_right_is_right_and_true() -> None:
    feedback = check("the stack", 1 + 1 == 2)
    assert feedback
    assert repr(feedback) == "✓ the stack: right."


@pytest.mark.parametrize("attempt", [None, ...])
def test_an_exercise_as_it_starts_out_is_not_a_miss(attempt: object) -> None:
    assert check("the stack", attempt, hints=HINTS).state == "untried"  # type: ignore[arg-type]
    assert HINTS[0] in check("the stack", False, hints=HINTS).message


def test_hint_hint_answer() -> None:
    messages = [check("the stack", False, hints=HINTS, answer=ANSWER).message for _ in range(4)]
    assert messages == [
        f"not yet. Hint: {HINTS[0]}",
        f"not yet. Hint: {HINTS[1]}",
        f"not yet. Answer: {ANSWER}",
        f"not yet. Answer: {ANSWER}",
    ]


def test_without_an_answer_the_last_hint_stays() -> None:
    messages = [check("the stack", False, hints=HINTS[:1]).message for _ in range(3)]
    assert messages == [f"not yet. Hint: {HINTS[0]}"] * 3
    assert check("the heap", False).message == "not yet."


def test_misses_are_counted_by_name_and_forgotten_when_right() -> None:
    check("the stack", False, hints=HINTS)
    assert HINTS[0] in check("the heap", False, hints=HINTS).message
    check("the stack", True)
    assert HINTS[0] in check("the stack", False, hints=HINTS).message


def misspelt() -> object:
    return nothing_of_this_name  # type: ignore[name-defined] # noqa: F821


def leave() -> object:
    raise SystemExit(3)


def does_not_compile() -> object:
    raise CompileError("hello.c:1:5: error: expected ';'\n    int x\n         ^", remedy="mend line 1")


def never_ends() -> object:
    raise DeadlineExceeded("mine.c was still running", command=["qemu", "-m", "64M"], exit_code=-9, console="so far\n")


def asks() -> object:
    raise CourseError("is there a loop?")


class Undecided:
    def __bool__(self) -> bool:
        raise ValueError("neither true nor false.")


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (misspelt, "It stopped with: NameError: name 'nothing_of_this_name' is not defined."),
        (leave, "It stopped with: SystemExit: 3."),
        (lambda: 1 / 0, "It stopped with: ZeroDivisionError: division by zero."),
        (never_ends, "It stopped with: mine.c was still running\n  last console lines:\n    so far."),
        (asks, "It stopped with: is there a loop?"),
        (Undecided(), "It stopped with: ValueError: neither true nor false."),
        (
            does_not_compile,
            "It stopped with: hello.c:1:5: error: expected ';'\n    int x\n         ^\nTo mend it: mend line 1.",
        ),
    ],
)
def test_an_error_in_the_attempt_is_a_miss_in_words(attempt: object, words: str) -> None:
    feedback = check("the stack", attempt, hints=HINTS)  # type: ignore[arg-type]
    assert not feedback
    assert feedback.message == f"not yet. {words} Hint: {HINTS[0]}"


def test_a_function_says_whether_it_is_right() -> None:
    assert check("the stack", lambda: [1])
    assert not check("the stack", lambda: [])


def test_html_says_the_same_escaped() -> None:
    form = ElementTree.fromstring(Feedback("a < b", "missed", "no & no")._repr_html_())
    assert form.get("data-state") == "missed"
    [line] = form.iter("p")
    assert "".join(line.itertext()) == "✗ a < b: no & no"


def test_what_is_between_dollar_signs_is_no_formula() -> None:
    """JupyterLab would set it as one, unless a class forbids it."""
    two, one = (Feedback("it", "missed", text)._repr_html_() for text in ("mov $1, %al; mov $2, %dx", "mov $1, %al"))
    assert "mathjax_ignore" in str(ElementTree.fromstring(two).get("class"))
    assert ElementTree.fromstring(one).get("class") == "ul ul-check"
