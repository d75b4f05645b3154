"""Recall questions as plain values, and the files they are kept in."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from pathlib import Path

from unilab.errors import CourseError

QUESTIONS = Path(__file__).parent / "questions"


@dataclass(frozen=True, slots=True)
class Question:
    """A question with one right answer.

    Attributes:
        text: The question.
        choices: At least two different answers, in any order: readers see ``shuffled``.
        answer: The right one, word for word.
        why: Why it is right, and what makes the others tempting.
    """

    text: str
    choices: tuple[str, ...]
    answer: str
    why: str

    def __post_init__(self) -> None:
        """Refuse a question that cannot be answered.

        Raises:
            ValueError: Fewer than two choices, a choice twice, or an answer that is none of them.
        """
        if len(self.choices) < 2 or len(set(self.choices)) < len(self.choices):
            raise ValueError(f"{self.text!r} needs at least two different choices")
        if self.answer not in self.choices:
            raise ValueError(f"{self.text!r}: the answer {self.answer!r} is none of the choices")

    def shuffled(self) -> list[str]:
        """The choices in an order that depends on the question alone, so that output repeats."""
        order = sorted(self.choices)
        random.Random(self.text).shuffle(order)
        return order


def load(notebook: str) -> tuple[Question, ...]:
    """Read a notebook's questions.

    Args:
        notebook: Its number, two digits.

    Raises:
        CourseError: There are none, or the file is not right.
    """
    path = QUESTIONS / f"{notebook}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in QUESTIONS.glob("*.toml")))
        raise CourseError(f"no questions for notebook {notebook!r}", remedy=f"choose from: {known}")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
        return tuple(Question(t["text"], tuple(t["choices"]), t["answer"], t["why"]) for t in tables)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CourseError(f"{path.name}: {error}", remedy="mend the file of questions") from error
