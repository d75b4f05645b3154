"""The live view of address spaces: a thin widget over ``render``, ``table`` and plain values."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import traitlets

from unilab.errors import CourseError
from unilab.spaces.model import AddressSpace
from unilab.views import render, table
from unilab.views.layout import Block, Heading, arrange
from unilab.views.static_form import StaticFormWidget, front_end
from unilab.views.theme import STATIC, Theme
from unilab.views.words import group_details, region_details


class AddressSpaceView(StaticFormWidget):
    """Address spaces side by side, to zoom, walk by keyboard and read as a table.

    Args:
        spaces: One column each, left to right.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        task: As given; may be changed while shown.
        height: As given; may be changed while shown.
        selected: ``"<space>:<region>"`` or ``"<space>:<first>-<last>"`` for a group, both
            counted from 0; empty for none. Setting it selects in the browser.
        expanded: The groups shown open, written in the same way.
        locked: Whether a prediction is wanted before the picture is shown.
    """

    _esm = front_end(STATIC / "address_space.js")
    _css = STATIC / "address_space.css"

    task = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(760).tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    expanded = traitlets.List(traitlets.Unicode()).tag(sync=True)
    locked = traitlets.Bool(False).tag(sync=True)
    _picture = traitlets.Unicode("").tag(sync=True)
    _table = traitlets.Unicode("").tag(sync=True)
    # Block key -> field -> text, for the details panel.
    _details = traitlets.Dict().tag(sync=True)

    def __init__(self, *spaces: AddressSpace, task: str = "", height: int = 760, **kwargs: Any) -> None:
        self._spaces = spaces
        super().__init__(task=task, height=height, **kwargs)
        self._draw()
        self.observe(lambda _change: self._draw(), names="expanded")

    @property
    def spaces(self) -> tuple[AddressSpace, ...]:
        """The values on show."""
        return self._spaces

    def show(self, *spaces: AddressSpace) -> None:
        """Show other values in the same place, for instance after a machine has moved on."""
        self._spaces = spaces
        self.selected = ""
        self.expanded = []
        self._draw()

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture as it is expanded now."""
        return render.svg(self._spaces, theme=theme, expanded=self._expanded_by_space())

    def table(self) -> str:
        """The same facts as text, one region a line."""
        return table.as_text(self._spaces)

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

    def static_html(self) -> str:
        """The picture, and the table folded away below it.

        The picture is an ``<img>`` that carries its own data: of an inline ``<svg>``, JupyterLab's sanitiser
        would leave only the loose words in a notebook that is not trusted yet. An ``<img>`` cannot know the
        page's theme, so it is a light one with paper of its own.
        """
        picture = quote(self.svg(theme="light"), safe=" :/=;,()!*'._-~{}@&[]$+")
        task = f'<p class="uv-task">{escape(self.task)}</p>' if self.task else ""
        names = " and ".join(space.name for space in self._spaces)
        return (
            f'<div class="uv-static">{task}'
            f'<img alt="{escape(f"Map of {names}; the table below says the same", quote=True)}" '
            f'style="max-width: 100%" src="data:image/svg+xml,{escape(picture, quote=True)}"/>'
            f"<details><summary>The same as a table</summary>{table.as_html(self._spaces)}</details></div>"
        )

    def static_text(self) -> str:
        """The task and the table."""
        return f"{self.task}\n\n{self.table()}" if self.task else self.table()

    def _draw(self) -> None:
        # One message to the browser, so that picture and details never disagree.
        with self.hold_sync():
            self._picture = self.svg()
            self._table = table.as_html(self._spaces)
            self._details = dict(self._visible_details())

    def _expanded_by_space(self) -> list[set[str]]:
        opened: list[set[str]] = [set() for _ in self._spaces]
        for key in self.expanded:
            index, _, span = key.partition(":")
            if index.isdecimal() and int(index) < len(opened):
                opened[int(index)].add(span)
        return opened

    def _visible_details(self) -> Iterator[tuple[str, dict[str, str]]]:
        for index, (space, opened) in enumerate(zip(self._spaces, self._expanded_by_space(), strict=True)):
            column = arrange(space, opened)
            drawn: list[Block | Heading] = [*column.blocks, *column.headings]
            for part in drawn:
                members = space.regions[part.first : part.last + 1]
                details = region_details(members[0]) if len(members) == 1 else group_details(members)
                yield f"{index}:{part.key}", details


def show(*spaces: AddressSpace, task: str = "", height: int = 760) -> AddressSpaceView:
    """Show address spaces side by side; the last expression of a cell, usually.

    Args:
        spaces: One column each, left to right.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.
    """
    return AddressSpaceView(*spaces, task=task, height=height)
