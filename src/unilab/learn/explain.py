"""``explain``: a crash, or a message of the compiler, as a teacher would read it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from unilab.errors import CompileError, CourseError, MachineError
from unilab.learn.explain_compile import read_message
from unilab.learn.explain_crash import of_crash, of_stuck
from unilab.learn.look import framed
from unilab.machines import Machine, Result
from unilab.machines.crash import Crash


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """What happened, and what to look at. Shown by Jupyter as HTML and as text.

    Attributes:
        title: In a sentence.
        facts: What is known, each with a name. A value may have several lines.
        checks: What to check, most likely first.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    checks: tuple[str, ...]

    def __repr__(self) -> str:
        """The text form."""
        lines = [self.title]
        for name, text in self.facts:
            first, *more = text.split("\n")
            lines += [f"  {name}: {first}".rstrip(), *(f"      {line}" for line in more)]
        if self.checks:
            lines += ["  What to check:", *(f"    - {check}" for check in self.checks)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Jupyter's hook."""
        facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{_lines(text)}</dd></div>" for name, text in self.facts)
        checks = "".join(f"<li>{escape(check)}</li>" for check in self.checks)
        return framed(
            "explain",
            f'<p class="ul-question">{escape(self.title)}</p><dl>{facts}</dl>'
            + (f"<p>What to check:</p><ul>{checks}</ul>" if checks else ""),
        )


def _lines(text: str) -> str:
    """One line as words; several as they stand."""
    # JupyterLab breaks long lines of a pre anywhere, also within a word.
    pre = f'<pre style="word-break: normal">{escape(text.lstrip(chr(10)))}</pre>'
    return pre if "\n" in text else escape(text)


def explain(ended: Result | Machine | MachineError | CompileError | Crash) -> Explanation:
    """Read a crash, or a message of the compiler.

    Args:
        ended: What ``run(..., check=False)`` gave back; a machine that has ended, or one that does not and should; or
            a caught error.

    Returns:
        What happened: the exception, the address and what lies there, the page-table entry that matters, the line of
        the source; and what to check. Of a program that ended by itself: that it did.

    Raises:
        CourseError: It is nothing that can be explained.
    """
    if isinstance(ended, CompileError):
        return Explanation(*read_message(ended))
    if isinstance(ended, Machine):
        if not ended.ended_within(0):
            return Explanation(*of_stuck(ended))
        ended = ended.result()
    evidence = ended if isinstance(ended, Crash) else getattr(ended, "crash", None)
    if isinstance(evidence, Crash):
        return Explanation(*of_crash(evidence))
    if isinstance(ended, Result | MachineError):
        return _without_evidence(ended)
    raise CourseError(
        f"a {type(ended).__name__} cannot be explained",
        remedy="give what run(..., check=False) returned, or an error that was caught",
    )


def _without_evidence(ended: Result | MachineError) -> Explanation:
    if isinstance(ended, MachineError):
        return Explanation(ended.message, (("Console", _tail(ended.console)),), (ended.remedy,) if ended.remedy else ())
    return Explanation(f"It did not crash: it ended by itself, with exit status {ended.exit_status}.", (), ())


def _tail(console: str) -> str:
    return "\n".join(console.splitlines()[-MachineError.TAIL :]) or "it printed nothing"
