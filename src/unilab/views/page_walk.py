"""How the processor finds a byte: from CR3 through the page tables, a step at a time."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import traitlets

from unilab.errors import CourseError
from unilab.spaces.entry_bits import address_fields, flags, frame, rights_below
from unilab.spaces.page_walk import TABLES, PageWalk
from unilab.views import page_walk_drawing
from unilab.views.find import parse_address
from unilab.views.picture_view import PictureView
from unilab.views.static_form import front_end, look
from unilab.views.theme import STATIC, Theme
from unilab.views.words import address_text, size_text

_COLUMNS = ("step", "entry at", "value", "flags", "leads to", "rights so far")


class PageWalkView(PictureView):
    """One translation, entry by entry.

    Args:
        walk: What to show first.
        walk_to: Walks to another address, for instance a live machine's ``page_walk``; without it, or when the
            machine has ended, the view stays at ``walk``.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        step: Which step is shown: 0 for the address, then one for each entry, then the outcome. Before
            anybody has stepped, -1: all of them.
    """

    _esm = front_end(STATIC / "page_walk.js", "zoom.js", "frame.js", "steps.js")
    _css = look(STATIC / "page_walk.css", "view.css")

    step = traitlets.Int(-1).tag(sync=True)
    # Each step in a sentence.
    _says = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _can_ask = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        walk: PageWalk,
        *,
        walk_to: Callable[[int], PageWalk] | None = None,
        task: str = "",
        height: int = 760,
        **kwargs: Any,
    ) -> None:
        self._walk = walk
        self._walk_to = walk_to
        super().__init__(task=task, height=height, **kwargs)
        self._can_ask = walk_to is not None
        self.draw()

    @property
    def walk(self) -> PageWalk:
        """The value on show."""
        return self._walk

    def show(self, walk: PageWalk) -> None:
        """Show another walk in the same place."""
        with self.hold_sync():
            self._walk = walk
            self.step = min(self.step, len(walk.entries) + 1)
            self.draw()

    def draw(self) -> None:
        """Send it anew."""
        with self.hold_sync():
            self._says = page_walk_drawing.step_words(self._walk)
            super().draw()

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture, all steps at once."""
        return page_walk_drawing.svg(self._walk, theme=theme)

    def table(self) -> str:
        """A line for each step."""
        rows = [_COLUMNS, *_rows(self._walk)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([f"{self.picture_label()} [{self._walk.source}]", *lines])

    def table_html(self) -> str:
        """The same as an HTML table."""
        head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
        body = "".join(
            f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
            for first, *rest in _rows(self._walk)
        )
        return (
            f'<table class="uv-table"><caption>{escape(self.picture_label())}, {self._walk.source}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def picture_label(self) -> str:
        """Which address is translated, and where."""
        return f"Page walk of {address_text(self._walk.virtual)} in {self._walk.space}"

    def details(self) -> dict[str, dict[str, str]]:
        """Of every step."""
        walk = self._walk
        fields = {f.name: f"bits {f.high} to {f.low}: {f.value:#x}" for f in address_fields(walk)}
        said = {"0": {"virtual address": address_text(walk.virtual), "CR3": address_text(walk.root)} | fields}
        for number, (entry, rights) in enumerate(zip(walk.entries, rights_below(walk.entries), strict=True), 1):
            said[str(number)] = {
                "table": f"{TABLES[entry.level]} at {address_text(entry.table)}",
                "entry": f"{entry.index}, at {address_text(entry.table + 8 * entry.index)}",
                "value": f"{entry.value:#018x}",
                **{flag.name: f"{int(flag.is_set)}, {flag.meaning}" for flag in flags(entry) if flag.counts},
                "leads to": address_text(frame(entry)) if entry.value & 1 else "nothing",
                "rights so far": f"{rights.permissions}, {page_walk_drawing.who(rights.user)}",
            }
        outcome = {"physical address": "none: page fault"}
        if walk.physical is not None:
            outcome = {
                "physical address": address_text(walk.physical),
                "page size": size_text(walk.page_size),
                "permissions": walk.permissions,
                "privilege": "user" if walk.user else "kernel",
            }
        return said | {str(len(walk.entries) + 1): outcome}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """``{"walk": text}``: walk to the address that the text gives."""
        text = str(question.get("walk", ""))
        address = parse_address(text)
        if address is None:
            raise CourseError("Write an address in hexadecimal, such as 0x40_1000.")
        if self._walk_to is None:
            raise CourseError("This walk was kept; there is no machine to ask for another.")
        self.show(self._walk_to(address))
        return {"says": self._says[-1]}


def _rows(walk: PageWalk) -> list[list[str]]:
    rows = [["CR3", "", "", "", address_text(walk.root), "rwx, user and kernel"]]
    for entry, rights in zip(walk.entries, rights_below(walk.entries), strict=True):
        present = bool(entry.value & 1)
        rows.append(
            [
                f"{TABLES[entry.level]}, entry {entry.index}",
                address_text(entry.table + 8 * entry.index),
                f"{entry.value:#018x}",
                " ".join(flag.name for flag in flags(entry) if flag.counts and flag.is_set) or "none",
                address_text(frame(entry)) if present else "not present",
                f"{rights.permissions}, {'user and kernel' if rights.user else 'kernel only'}"
                if present
                else "page fault",
            ]
        )
    if walk.physical is not None:
        who = page_walk_drawing.who(walk.user)
        size = f"page of {size_text(walk.page_size)}"
        rows.append(["physical address", "", "", size, address_text(walk.physical), f"{walk.permissions}, {who}"])
    return rows
