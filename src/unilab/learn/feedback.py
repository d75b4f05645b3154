"""Instant feedback on an exercise: a hint on the first miss, the answer on the third, never a traceback."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from types import EllipsisType
from typing import Literal

from unilab.errors import CourseError, MachineError
from unilab.learn import journal
from unilab.learn.look import framed

State = Literal["right", "missed", "untried"]

#: Misses in a row by check, in this kernel.
_misses: Counter[str] = Counter()

#: The miss from which on the answer is shown.
ANSWER_AFTER = 3


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a learner hears back. Shown by Jupyter as HTML and as text.

    Attributes:
        name: The check's.
        state: ``right``, ``missed`` or ``untried``.
        message: What to say.
    """

    name: str
    state: State
    message: str

    def __bool__(self) -> bool:
        """Whether it is right."""
        return self.state == "right"

    def __repr__(self) -> str:
        """The text form."""
        sign = {"right": "✓", "missed": "✗", "untried": "…"}[self.state]
        return f"{sign} {self.name}: {self.message}"

    def _repr_html_(self) -> str:
        """Jupyter's hook."""
        sign, _, text = repr(self).partition(" ")
        return framed(
            "check", f'<p role="status"><span aria-hidden="true">{sign}</span> {escape(text)}</p>', self.state
        )


def check(
    name: str,
    attempt: bool | Callable[[], object] | EllipsisType | None,
    *,
    hints: Sequence[str] = (),
    answer: str = "",
    objective: int | None = None,
) -> Feedback:
    """Tell the learner how an exercise went.

    Args:
        name: What is checked, in a few words; misses are counted by it.
        attempt: Whether it is right, or a function that says so; an error in the function is a miss.
            ``...`` or None, as exercises start out, is not counted as a try.
        hints: One for the first miss, one for the second.
        answer: Shown from the third miss on.
        objective: Which of the card's objectives it shows, from 1.
    """
    if attempt is None or attempt is ...:
        return Feedback(name, "untried", "not tried yet.")
    trouble = ""
    try:
        right = bool(attempt() if callable(attempt) else attempt)
    except MachineError as error:
        # Its command is of the host, and says nothing of the learner's program.
        right, trouble = False, str(MachineError(error.message, console=error.console, remedy=error.remedy))
    except CourseError as error:
        right, trouble = False, str(error)
    except (Exception, SystemExit) as error:
        # Whatever the learner's code raises belongs in the feedback, in words; exit() raises SystemExit.
        right, trouble = False, f"{type(error).__name__}: {error}"
    if objective is not None:
        journal.note(objective, "done" if right else "tried")
    if right:
        _misses.pop(name, None)
        return Feedback(name, "right", "right.")
    _misses[name] += 1
    words = ["not yet."]
    if trouble:
        words.append(f"It stopped with: {trouble if trouble[-1] in '.?!' else f'{trouble}.'}")
    if answer and _misses[name] >= ANSWER_AFTER:
        words.append(f"Answer: {answer}")
    elif hints:
        words.append(f"Hint: {hints[min(_misses[name], len(hints)) - 1]}")
    return Feedback(name, "missed", " ".join(words))
