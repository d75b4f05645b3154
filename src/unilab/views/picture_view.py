"""What every view of a picture has in common: task, height, lock, live picture and table, static form, saving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import traitlets

from unilab.errors import CourseError
from unilab.views.static_form import StaticFormWidget, picture_html
from unilab.views.theme import Theme


class PictureView(StaticFormWidget):
    """A picture that Python draws and the browser moves; ``static/frame.js`` puts the rest around it.

    A subclass gives ``svg``, ``table``, ``table_html`` and ``picture_label``, and calls ``draw``
    whenever one of them would give something else.

    Args:
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        task: As given; may be changed while shown.
        height: As given; may be changed while shown.
        locked: Whether a prediction is wanted before the picture is shown.
    """

    task = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(760).tag(sync=True)
    locked = traitlets.Bool(False).tag(sync=True)
    _picture = traitlets.Unicode("").tag(sync=True)
    _table = traitlets.Unicode("").tag(sync=True)
    # What the details panel says, by the key of the thing that is selected.
    _details = traitlets.Dict().tag(sync=True)
    # A question of the browser's and the answer to it carry the same number.
    _question = traitlets.Dict().tag(sync=True)
    _answer = traitlets.Dict().tag(sync=True)

    def __init__(self, *, task: str = "", height: int = 760, **kwargs: Any) -> None:
        super().__init__(task=task, height=height, **kwargs)
        self.observe(self._reply, names="_question")

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture."""
        raise NotImplementedError

    def table(self) -> str:
        """The same facts as text."""
        raise NotImplementedError

    def table_html(self) -> str:
        """The same facts as HTML tables."""
        raise NotImplementedError

    def picture_label(self) -> str:
        """What the picture shows, in a few words: ``Map of hello as a process``."""
        raise NotImplementedError

    def details(self) -> dict[str, dict[str, str]]:
        """Key of what can be selected -> field -> text."""
        return {}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer what the browser asks of Python; what a view can be asked, it says itself.

        Raises:
            CourseError: There is no answer. The browser shows why.
        """
        raise CourseError(f"{type(self).__name__} answers no questions")

    def _reply(self, change: dict[str, Any]) -> None:
        question = change["new"]
        try:
            # The front end wants to know whether anybody is there.
            answer = {} if "ping" in question else self.answer(question)
        except CourseError as error:
            answer = {"error": str(error)}
        self._answer = answer | {"number": question.get("number")}

    def save(self, path: str | Path, *, theme: Theme = "light") -> Path:
        """Write the picture to a file.

        Args:
            path: Where to; the name must end in ``.svg``.
            theme: ``light`` and ``dark`` suit any SVG reader; ``auto`` needs a browser.

        Raises:
            CourseError: The name does not end in ``.svg``.
        """
        path = Path(path)
        if path.suffix != ".svg":
            raise CourseError(f"{path.name}: the picture is SVG", remedy="give a file name that ends in .svg")
        path.write_text(self.svg(theme=theme) + "\n", encoding="utf-8")
        return path

    def draw(self) -> None:
        """Send picture, table and details anew, in one message, so that they never disagree."""
        with self.hold_sync():
            self._picture = self.svg()
            self._table = self.table_html()
            self._details = self.details()

    def static_html(self) -> str:
        """The picture, and the table folded away below it."""
        alt = f"{self.picture_label()}; the table below says the same"
        return picture_html(self.svg(theme="light"), alt=alt, table=self.table_html(), task=self.task)

    def static_text(self) -> str:
        """The task and the table."""
        return f"{self.task}\n\n{self.table()}" if self.task else self.table()
