"""The live view of a comparison: a thin widget over ``comparison_drawing`` and plain values."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import traitlets

from unilab.spaces.comparison import Comparison, Measured, Quantity, amount, columns, unit_text
from unilab.views import comparison_drawing as drawing
from unilab.views.picture_view import PictureView
from unilab.views.static_form import front_end, look
from unilab.views.theme import STATIC, Theme

_FIELDS = ("quantity", "as", "median (quartiles)", "samples", "remark")


class ComparisonView(PictureView):
    """What was measured of one service as several architectures: all samples, medians, and their spread.

    Args:
        comparison: From ``compare``.
        quantities: Names of those to show, from top to bottom; all unless given.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        selected: ``"<panel>:<line>"``, both counted from 0; empty for none.

    Raises:
        CourseError: There is no such quantity.
    """

    _esm = front_end(STATIC / "comparison.js", "zoom.js", "frame.js", "items.js")
    _css = look(STATIC / "items.css", "view.css")

    selected = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self, comparison: Comparison, *quantities: str, task: str = "", height: int = 760, **kwargs: Any
    ) -> None:
        self._comparison = comparison
        names = quantities or tuple(each.name for each in comparison.quantities)
        self._quantities = tuple(comparison.quantity(name) for name in names)
        super().__init__(task=task, height=height, **kwargs)
        self.draw()

    @property
    def comparison(self) -> Comparison:
        """The value on show."""
        return self._comparison

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture."""
        return drawing.svg(self._comparison, [each.name for each in self._quantities], theme=theme)

    def picture_label(self) -> str:
        """What is compared."""
        return drawing.label(self._comparison, self._quantities)

    def table(self) -> str:
        """The same facts as text, one figure a line."""
        rows = [_FIELDS, *(_row(quantity, measured) for _, quantity, measured in self._lines())]
        return "\n".join([self._heading(), *columns(rows)])

    def table_html(self) -> str:
        """The same facts as an HTML table."""
        head = "".join(f'<th scope="col">{field}</th>' for field in _FIELDS)
        body = "".join(
            f'<tr><th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in (_row(quantity, measured) for _, quantity, measured in self._lines())
        )
        return (
            f'<table class="uv-table"><caption>{escape(self._heading())}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def details(self) -> dict[str, dict[str, str]]:
        """What there is to say of each figure."""
        found = {}
        for key, quantity, measured in self._lines():
            contender = self._comparison.contender(measured.architecture)
            found[key] = {
                "of": measured.architecture,
                "quantity": quantity.title,
                "median (quartiles)": _value(quantity, measured),
                "samples": _samples(quantity, measured) or "none",
                "ran on": f"{contender.where}: {contender.executes}",
                "measured by": quantity.method,
                **({"remark": measured.note} if measured.note else {}),
                "source": f"{measured.source}{f', {measured.origin}' if measured.origin else ''}",
            }
        return found

    def _lines(self) -> Iterator[tuple[str, Quantity, Measured]]:
        """Key, quantity and figure, in the order of the picture."""
        for panel, quantity in enumerate(self._quantities):
            for line, contender in enumerate(self._comparison.contenders):
                yield f"{panel}:{line}", quantity, self._comparison.of(quantity.name, contender.architecture)

    def _heading(self) -> str:
        comparison = self._comparison
        sources = sorted({str(each.source) for each in comparison.measured})
        return f"{comparison.program}, {comparison.progress}, {' and '.join(sources)}, {comparison.origin}"


def _row(quantity: Quantity, measured: Measured) -> tuple[str, str, str, str, str]:
    recorded = f"{measured.source}: " if measured.origin else ""
    return (
        quantity.title,
        measured.architecture,
        _value(quantity, measured),
        str(len(measured.samples)),
        f"{recorded}{measured.note}",
    )


def _value(quantity: Quantity, measured: Measured) -> str:
    if not measured.samples:
        return "not measured"
    return f"{amount(measured, quantity.unit)} {unit_text(quantity.unit)}".rstrip()


def _samples(quantity: Quantity, measured: Measured) -> str:
    singles = (Measured(measured.architecture, quantity.name, (sample,)) for sample in measured.samples)
    return ", ".join(amount(each, quantity.unit) for each in singles)
