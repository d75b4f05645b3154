"""The live view of a boot, step by step: a thin widget over ``boot_steps_drawing`` and plain values."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import Any

import traitlets

from unilab.errors import CourseError
from unilab.spaces.boot_steps import BootState, BootSteps
from unilab.views import boot_steps_drawing, boot_steps_table
from unilab.views.picture_view import PictureView
from unilab.views.static_form import as_image, front_end, look, picture_html
from unilab.views.theme import STATIC, Theme
from unilab.views.words import address_text, size_text

#: Pictures that a saved notebook keeps.
_MOST_STATIC = 8


class BootStepsView(PictureView):
    """The processor at each step of a boot: mode, source, registers, and what the page tables map.

    Args:
        steps: As ``boot_steps`` gives them.
        at: The step to show first: its name, or its number from 0.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        at: The step on show, from 0.
        selected: A register's name, or ``run`` and a number for a run of pages; empty for none.
    """

    _esm = front_end(STATIC / "boot_steps.js", "zoom.js", "frame.js", "items.js")
    _css = look(STATIC / "items.css", "view.css")

    at = traitlets.Int(0).tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    _pictures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _captions = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _all_details = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(
        self, steps: BootSteps, *, at: str | int = 0, task: str = "", height: int = 760, **kwargs: Any
    ) -> None:
        if not steps.states:
            raise CourseError("there is no step to show", remedy="give the view what boot_steps() gives")
        self._steps = steps
        super().__init__(task=task, height=height, **kwargs)
        self.draw()
        self.at = self._number(at)

    @property
    def steps(self) -> BootSteps:
        """The value on show."""
        return self._steps

    def _number(self, at: str | int) -> int:
        names = [state.name for state in self._steps.states]
        if at in names:
            return names.index(str(at))
        if isinstance(at, int) and 0 <= at < len(names):
            return at
        raise CourseError(f"this boot has no step {at!r}", remedy=f"choose one of {', '.join(names)}")

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture of the step on show."""
        return boot_steps_drawing.svg(self._steps, self.at, theme=theme)

    def table(self) -> str:
        """All steps as text."""
        return boot_steps_table.as_text(self._steps)

    def table_html(self) -> str:
        """All steps as an HTML table."""
        return boot_steps_table.as_html(self._steps)

    def picture_label(self) -> str:
        """Whose boot it is."""
        return f"The boot of {self._steps.name}, step by step"

    def static_html(self) -> str:
        """The steps at which mode or paging change, below each other, and the table folded away."""
        kept = self._kept()
        pictures = [
            picture_html(
                as_image(boot_steps_drawing.svg(self._steps, index, theme="light")),
                alt=f"{boot_steps_table.heading(index, self._steps.states[index])} The table has all steps.",
                table=self.table_html() if index == kept[-1] else "",
                task="" if index != kept[0] else self.task,
            )
            for index in kept
        ]
        more = len(self._steps.states) - len(kept)
        note = f"<p>{escape(f'{more} more steps are in the live view and in the table.')}</p>" if more else ""
        return "".join(pictures).replace("<details><summary>The same as a table</summary></details>", "") + note

    def _kept(self) -> list[int]:
        """The first and the last step, and those between that change most."""
        states = self._steps.states
        kept = [0, len(states) - 1]
        for index, (before, after) in enumerate(pairwise(states), 1):
            changed = (before.mode, before.registers.paging) != (after.mode, after.registers.paging)
            if (changed or after.tables != before.tables) and len(set(kept)) < _MOST_STATIC:
                kept.append(index)
        return sorted(set(kept))

    def draw(self) -> None:
        """Send everything anew."""
        states = self._steps.states
        with self.hold_sync():
            self._pictures = [boot_steps_drawing.svg(self._steps, index) for index in range(len(states))]
            self._captions = [boot_steps_table.heading(index, state) for index, state in enumerate(states)]
            self._all_details = [
                _details(state, before) for state, before in zip(states, [None, *states], strict=False)
            ]
            self._table = self.table_html()


def _details(state: BootState, before: BootState | None) -> dict[str, dict[str, str]]:
    """What there is to say of each register and each run of pages."""
    found = {}
    for row in boot_steps_table.register_rows(state, before):
        bits = {
            name: ("new: " if name in row.new else "") + meaning
            for name, meaning in boot_steps_table.bit_meanings(state, row.name).items()
        }
        says = {"says": row.words} if row.words else {}
        found[row.name] = {"register": row.name, "value": row.value, **says, **bits}
    found["next"] = {"next": state.instruction, "at": state.place or "no place of the image"}
    for slot, run in enumerate(state.tables[: boot_steps_drawing.MOST_RUNS]):
        found[f"run{slot}"] = {
            "from": address_text(run.start),
            "to": address_text(run.end),
            "leads to": address_text(run.physical) + ("" if run.identity else " first, then to frames of its own"),
            "permissions": run.permissions,
            "pages": f"{run.pages} of {size_text(run.page_size)}",
        }
    return found
