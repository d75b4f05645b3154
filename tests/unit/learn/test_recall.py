from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from unilab.errors import CourseError
from unilab.learn import Question, question, quiz
from unilab.learn.question import load

WHICH = Question("Which <one>?", ("this", "that", "neither & nor"), "neither & nor", "Because.")
WHO = Question("Who?", ("the kernel", "the program"), "the kernel", "It does.")


def places(*questions: Question) -> list[int]:
    return [question.shuffled().index(question.answer) for question in questions]


def test_nothing_is_answered_at_first() -> None:
    asked = quiz([WHICH, WHO])
    assert asked.chosen == [-1, -1]
    assert asked.score == 0


def test_the_score_counts_what_is_right_now() -> None:
    asked = quiz([WHICH, WHO])
    which, who = places(WHICH, WHO)
    asked.chosen = [which, 1 - who]
    assert asked.score == 1
    asked.chosen = [which, who]
    assert asked.score == 2
    asked.chosen = [(which + 1) % 3, -1]
    assert asked.score == 0


def test_a_number_names_the_questions_of_a_notebook() -> None:
    assert quiz("00").questions == load("00")
    with pytest.raises(CourseError, match="99"):
        quiz("99")


def test_the_browser_gets_the_choices_in_the_order_shown_with_the_right_one() -> None:
    [shown] = quiz([WHICH]).get_state()["_shown"]
    assert shown["text"] == WHICH.text
    assert shown["choices"][shown["right"]] == WHICH.answer
    assert shown["why"] == WHICH.why


def test_static_html_folds_the_answer_away() -> None:
    form = ElementTree.fromstring(quiz([WHICH, WHO]).static_html())
    items = list(form.iterfind("ol/li"))
    assert [item.findtext("p") for item in items] == ["Which <one>?", "Who?"]
    assert [choice.text for choice in items[0].iterfind("ul/li")] == WHICH.shuffled()
    answer = items[0].find("details/p")
    assert answer is not None
    assert "".join(answer.itertext()) == "neither & nor. Because."


def test_static_text_has_questions_and_no_answers() -> None:
    text = quiz([WHO]).static_text()
    assert text.splitlines() == ["1. Who?", *(f"   - {choice}" for choice in WHO.shuffled())]
    assert "It does." not in text


def _file(folder: Path, name: str, *texts: str) -> None:
    (folder / f"{name}.toml").write_text(
        "\n".join(
            f'[[question]]\ntext = "{text}"\nchoices = ["a", "b"]\nanswer = "a"\nwhy = "so"\n'
            f'[[question.variant]]\ntext = "{text}, otherwise"\nanswer = "b"\n'
            for text in texts
        )
    )


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, texts in {"00": ("q0", "q1", "q2"), "01": ("q3",), "02": ("q4", "q5")}.items():
        _file(tmp_path, name, *texts)
    monkeypatch.setattr(question, "QUESTIONS", tmp_path)


def test_two_questions_come_from_earlier_notebooks(course: None) -> None:
    texts = [one.text for one in quiz("02").questions]
    assert texts[:2] == ["q4", "q5"]
    assert len(texts) == 4 and set(texts[2:]) < {"q0", "q1", "q2", "q3"}
    assert [one.text for one in quiz("00").questions] == ["q0", "q1", "q2"]


def test_a_seed_gives_the_same_questions_and_others_give_variants(course: None) -> None:
    assert quiz("02", seed=5).questions == quiz("02", seed=5).questions
    seen = {one.text for seed in range(1, 30) for one in quiz("02", seed=seed).questions[:2]}
    assert seen == {"q4", "q4, otherwise", "q5", "q5, otherwise"}
    variant = next(one for seed in range(30) for one in quiz("02", seed=seed).questions if one.text == "q4, otherwise")
    assert (variant.choices, variant.answer) == (("a", "b"), "b")


def test_the_browser_asks_for_others(course: None) -> None:
    asked = quiz("02")
    asked.chosen = [0, 0, 0, 0]
    asked.set_state({"seed": 3})
    assert asked.questions == quiz("02", seed=3).questions
    assert asked.chosen == [-1] * 4
