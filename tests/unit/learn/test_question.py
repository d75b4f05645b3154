from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import CourseError
from unilab.learn import Question, question
from unilab.learn.question import QUESTIONS, load

FILES = sorted(path.stem for path in QUESTIONS.glob("*.toml"))


def test_notebook_00_has_questions() -> None:
    assert "00" in FILES


@pytest.mark.parametrize("notebook", FILES)
def test_every_file_of_questions_loads(notebook: str) -> None:
    questions = load(notebook)
    assert len(questions) >= 3
    assert len({q.text for q in questions}) == len(questions)
    for asked in questions:
        assert len(asked.choices) >= 3
        assert asked.text.endswith("?")
        assert asked.why.endswith(".")
        assert not asked.answer.endswith("."), "the static form adds the full stop"


@pytest.mark.parametrize("notebook", FILES)
def test_the_right_answer_is_not_always_in_the_same_place(notebook: str) -> None:
    places = [asked.shuffled().index(asked.answer) for asked in load(notebook)]
    assert len(set(places)) > 1


def test_the_order_of_choices_depends_on_the_question_alone() -> None:
    forwards = Question("Why?", ("a", "b", "c", "d"), "a", "So.")
    backwards = Question("Why?", ("d", "c", "b", "a"), "a", "So.")
    assert forwards.shuffled() == backwards.shuffled()
    assert sorted(forwards.shuffled()) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("choices", "answer", "trouble"),
    [
        (("a",), "a", "two different"),
        (("a", "b", "a"), "a", "two different"),
        (("a", "b"), "c", "none of the choices"),
    ],
)
def test_a_question_nobody_could_answer_is_refused(choices: tuple[str, ...], answer: str, trouble: str) -> None:
    with pytest.raises(ValueError, match=trouble):
        Question("Why?", choices, answer, "So.")


def test_a_missing_file_names_those_there_are() -> None:
    with pytest.raises(CourseError, match=r"99.*\n.*00"):
        load("99")


@pytest.mark.parametrize(
    "text",
    [
        "question = [",
        "",
        "question = 1",
        '[[question]]\ntext = "Why?"',
        '[[question]]\ntext = "Why?"\nchoices = ["a"]\nanswer = "a"\nwhy = "So."',
    ],
)
def test_a_broken_file_is_an_error_with_its_name(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "42.toml").write_text(text)
    monkeypatch.setattr(question, "QUESTIONS", tmp_path)
    with pytest.raises(CourseError, match=r"42\.toml"):
        load("42")
