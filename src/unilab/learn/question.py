"""Recall questions as plain values, and the files they are kept in."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        variants: Other questions that ask for the same: one of them may take its place.
    """

    text: str
    choices: tuple[str, ...]
    answer: str
    why: str
    variants: tuple[Question, ...] = ()

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

    def variant(self, seed: int) -> Question:
        """This question, for seed 0, or, for others, one that asks for the same by chance."""
        return random.Random(f"{seed} {self.text}").choice((self, *self.variants)) if seed else self


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
        return tuple(_question(table, table) for table in tables)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CourseError(f"{path.name}: {error}", remedy="mend the file of questions") from error


def _question(table: dict[str, Any], base: dict[str, Any]) -> Question:
    """A question out of a file; a variant takes from ``base`` what it does not say."""

    def of(name: str) -> Any:
        return table.get(name, base[name])

    variants = tuple(_question(variant, table) for variant in table.get("variant", ())) if table is base else ()
    return Question(of("text"), tuple(of("choices")), of("answer"), of("why"), variants)


def chosen(notebook: str, *, earlier: int = 2, seed: int = 0) -> tuple[Question, ...]:
    """A notebook's own questions, and some of earlier notebooks, so that these are not forgotten.

    Args:
        notebook: Its number, two digits.
        earlier: How many of earlier notebooks, if there are as many.
        seed: Chooses among variants, and which earlier ones; the same seed gives the same questions.
    """
    own = [question.variant(seed) for question in load(notebook)]
    before = [path.stem for path in sorted(QUESTIONS.glob("*.toml")) if path.stem < notebook]
    pool = [question for name in before for question in load(name)]
    draw = random.Random(f"{seed} {notebook}")
    return (*own, *(question.variant(seed) for question in draw.sample(pool, min(earlier, len(pool)))))
