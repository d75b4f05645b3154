"""Architectures beside each other: the same things in every address space, ring by ring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import traitlets

from unilab.spaces.model import AddressSpace
from unilab.views import side_by_side_drawing, table
from unilab.views.alignment import align, ring_of, things_of
from unilab.views.picture_view import PictureView
from unilab.views.static_form import front_end, look
from unilab.views.theme import STATIC, Theme
from unilab.views.words import address_text, distinct, group_details, region_details, size_text

#: Rows of the tables of regions, at most, before neighbours share one.
TABLE_ROWS = 160
_ABSENT = "not visible"


class SideBySide(PictureView):
    """Address spaces beside each other, in bands of privilege, with the same things linked.

    What is linked: the marks of equal names (``AddressSpace.marks``), the heap and the stack.

    Args:
        spaces: One column each, left to right.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        selected: ``"<space>:<block>"``, such as ``"1:mark-main"`` or ``"0:3"``; empty for none.
    """

    _esm = front_end(STATIC / "side_by_side.js", "zoom.js", "frame.js")
    _css = look(STATIC / "side_by_side.css", "view.css")

    selected = traitlets.Unicode("").tag(sync=True)
    # Names of linked things, rings and owners that occur, in the order of the tool bar.
    _things = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _rings = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _owners = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, *spaces: AddressSpace, task: str = "", height: int = 1100, **kwargs: Any) -> None:
        self._spaces = spaces
        super().__init__(task=task, height=height, **kwargs)
        self._things = side_by_side_drawing.thing_names(spaces)
        self._rings = [str(band.ring) for band in align(spaces)]
        owners = distinct(region.owner for space in spaces for region in space.regions)
        self._owners = [*filter(None, owners), *(["not known"] if "" in owners else [])]
        self.draw()

    @property
    def spaces(self) -> tuple[AddressSpace, ...]:
        """The values on show."""
        return self._spaces

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture."""
        return side_by_side_drawing.svg(self._spaces, theme=theme)

    def table(self) -> str:
        """Where each thing is in each space, what each ring holds, then the regions."""
        rows = [["", *(space.name for space in self._spaces)], *_summary(self._spaces)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join(lines) + "\n\n" + table.as_text(self._spaces, most=TABLE_ROWS)

    def table_html(self) -> str:
        """The same as HTML tables."""
        head = "".join(f'<th scope="col">{escape(space.name)}</th>' for space in self._spaces)
        body = "".join(
            f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
            for name, *cells in _summary(self._spaces)
        )
        return (
            '<table class="uv-table"><caption>The same things in each address space</caption>'
            f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"{table.as_html(self._spaces, most=TABLE_ROWS)}"
        )

    def picture_label(self) -> str:
        """Whose address spaces they are."""
        return f"Side by side: {', '.join(space.name for space in self._spaces)}"

    def details(self) -> dict[str, dict[str, str]]:
        """Of every block; under ``thing:<name>``, where that is in each space."""
        said = {f"thing:{name}": self._thing_details(name) for name in side_by_side_drawing.thing_names(self._spaces)}
        return said | dict(self._block_details())

    def _thing_details(self, name: str) -> dict[str, str]:
        return {"linked": name} | {space.name: _where(space, name) for space in self._spaces}

    def _block_details(self) -> Iterator[tuple[str, dict[str, str]]]:
        for band in align(self._spaces):
            for column, (space, items) in enumerate(zip(self._spaces, band.cells, strict=True)):
                for item in items:
                    members = [space.regions[i] for i in item.indices]
                    details = region_details(members[0]) if len(members) == 1 else group_details(members)
                    yield f"{column}:{item.key}", details | {"ring": str(band.ring)}


def _where(space: AddressSpace, name: str) -> str:
    """``libos_sys_writev at 0x10_3bb0, kernel``."""
    thing = next((thing for thing in things_of(space) if thing.name == name), None)
    if thing is None:
        return _ABSENT
    return f"{thing.symbol or name} at {address_text(thing.address)}, {ring_of(space.regions[thing.region])}"


def _summary(spaces: Sequence[AddressSpace]) -> list[list[str]]:
    """A row for each thing and for each ring: its name, then what each space has."""
    rows = [[name, *(_where(space, name) for space in spaces)] for name in side_by_side_drawing.thing_names(spaces)]
    for band in align(spaces):
        counts = [side_by_side_drawing.ring_counts(space).get(band.ring) for space in spaces]
        rows.append([f"{band.ring} ring", *(f"{c[0]} regions, {size_text(c[1])}" if c else _ABSENT for c in counts)])
    return rows


def side_by_side(*spaces: AddressSpace, task: str = "", height: int = 1100) -> SideBySide:
    """Show architectures beside each other, what is the same in them linked; the last expression of a cell, usually.

    Args:
        spaces: One column each, left to right.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.
    """
    return SideBySide(*spaces, task=task, height=height)
