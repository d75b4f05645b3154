"""The quiz that closes every notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import traitlets

from unilab.learn.look import STATIC, framed, live_style
from unilab.learn.question import Question, chosen
from unilab.views.static_form import StaticFormWidget, front_end

#: In ``Quiz.chosen``, for a question nobody has answered.
UNANSWERED = -1


class Quiz(StaticFormWidget):
    """Questions with instant feedback. Made by ``quiz``.

    Attributes:
        questions: The plain values.
        chosen: For each question, the index of the answer now chosen among those shown, or -1.
        seed: Which questions are asked, where there are others to ask.
    """

    _esm = front_end(STATIC / "quiz.js")
    _css = live_style()

    chosen = traitlets.List(traitlets.Int()).tag(sync=True)
    _shown = traitlets.List(traitlets.Dict()).tag(sync=True)

    #: Whether another seed asks other questions.
    _varies = traitlets.Bool(False).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)

    def __init__(self, questions: Sequence[Question] | Callable[[int], Sequence[Question]], *, seed: int = 0) -> None:
        self._ask = questions if callable(questions) else lambda _seed: questions
        super().__init__(seed=seed, _varies=callable(questions))
        self._draw()
        self.observe(lambda _change: self._draw(), names="seed")

    def _draw(self) -> None:
        self.questions = tuple(self._ask(self.seed))
        shown = []
        for question in self.questions:
            choices = question.shuffled()
            right = choices.index(question.answer)
            shown.append({"text": question.text, "choices": choices, "right": right, "why": question.why})
        with self.hold_sync():
            self.chosen = [UNANSWERED] * len(shown)
            self._shown = shown

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


def quiz(questions: str | Sequence[Question], *, seed: int = 0) -> Quiz:
    """Close a notebook with recall questions.

    Args:
        questions: A notebook's number, such as ``"03"``: its own questions, and two of earlier notebooks. Or the
            questions themselves.
        seed: Other numbers ask other variants of them.

    Raises:
        CourseError: The package has no questions for that notebook.
    """
    if not isinstance(questions, str):
        return Quiz(questions, seed=seed)
    chosen(questions)  # now, rather than on the first draw in the browser, if there are none
    return Quiz(lambda number: chosen(questions, seed=number), seed=seed)
