"""The live view of what images' bytes are for: a thin widget over ``image_map_drawing`` and plain values."""

from __future__ import annotations

from html import escape
from typing import Any

import traitlets

from unilab.errors import CourseError
from unilab.spaces.image_map import ImageMap
from unilab.views import image_map_drawing as drawing
from unilab.views.image_map_layout import boxes
from unilab.views.picture_view import PictureView
from unilab.views.static_form import as_image, front_end, look, picture_html
from unilab.views.theme import STATIC, Theme


class ImageMapView(PictureView):
    """The bytes of one image or of several, one after another, on one scale.

    Args:
        images: In the order in which to step through them.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        step: Which image is on show, from 0. Setting it steps in the browser.
        selected: ``"<group>/<object>"``; empty for none. It stays from image to image.

    Raises:
        CourseError: There is no image.
    """

    _esm = front_end(STATIC / "image_map.js", "zoom.js", "frame.js", "items.js")
    _css = look(STATIC / "items.css", "view.css")

    step = traitlets.Int(0).tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    _pictures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _names = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, *images: ImageMap, task: str = "", height: int = 760, **kwargs: Any) -> None:
        if not images:
            raise CourseError("there is no image to show", remedy='give one: ImageMapView(image_map("hello.c"))')
        self._images = images
        super().__init__(task=task, height=height, **kwargs)
        self.draw()

    @traitlets.validate("step")
    def _one_of_them(self, proposal: dict[str, Any]) -> int:
        return max(0, min(len(self._images) - 1, int(proposal["value"])))

    @property
    def images(self) -> tuple[ImageMap, ...]:
        """The values on show."""
        return self._images

    def svg(self, *, theme: Theme = "auto") -> str:
        """All of the images, beside each other."""
        return drawing.svg(self._images, theme=theme)

    def table(self) -> str:
        """Every object, a line each, with a column of bytes for each image."""
        return _text(self._names, self._rows(), [f"{image.size:,}" for image in self._images])

    def table_html(self) -> str:
        """The same as HTML."""
        return self._html(self._rows())

    def static_html(self) -> str:
        """All pictures, and the bytes of each group: a notebook keeps this."""
        alt = f"{self.picture_label()}; the table below says the same"
        groups = [row for row in self._rows() if not row[0].startswith(" ")]
        return picture_html(as_image(self.svg(theme="light")), alt=alt, table=self._html(groups), task=self.task)

    def static_text(self) -> str:
        """The task, and the bytes of each group: a notebook keeps this."""
        groups = [row for row in self._rows() if not row[0].startswith(" ")]
        text = _text(self._names, groups, [f"{image.size:,}" for image in self._images])
        return f"{self.task}\n\n{text}" if self.task else text

    def picture_label(self) -> str:
        """What is shown."""
        return "The bytes of " + " and ".join(image.name for image in self._images)

    def details(self) -> dict[str, dict[str, str]]:
        """Of each box, what it is and how much of each image."""
        largest = max(image.size for image in self._images)
        found: dict[str, dict[str, str]] = {}
        drawn = [{box.key: box for box in boxes(image, largest)} for image in self._images]
        for key in dict.fromkeys(key for each in drawn for key in each):
            first = next(each[key] for each in drawn if key in each)
            facts = {"object": first.name, "whose": first.group}
            for image, each in zip(self._images, drawn, strict=True):
                box = each.get(key)
                said = f"{box.size:,} bytes, {drawing.share(box.size, image.size)}" if box else "not there"
                facts[f"in {image.name}"] = said
            found[key] = facts
        return found

    def draw(self) -> None:
        """Send everything anew."""
        with self.hold_sync():
            self._names = [image.name for image in self._images]
            self._pictures = [drawing.one(self._images, step) for step in range(len(self._images))]
            super().draw()

    def _rows(self) -> list[tuple[str, ...]]:
        """A group, then its objects indented, each with its bytes in every image."""
        rows: list[tuple[str, ...]] = []
        columns = [{piece.key: piece for piece in image.pieces} for image in self._images]
        totals = [image.groups() for image in self._images]
        for group in dict.fromkeys(group for each in totals for group in each):
            rows.append((group, *(_number(each.get(group, 0)) for each in totals)))
            members = {p.key: p for each in columns for p in each.values() if p.group == group}
            if len(members) > 1 or next(iter(members.values())).name != group:
                for key, piece in sorted(members.items(), key=lambda item: (-item[1].size, item[0])):
                    sizes = (column[key].size if key in column else 0 for column in columns)
                    rows.append((f"  {piece.name}", *map(_number, sizes)))
        return rows

    def _html(self, rows: list[tuple[str, ...]]) -> str:
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("bytes of", *self._names))
        body = "".join(
            f'<tr><th scope="row">{escape(row[0].replace("  ", " ", 1))}</th>'
            + "".join(f"<td>{cell}</td>" for cell in row[1:])
            + "</tr>"
            for row in [*rows, ("all", *(f"{image.size:,}" for image in self._images))]
        )
        sources = "; ".join(f"{image.name}, {image.source}: {image.origin}" for image in self._images)
        return (
            f'<table class="uv-table"><caption>{escape(sources)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def _text(names: list[str], rows: list[tuple[str, ...]], totals: list[str]) -> str:
    lines = [("bytes of", *names), *rows, ("all", *totals)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names) + 1)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]).rstrip()
        for line in lines
    )


def _number(size: int) -> str:
    """Nothing for nothing, so that what is absent can be seen from afar."""
    return f"{size:,}" if size else ""
