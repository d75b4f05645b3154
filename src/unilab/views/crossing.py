"""The live view of journeys: a thin widget over ``crossing_drawing``, ``crossing_table`` and plain values."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import traitlets

from unilab.spaces.journey import Journey
from unilab.spaces.model import Source
from unilab.views import crossing_drawing, crossing_table
from unilab.views.crossing_drawing import RING_WORDS
from unilab.views.crossing_layout import rows
from unilab.views.picture_view import PictureView
from unilab.views.static_form import as_image, front_end, look, picture_html
from unilab.views.theme import STATIC, Theme


class CrossingView(PictureView):
    """Journeys between a program and a device, to step through and to compare.

    Args:
        journeys: Beside each other, left to right.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        selected: ``"<journey>:<step>"``, both counted from 0; empty for none. Setting it selects in the browser.
        expanded: Folds that are open: ``"<journey>:<first step>-<last step>"``.
    """

    _esm = front_end(STATIC / "crossing.js", "zoom.js", "frame.js", "items.js")
    _css = look(STATIC / "items.css", "view.css")

    selected = traitlets.Unicode("").tag(sync=True)
    expanded = traitlets.List(traitlets.Unicode()).tag(sync=True)
    # Of each journey: how many steps it has, and which of them begin behind a crossing.
    _lengths = traitlets.List(traitlets.Int()).tag(sync=True)
    _crossings = traitlets.List(traitlets.List(traitlets.Int())).tag(sync=True)

    def __init__(self, *journeys: Journey, task: str = "", height: int = 760, **kwargs: Any) -> None:
        self._journeys = journeys
        super().__init__(task=task, height=height, **kwargs)
        self.draw()
        self.observe(lambda _change: self.draw(), names="expanded")
        self.observe(lambda _change: self._follow(), names="selected")

    @property
    def journeys(self) -> tuple[Journey, ...]:
        """The values on show."""
        return self._journeys

    def show(self, *journeys: Journey) -> None:
        """Show other values in the same place."""
        with self.hold_sync():
            self._journeys = journeys
            self.selected = ""
            self.expanded = []
            self.draw()

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture as it is expanded now."""
        return crossing_drawing.svg(self._journeys, theme=theme, opened=self._opened(), selected=self._chosen())

    def table(self) -> str:
        """The same facts as text, one step a line."""
        return crossing_table.as_text(self._journeys)

    def table_html(self) -> str:
        """The same facts as HTML tables."""
        return crossing_table.as_html(self._journeys)

    def static_text(self) -> str:
        """The task, and of each journey its figures: a notebook keeps this."""
        lines = [crossing_table.heading(journey) for journey in self._journeys]
        return "\n".join([self.task, *lines] if self.task else lines)

    def static_html(self) -> str:
        """The picture, and the beginning of the table: a notebook keeps this."""
        alt = f"{self.picture_label()}; the table below says the same"
        table = crossing_table.as_html(self._journeys, crossing_table.KEPT_ROWS)
        return picture_html(as_image(self.svg(theme="light")), alt=alt, table=table, task=self.task)

    def picture_label(self) -> str:
        """Whose ways are shown."""
        return "The way of " + " and ".join(journey.name for journey in self._journeys)

    def details(self) -> dict[str, dict[str, str]]:
        """Of each step and fold that is drawn, what there is to say."""
        chosen, opened = self._chosen(), self._opened()
        found: dict[str, dict[str, str]] = {}
        for index, journey in enumerate(self._journeys):
            step = chosen[1] if chosen and chosen[0] == index else None
            crossings = list(accumulate(bool(each.crossing) for each in journey.steps))
            instructions = list(accumulate(each.instructions for each in journey.steps))
            live = journey.source is Source.LIVE
            for row in rows(journey, opened[index], step):
                if row.folded:
                    found[f"{index}:{row.key}"] = {
                        "steps": f"{row.first + 1:,} to {row.last + 1:,} of {len(journey.steps):,}",
                        "holds": crossing_drawing.fold_words(journey, row),
                    }
                    continue
                each = journey.steps[row.first]
                found[f"{index}:{row.key}"] = {
                    "function": each.function,
                    "owner": each.owner or "not known",
                    "privilege": RING_WORDS[each.ring],
                    "step": f"{row.first + 1:,} of {len(journey.steps):,}",
                    "led here": each.crossing
                    or (
                        "a return" if crossing_drawing.is_return(journey, row.first) else "a call" if row.first else ""
                    ),
                    "depth": str(each.depth),
                    **({"source": str(each.source)} if each.source is not journey.source and live else {}),
                    "crossings so far": f"{crossings[row.first]:,}",
                    **(
                        {"instructions": f"{each.instructions:,}", "so far": f"{instructions[row.first]:,}"}
                        if instructions[-1]
                        else {}
                    ),
                }
        return found

    def draw(self) -> None:
        """Send everything anew."""
        with self.hold_sync():
            self._lengths = [len(journey.steps) for journey in self._journeys]
            self._crossings = [
                [i for i, step in enumerate(journey.steps) if step.crossing] for journey in self._journeys
            ]
            super().draw()

    def _follow(self) -> None:
        """Draw a step that was folded away, now that it is selected."""
        if self.selected and self.selected not in self._details:
            self.draw()

    def _chosen(self) -> tuple[int, int] | None:
        """The selected journey and step, if there is such a one."""
        index, _, step = self.selected.partition(":")
        if not (index.isdecimal() and step.isdecimal()) or int(index) >= len(self._journeys):
            return None
        return (int(index), int(step)) if int(step) < len(self._journeys[int(index)].steps) else None

    def _opened(self) -> list[list[tuple[int, int]]]:
        opened: list[list[tuple[int, int]]] = [[] for _ in self._journeys]
        for key in self.expanded:
            index, _, span = key.partition(":")
            first, _, last = span.partition("-")
            if index.isdecimal() and first.isdecimal() and last.isdecimal() and int(index) < len(opened):
                opened[int(index)].append((int(first), int(last)))
        return opened
