"""Predictions: the learner commits before seeing, then sees both side by side."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

import traitlets
from anywidget import WidgetTrait

from unilab.errors import CourseError
from unilab.learn.comparison import Answer, Comparison, Span, compare, parse_number
from unilab.learn.look import STATIC, framed, live_style
from unilab.views.static_form import StaticFormWidget, front_end

#: predict.js has the same rule.
_SPAN = re.compile(r"\s*(0x[0-9a-f]+|\d+)\s*-\s*(0x[0-9a-f]+|\d+)\s*", re.IGNORECASE)

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
        kind: What is wanted: ``number``, ``choice``, ``order`` or ``span``.
        unit: Unit of a number; empty for none.
        choices: What to choose from, or to put in order; empty for the other kinds.
        scale: For a span: the lowest address and the one past the highest, as hexadecimal text.
        landmarks: For a span: addresses that are known, as hexadecimal text, and what lies there.
        state: ``open``, ``committed`` or ``skipped``.
        answer: What was committed, as typed or chosen; an order is one thing a line; empty otherwise.
    """

    _esm = front_end(STATIC / "predict.js")
    _css = live_style()

    question = traitlets.Unicode().tag(sync=True)
    kind = traitlets.Enum(("number", "choice", "order", "span"), "number").tag(sync=True)
    unit = traitlets.Unicode("").tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    scale = traitlets.List(traitlets.Unicode()).tag(sync=True)
    landmarks = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    state = traitlets.Enum(("open", "committed", "skipped"), "open").tag(sync=True)
    answer = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        question: str,
        *,
        kind: str = "number",
        unit: str = "",
        choices: Sequence[str] = (),
        scale: Span | None = None,
        landmarks: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(
            question=question,
            kind=kind,
            unit=unit,
            choices=list(choices),
            scale=[] if scale is None else [hex(scale.start), hex(scale.end)],
            landmarks=[[hex(address), name] for address, name in sorted((landmarks or {}).items())],
        )

    @property
    def asks(self) -> tuple[object, ...]:
        """Everything that is asked, to tell whether two predictions are the same."""
        return self.question, self.kind, self.unit, self.choices, self.scale, self.landmarks

    @property
    def value(self) -> Answer | None:
        """What was predicted: a number, a choice, the things in their order, a Span, or None."""
        return self._parse(self.answer) if self.state == "committed" else None

    def _parse(self, text: str) -> Answer | None:
        match self.kind:
            case "choice":
                return text if text in self.choices else None
            case "order":
                things = tuple(text.split("\n"))
                return things if sorted(things) == sorted(self.choices) else None
            case "span":
                low, high = (int(edge, 16) for edge in self.scale)
                match = _SPAN.fullmatch(text)
                start, end = (int(match[1], 0), int(match[2], 0)) if match else (0, 0)
                return Span(start, end) if low <= start < end <= high else None
            case _:
                return parse_number(text)

    def commit(self, answer: Answer) -> None:
        """Commit from code what the Commit button commits.

        Raises:
            CourseError: The answer is not what is asked for.
        """
        text = "\n".join(answer) if isinstance(answer, tuple) else str(answer)
        if isinstance(answer, Span):
            text = f"{answer.start:#x}-{answer.end:#x}"
        if self._parse(text) is None:
            message, remedy = self._refusal(text)
            raise CourseError(message, remedy=remedy)
        with self.hold_sync():
            # The answer first: whoever waits for the state reads it.
            self.answer = text
            self.state = "committed"

    def _refusal(self, text: str) -> tuple[str, str]:
        match self.kind:
            case "choice":
                return f"{text!r} is not one of the choices", "choose from: " + ", ".join(self.choices)
            case "order":
                return "that is not an order of these things", "put in order: " + ", ".join(self.choices)
            case "span":
                return f"{text!r} is no range of addresses", "stay between " + " and ".join(self.scale)
            case _:
                return f"{text!r} is not a number", "predict a number, such as 12 or 1500"

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
        choices = "".join(f"<li>{escape(choice)}</li>" for choice in self._offered())
        return framed(
            "predict",
            f'<p class="ul-question">Predict: {escape(self.question)}{escape(self._in_unit())}</p>'
            + (f"<ul>{choices}</ul>" if choices else ""),
        )

    def static_text(self) -> str:
        """The question and its choices."""
        return "\n".join(
            [f"Predict: {self.question}{self._in_unit()}", *(f"  - {choice}" for choice in self._offered())]
        )

    def _offered(self) -> list[str]:
        """What there is to choose from or to go by, a line each."""
        return [*self.choices, *(f"{address}: {name}" for address, name in self.landmarks)]

    def _in_unit(self) -> str:
        if self.kind == "span":
            return f" (addresses between {' and '.join(self.scale)})"
        if self.kind == "order":
            return " (put in order)"
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
    _css = live_style()

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
    order: Sequence[str] | None = None,
    span: Span | tuple[int, int] | None = None,
    landmarks: Mapping[int, str] | None = None,
    key: str | None = None,
    locks: Lockable | None = None,
) -> Prediction:
    """Ask the learner to commit to an answer before seeing it.

    Args:
        question: What is asked; a whole sentence.
        unit: Unit of the number that is wanted, where nothing of the following is given.
        choices: Answers to choose from.
        order: Things to put in order. They are offered in an order that depends on the question alone.
        span: A range of addresses, ``(lowest, one past the highest)``, in which to sketch where something lies.
        landmarks: What is known to lie where, beside that sketch.
        key: A name under which this kernel remembers the answer when the cell is run again;
            by default the question itself.
        locks: A view that stays hidden until the learner commits or skips.

    Returns:
        The prediction, a widget: show it, then pass the observation to its ``reveal`` in a later cell: a number, a
        choice, the things in their order, or a Span.

    Raises:
        CourseError: More than one kind of answer is asked for, or a range has nothing in it.
    """
    if sum(given is not None for given in (choices, order, span)) > 1:
        raise CourseError("a prediction is one of choices, order and span", remedy="ask two questions")
    scale = Span(*span) if isinstance(span, tuple) else span
    if scale is not None and not 0 <= scale.start < scale.end <= 1 << 64:
        raise CourseError(f"no addresses lie between {scale.start:#x} and {scale.end:#x}", remedy="give (lowest, end)")
    kind = "choice" if choices else "order" if order else "span" if scale else "number"
    offered = list(choices or ())
    if order:
        offered = sorted(order)
        random.Random(question).shuffle(offered)
        if offered == list(order):
            offered.reverse()  # chance would give the answer away
    asked = Prediction(question, kind=kind, unit=unit, choices=offered, scale=scale, landmarks=landmarks)
    name = question if key is None else key
    before = _made.get(name)
    if before is not None and before.asks == asked.asks:
        asked = before
    prediction = _made[name] = asked
    if locks is not None:
        prediction.lock(locks)
    return prediction
