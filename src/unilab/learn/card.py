"""The card that opens every notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from unilab.learn import journal
from unilab.learn.look import framed


@dataclass(frozen=True, slots=True)
class Card:
    """What a notebook asks of its reader and gives back. Shown by Jupyter as HTML and as text.

    Attributes:
        question: The question the notebook answers.
        objectives: What the reader will be able to do.
        prerequisites: What to know or have done before.
        time: How long it takes, such as ``35 minutes``.
        machine: What runs on which machine.
        fallback: What happens where a machine lacks something.
    """

    question: str
    objectives: tuple[str, ...]
    prerequisites: str = ""
    time: str = ""
    machine: str = ""
    fallback: str = ""

    def _facts(self) -> list[tuple[str, str]]:
        facts = [
            ("Before this", self.prerequisites),
            ("Time", self.time),
            ("Runs on", self.machine),
            ("Otherwise", self.fallback),
        ]
        return [(name, text) for name, text in facts if text]

    def __repr__(self) -> str:
        """The text form."""
        lines = [self.question, "", "Afterwards you can:"]
        lines += [f"  {number}. {text}" for number, text in enumerate(self.objectives, 1)]
        if facts := self._facts():
            lines += ["", *(f"{name}: {text}" for name, text in facts)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Jupyter's hook."""
        objectives = "".join(f"<li>{escape(text)}</li>" for text in self.objectives)
        facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in self._facts())
        return framed(
            "card",
            f'<p class="ul-question">{escape(self.question)}</p>'
            f"<p>Afterwards you can:</p><ol>{objectives}</ol>" + (f"<dl>{facts}</dl>" if facts else ""),
        )


def card(
    *,
    question: str,
    objectives: Sequence[str],
    prerequisites: str = "",
    time: str = "",
    machine: str = "",
    fallback: str = "",
    notebook: str = "",
) -> Card:
    """Open a notebook: its question, and what it asks and gives.

    Args:
        question: The question the notebook answers.
        objectives: What the reader will be able to do, each tied to one check.
        prerequisites: What to know or have done before.
        time: How long it takes.
        machine: What runs on which machine.
        fallback: What happens where a machine lacks something.
        notebook: Its number, two digits: then checks can say which of the objectives they are about, and progress is
            kept.
    """
    if notebook:
        journal.open_notebook(notebook, objectives)
    return Card(question, tuple(objectives), prerequisites, time, machine, fallback)
