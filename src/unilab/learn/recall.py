"""The quiz that closes every notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import traitlets

from unilab.learn.look import STATIC, framed
from unilab.learn.question import Question, load
from unilab.views.static_form import StaticFormWidget, front_end

#: In ``Quiz.chosen``, for a question nobody has answered.
UNANSWERED = -1


class Quiz(StaticFormWidget):
    """Questions with instant feedback. Made by ``quiz``.

    Attributes:
        questions: The plain values.
        chosen: For each question, the index of the answer now chosen among those shown, or -1.
    """

    _esm = front_end(STATIC / "quiz.js")
    _css = STATIC / "learn.css"

    chosen = traitlets.List(traitlets.Int()).tag(sync=True)
    _shown = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, questions: Sequence[Question], **kwargs: Any) -> None:
        self.questions = tuple(questions)
        shown = []
        for question in self.questions:
            choices = question.shuffled()
            right = choices.index(question.answer)
            shown.append({"text": question.text, "choices": choices, "right": right, "why": question.why})
        super().__init__(_shown=shown, chosen=[UNANSWERED] * len(shown), **kwargs)

    @property
    def score(self) -> int:
        """How many are right now."""
        pairs = zip(self.chosen, self._shown, strict=True)
        return sum(chosen == question["right"] for chosen, question in pairs)

    def static_html(self) -> str:
        """The questions, each with its answer folded away."""
        items = []
        for question in self.questions:
            choices = "".join(f"<li>{escape(choice)}</li>" for choice in question.shuffled())
            items.append(
                f'<li><p class="ul-question">{escape(question.text)}</p><ul>{choices}</ul>'
                f"<details><summary>Answer</summary><p><strong>{escape(question.answer)}.</strong> "
                f"{escape(question.why)}</p></details></li>"
            )
        return framed("quiz", f"<ol>{''.join(items)}</ol>")

    def static_text(self) -> str:
        """The questions and their choices, without answers."""
        lines = []
        for number, question in enumerate(self.questions, 1):
            lines.append(f"{number}. {question.text}")
            lines += [f"   - {choice}" for choice in question.shuffled()]
        return "\n".join(lines)


def quiz(questions: str | Sequence[Question]) -> Quiz:
    """Close a notebook with recall questions.

    Args:
        questions: A notebook's number, such as ``"00"``, or the questions themselves.

    Raises:
        CourseError: The package has no questions for that notebook.
    """
    return Quiz(load(questions) if isinstance(questions, str) else questions)
