"""Predictions: the learner commits before seeing, then sees both side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Protocol

import traitlets
from anywidget import WidgetTrait

from unilab.errors import CourseError
from unilab.learn.comparison import Answer, Comparison, compare, parse_number
from unilab.learn.look import STATIC, framed
from unilab.views.static_form import StaticFormWidget, front_end

#: Predictions of this kernel by key, so that running a cell again does not throw an answer away.
_made: dict[str, Prediction] = {}


class Lockable(Protocol):
    """A view that can hide itself until a prediction is made, such as AddressSpaceView."""

    locked: bool

    def static_html(self) -> str:
        """Its HTML form."""
        ...

    def static_text(self) -> str:
        """Its text form."""
        ...


class Prediction(StaticFormWidget):
    """A question asked before the answer is shown. Made by ``predict``.

    Attributes:
        question: What is asked.
        unit: Unit of a number; empty for none.
        choices: What to choose from; empty where a number is wanted.
        state: ``open``, ``committed`` or ``skipped``.
        answer: What was committed, as typed or chosen; empty otherwise.
    """

    _esm = front_end(STATIC / "predict.js")
    _css = STATIC / "learn.css"

    question = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode("").tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    state = traitlets.Enum(("open", "committed", "skipped"), "open").tag(sync=True)
    answer = traitlets.Unicode("").tag(sync=True)

    def __init__(self, question: str, *, unit: str = "", choices: Sequence[str] = ()) -> None:
        super().__init__(question=question, unit=unit, choices=list(choices))

    @property
    def value(self) -> Answer | None:
        """What was predicted: a number, one of the choices, or None."""
        if self.state != "committed":
            return None
        return self.answer if self.choices else parse_number(self.answer)

    def commit(self, answer: Answer) -> None:
        """Commit from code what the Commit button commits.

        Raises:
            CourseError: The answer is not a number, or not one of the choices.
        """
        text = str(answer)
        if self.choices and text not in self.choices:
            raise CourseError(f"{text!r} is not one of the choices", remedy="choose from: " + ", ".join(self.choices))
        if not self.choices and parse_number(text) is None:
            raise CourseError(f"{text!r} is not a number", remedy="predict a number, such as 12 or 1500")
        with self.hold_sync():
            # The answer first: whoever waits for the state reads it.
            self.answer = text
            self.state = "committed"

    def skip(self) -> None:
        """See the observation without a prediction."""
        self.state = "skipped"

    def lock(self, view: Lockable) -> None:
        """Keep a view locked until the learner commits or skips."""
        view.locked = self.state == "open"
        self.observe(lambda change: setattr(view, "locked", change["new"] == "open"), names="state")

    def unlock(self, view: Lockable) -> None:
        """Show a view now, prediction or not."""
        view.locked = False

    def reveal(self, observed: Answer, *, then: Lockable | None = None, why: str = "") -> Reveal:
        """Show the prediction beside what was observed, as soon as there is one.

        Args:
            observed: What the cell above measured; in the unit of the prediction.
            then: A view to show below; locked until the learner commits or skips.
            why: A sentence or two that explain the observation.

        Returns:
            A widget that never blocks: it unlocks itself when the learner commits or skips, even after all
            cells have run. Its static form always holds the observation.
        """
        return Reveal(self, observed, then=then, why=why)

    def static_html(self) -> str:
        """The question and its choices."""
        choices = "".join(f"<li>{escape(choice)}</li>" for choice in self.choices)
        return framed(
            "predict",
            f'<p class="ul-question">Predict: {escape(self.question)}{escape(self._in_unit())}</p>'
            + (f"<ul>{choices}</ul>" if choices else ""),
        )

    def static_text(self) -> str:
        """The question and its choices."""
        return "\n".join([f"Predict: {self.question}{self._in_unit()}", *(f"  - {choice}" for choice in self.choices)])

    def _in_unit(self) -> str:
        return f" (in {self.unit})" if self.unit else ""


class Reveal(StaticFormWidget):
    """A prediction beside its observation. Made by ``Prediction.reveal``.

    Attributes:
        locked: Whether a prediction is still wanted.
        predicted: What was predicted, in words.
        observed: What was observed, in words.
        verdict: How they differ.
        why: The explanation.
        then: The view below, or None.
    """

    _esm = front_end(STATIC / "reveal.js")
    _css = STATIC / "learn.css"

    locked = traitlets.Bool(True).tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    predicted = traitlets.Unicode().tag(sync=True)
    observed = traitlets.Unicode().tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)
    why = traitlets.Unicode().tag(sync=True)
    then = WidgetTrait().tag(sync=True)

    def __init__(
        self, prediction: Prediction, observed: Answer, *, then: Lockable | None = None, why: str = ""
    ) -> None:
        self._prediction = prediction
        self._observed = observed
        if then is not None:
            prediction.lock(then)
        super().__init__(question=prediction.question, why=why, then=then)
        self._update()
        prediction.observe(lambda _change: self._update(), names="state")

    @property
    def comparison(self) -> Comparison:
        """The plain value that is on show."""
        return compare(self._prediction.value, self._observed, self._prediction.unit)

    def _update(self) -> None:
        comparison = self.comparison
        with self.hold_sync():
            self.predicted = comparison.predicted
            self.observed = comparison.observed
            self.verdict = comparison.verdict
            self.locked = self._prediction.state == "open"

    def static_html(self) -> str:
        """Both values, the explanation and the view's own static form."""
        comparison = self.comparison
        rows = [("Predicted", comparison.predicted), ("Observed", comparison.observed)]
        pairs = "".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in rows)
        words = "".join(f"<p>{escape(text)}</p>" for text in (comparison.verdict, self.why) if text)
        shown = framed("reveal", f"<dl>{pairs}</dl>{words}", self._prediction.state)
        return shown + self._of_view(lambda view: view.static_html(), "")

    def static_text(self) -> str:
        """The same as text."""
        text = "\n".join([str(self.comparison), self.why] if self.why else [str(self.comparison)])
        return text + self._of_view(lambda view: view.static_text(), "\n\n")

    def _of_view(self, form: Callable[[Lockable], str], before: str) -> str:
        view: Any = self.then
        return "" if view is None else before + form(view)


def predict(
    question: str,
    *,
    unit: str = "",
    choices: Sequence[str] | None = None,
    key: str | None = None,
    locks: Lockable | None = None,
) -> Prediction:
    """Ask the learner to commit to an answer before seeing it.

    Args:
        question: What is asked; a whole sentence.
        unit: Unit of the number that is wanted.
        choices: Answers to choose from; without them, a number is wanted.
        key: A name under which this kernel remembers the answer when the cell is run again;
            by default the question itself.
        locks: A view that stays hidden until the learner commits or skips.

    Returns:
        The prediction, a widget: show it, then pass the observation to its ``reveal`` in a later cell.
    """
    name = question if key is None else key
    prediction = _made.get(name)
    asked = (question, unit, list(choices or ()))
    if prediction is None or (prediction.question, prediction.unit, prediction.choices) != asked:
        prediction = _made[name] = Prediction(question, unit=unit, choices=choices or ())
    if locks is not None:
        prediction.lock(locks)
    return prediction
