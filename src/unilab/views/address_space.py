"""The live view of address spaces: a thin widget over ``render``, ``table`` and plain values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import traitlets

from unilab.errors import CourseError
from unilab.spaces.model import AddressSpace
from unilab.views import render, table
from unilab.views.find import find, parse_address
from unilab.views.layout import Block, Heading, arrange, path_to
from unilab.views.picture_view import PictureView
from unilab.views.static_form import front_end, look, picture_html
from unilab.views.theme import STATIC, Theme
from unilab.views.words import group_details, region_details

#: Rows of the tables of one view, at most: a saved notebook stays small.
TABLE_ROWS = 320
#: Blocks of the picture in a saved notebook, at most, before its groups are closed.
STATIC_BLOCKS = 96


class AddressSpaceView(PictureView):
    """Address spaces side by side, to zoom, walk by keyboard and read as a table.

    Args:
        spaces: One column each, left to right.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        selected: ``"<space>:<region>"`` or ``"<space>:<first>-<last>"`` for a group, both
            counted from 0; empty for none. Setting it selects in the browser.
        expanded: The groups shown open, written in the same way.
    """

    _esm = front_end(STATIC / "address_space.js", "zoom.js", "frame.js")
    _css = look(STATIC / "address_space.css", "view.css")

    selected = traitlets.Unicode("").tag(sync=True)
    expanded = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, *spaces: AddressSpace, task: str = "", height: int = 760, **kwargs: Any) -> None:
        self._spaces = spaces
        super().__init__(task=task, height=height, **kwargs)
        self.draw()
        self.observe(lambda _change: self.draw(), names="expanded")

    @property
    def spaces(self) -> tuple[AddressSpace, ...]:
        """The values on show."""
        return self._spaces

    def show(self, *spaces: AddressSpace) -> None:
        """Show other values in the same place, for instance after a machine has moved on."""
        self._spaces = spaces
        self.selected = ""
        self.expanded = []
        self.draw()

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture as it is expanded now."""
        return render.svg(self._spaces, theme=theme, expanded=self._expanded_by_space())

    def table(self) -> str:
        """The same facts as text, one region a line."""
        return table.as_text(self._spaces)

    def table_html(self) -> str:
        """The same as HTML tables; of thousands of regions, what the picture shows."""
        return table.as_html(self._spaces, most=TABLE_ROWS, expanded=self._expanded_by_space())

    def static_text(self) -> str:
        """The task and the table; of thousands of regions, what a closed picture shows."""
        text = table.as_text(self._spaces, most=TABLE_ROWS)
        return f"{self.task}\n\n{text}" if self.task else text

    def static_html(self) -> str:
        """The picture and the table as they are now, or with every group closed where that would be much to save."""
        opened = self._expanded_by_space()
        blocks = sum(len(arrange(space, keys).blocks) for space, keys in zip(self._spaces, opened, strict=True))
        if blocks > STATIC_BLOCKS:
            opened = []
        return picture_html(
            render.svg(self._spaces, theme="light", expanded=opened),
            alt=f"{self.picture_label()}; the table below says the same",
            table=table.as_html(self._spaces, most=TABLE_ROWS, expanded=opened),
            task=self.task,
        )

    def picture_label(self) -> str:
        """Whose map it is."""
        return f"Map of {' and '.join(space.name for space in self._spaces)}"

    def details(self) -> dict[str, dict[str, str]]:
        """Of the blocks on show."""
        return dict(self._visible_details())

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """``{"find": text}``: select the next region that is at that address or has that name, opening its groups."""
        text = str(question.get("find", "")).strip()
        place = find(self._spaces, text, after=self.selected)
        if place is None:
            self.selected = ""
            raise CourseError(
                "Write an address, such as 0x40_1000, or a part of a name."
                if not text
                else f"{text} is unmapped."
                if parse_address(text) is not None
                else f"Nothing is called {text}."
            )
        index, region = place
        opened = [f"{index}:{key}" for key in path_to(self._spaces[index], region)]
        with self.hold_sync():
            self.expanded = [*self.expanded, *(key for key in opened if key not in self.expanded)]
            self.selected = f"{index}:{region}"
        return {"selected": self.selected}

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
