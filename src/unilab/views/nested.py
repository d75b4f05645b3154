"""A byte followed down: from the guest's virtual address to the frame in the host."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import traitlets

from unilab.errors import CourseError
from unilab.spaces.nested import Nested
from unilab.views import nested_drawing
from unilab.views.find import parse_address
from unilab.views.picture_view import PictureView
from unilab.views.static_form import front_end, look
from unilab.views.theme import STATIC, Theme
from unilab.views.words import UNKNOWN, address_text

_COLUMNS = ("space", "address", "region", "bytes", "read by", "translated by")


class NestedView(PictureView):
    """One byte's place in each of several nested address spaces.

    Args:
        nested: What to show, one at a time.
        follow: Follows the byte at another guest virtual address, for instance a live machine's ``nested``; without
            it, or when the machine has ended, only ``nested`` is shown.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        shown: Which of ``nested`` is shown, from 0.
        byte: Which byte of its content is followed, from 0.
    """

    _esm = front_end(STATIC / "nested.js", "zoom.js", "frame.js")
    _css = look(STATIC / "nested.css", "view.css")

    shown = traitlets.Int(0).tag(sync=True)
    byte = traitlets.Int(0).tag(sync=True)
    _names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _bytes = traitlets.Int(1).tag(sync=True)
    _can_ask = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        *nested: Nested,
        follow: Callable[[int], Nested] | None = None,
        task: str = "",
        height: int = 760,
        **kwargs: Any,
    ) -> None:
        if not nested:
            raise CourseError(
                "there is no byte to show", remedy="give at least one value that a machine's nested() gave"
            )
        self._nested = list(nested)
        self._follow = follow
        super().__init__(task=task, height=height, **kwargs)
        self._can_ask = follow is not None
        self.draw()
        self.observe(lambda _change: self.draw(), names=["shown", "byte"])

    @property
    def nested(self) -> tuple[Nested, ...]:
        """The values there are to show."""
        return tuple(self._nested)

    @property
    def now(self) -> Nested:
        """The value on show."""
        return self._nested[max(0, min(self.shown, len(self._nested) - 1))]

    def draw(self) -> None:
        """Send it anew."""
        with self.hold_sync():
            self._names = [each.name for each in self._nested]
            read = [len(stage.content) for stage in self.now.stages if stage.content]
            self._bytes = min([nested_drawing.SHOWN, *read]) if read else 1
            super().draw()

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture of the byte on show."""
        return nested_drawing.svg(self.now, byte=self._byte(), theme=theme)

    def table(self) -> str:
        """A line for each stage, and whether they hold the same bytes."""
        rows = [list(_COLUMNS), *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([f"{self.now.name} [{self._source()}]", *lines, nested_drawing.proof_words(self.now)])

    def table_html(self) -> str:
        """The same as an HTML table."""
        now = self.now
        head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
        body = "".join(
            f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
            for first, *rest in self._rows()
        )
        caption = f"{now.name}, {self._source()}. {nested_drawing.proof_words(now)}"
        return (
            f'<table class="uv-table"><caption>{escape(caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def picture_label(self) -> str:
        """Which byte it is."""
        return f"{self.now.name} in nested address spaces"

    def details(self) -> dict[str, dict[str, str]]:
        """Of each stage."""
        said = {}
        for number, stage in enumerate(self.now.stages):
            said[str(number)] = {
                "space": stage.space,
                "address": UNKNOWN if stage.address is None else address_text(stage.address + self._byte()),
                "region": stage.region or UNKNOWN,
                "byte": f"{stage.content[self._byte()]:#04x}" if self._byte() < len(stage.content) else "not read",
                "read by": stage.read_by or "nobody",
                "translated by": stage.translated_by or "nothing: this is the last stage",
                "says": nested_drawing.stage_words(stage, self._byte()),
            }
        return said

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """``{"follow": text}``: follow the byte at the guest virtual address that the text gives.

        ``{"by": bytes}``: the same, so many bytes from the one on show.
        """
        if self._follow is None:
            raise CourseError("These bytes were kept; there is no machine to ask for others.")
        address = parse_address(str(question.get("follow", "")))
        if "by" in question and (first := self.now.stages[0].address) is not None:
            address = first + int(question["by"])
        if address is None or address < 0:
            raise CourseError("Write an address in hexadecimal, such as 0x40_1000.")
        followed = self._follow(address)
        with self.hold_sync():
            self._nested.append(followed)
            self.byte = 0
            self.shown = len(self._nested) - 1
            self.draw()
        return {"says": nested_drawing.stage_words(followed.stages[-1], 0)}

    def _source(self) -> str:
        return f"{self.now.source}: {self.now.origin}" if self.now.origin else str(self.now.source)

    def _byte(self) -> int:
        return max(0, min(self.byte, self._bytes - 1))

    def _rows(self) -> list[list[str]]:
        return [
            [
                stage.space,
                UNKNOWN if stage.address is None else address_text(stage.address + self._byte()),
                stage.region,
                stage.content[self._byte() :][: nested_drawing.SHOWN].hex(" "),
                stage.read_by,
                stage.translated_by,
            ]
            for stage in self.now.stages
        ]
