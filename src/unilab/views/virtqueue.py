"""The live view of virtqueues: a thin widget over ``virtqueue_drawing``, ``virtqueue_table`` and plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import traitlets

from unilab.errors import CourseError
from unilab.spaces.virtqueue import QueueState
from unilab.views import virtqueue_drawing, virtqueue_table
from unilab.views.picture_view import PictureView
from unilab.views.static_form import as_image, front_end, look, picture_html
from unilab.views.theme import STATIC, Theme
from unilab.views.virtqueue_layout import Layout
from unilab.views.words import address_text

#: Pictures that a saved notebook keeps.
_MOST_STATIC = 6


class VirtqueueView(PictureView):
    """Virtqueues, to step through: one after each step of a request, or several of a machine.

    Args:
        states: In order; as ``virtqueue_steps`` or ``virtqueues`` give them.
        refresh: Gives new ones, for a button; for instance ``lambda: virtqueues(machine)``. None: no button.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        at: The state on show, from 0.
        selected: ``d`` and a descriptor, ``a`` and a place in the available ring, or ``u`` and one in the used ring;
            empty for none.
        error: What went wrong when it was last refreshed; empty for nothing.
    """

    _esm = front_end(STATIC / "virtqueue.js", "zoom.js", "frame.js", "items.js")
    _css = look(STATIC / "items.css", "view.css")

    at = traitlets.Int(0).tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    _pictures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _captions = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _all_details = traitlets.List(traitlets.Dict()).tag(sync=True)
    _refreshable = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        *states: QueueState,
        refresh: Callable[[], Sequence[QueueState]] | None = None,
        task: str = "",
        height: int = 760,
        **kwargs: Any,
    ) -> None:
        self._states = states
        self._refresh = refresh
        super().__init__(task=task, height=height, _refreshable=refresh is not None, **kwargs)
        self.draw()
        self.on_msg(self._asked)

    @property
    def states(self) -> tuple[QueueState, ...]:
        """The values on show."""
        return self._states

    def show(self, *states: QueueState) -> None:
        """Show other values in the same place. What changed since the last of the same queue is marked."""
        earlier = {state.name: state for state in self._states}
        with self.hold_sync():
            self._states = states
            self.at = min(self.at, max(0, len(states) - 1))
            self.draw(earlier)

    def refresh(self) -> None:
        """Read the queues anew; what goes wrong is shown, not raised."""
        if self._refresh is None:
            return
        try:
            states = tuple(self._refresh())
        except CourseError as error:
            self.error = error.message + (f" To mend it: {error.remedy}." if error.remedy else "")
            return
        self.error = ""
        self.show(*states)

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture of the state on show."""
        if not self._states:
            raise CourseError("there is no virtqueue to draw", remedy="give the view one")
        return self._svg(min(self.at, len(self._states) - 1), theme)

    def table(self) -> str:
        """All states as text."""
        return virtqueue_table.as_text(self._states)

    def table_html(self) -> str:
        """All states as HTML tables."""
        return virtqueue_table.as_html(self._states)

    def picture_label(self) -> str:
        """Which queues are shown."""
        names = dict.fromkeys(state.name for state in self._states)
        return "Virtqueue " + " and ".join(names)

    def static_text(self) -> str:
        """The task, and what happened at each step."""
        lines = [virtqueue_table.heading(i, state) for i, state in enumerate(self._states)]
        return "\n".join([self.task, *lines] if self.task else lines)

    def static_html(self) -> str:
        """Every picture, below each other, and the tables folded away."""
        pictures = []
        for i in range(min(len(self._states), _MOST_STATIC)):
            words = virtqueue_table.heading(i, self._states[i])
            last = i == min(len(self._states), _MOST_STATIC) - 1
            pictures.append(
                picture_html(
                    as_image(self._svg(i, "light")),
                    alt=f"{words} The table below the pictures says the same.",
                    table=self.table_html() if last else "",
                    task="" if i else self.task,
                )
            )
        if not pictures:
            return f'<p class="uv-task">{escape(self.task or "No virtqueue.")}</p>'
        empty = "<details><summary>The same as a table</summary></details>"
        return "".join(pictures).replace(empty, "")

    def draw(self, earlier: dict[str, QueueState] | None = None) -> None:
        """Send everything anew; of each queue's first state, what is new since an ``earlier`` one is marked."""
        before: dict[str, QueueState] = dict(earlier or {})
        self._before: list[QueueState | None] = []
        for state in self._states:
            self._before.append(before.get(state.name))
            before[state.name] = state
        with self.hold_sync():
            self._pictures = [self._svg(i, "auto") for i in range(len(self._states))]
            self._captions = [virtqueue_table.heading(i, state) for i, state in enumerate(self._states)]
            plans = virtqueue_table.plan(self._states)
            self._all_details = [_details(state, drawn) for state, drawn in zip(self._states, plans, strict=True)]
            self._table = self.table_html()

    def _svg(self, i: int, theme: Theme) -> str:
        return virtqueue_drawing.svg(
            self._states[i],
            virtqueue_table.plan(self._states)[i],
            before=self._before[i],
            step=(i + 1, len(self._states)) if len(self._states) > 1 else None,
            theme=theme,
        )

    def _asked(self, _widget: object, content: object, _buffers: object) -> None:
        if content == {"do": "refresh"}:
            self.refresh()
            self.send({"done": "refresh"})


def _details(state: QueueState, drawn: Layout) -> dict[str, dict[str, str]]:
    """What there is to say of each entry that is drawn."""
    found = {}
    for part in (state.descriptors[i] for i in drawn.descriptors.shown):
        if not part.length and not part.address:
            found[f"d{part.index}"] = {"descriptor": str(part.index), "what for": "never used"}
            continue
        printable = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in part.preview)
        found[f"d{part.index}"] = {
            "descriptor": str(part.index),
            "address": address_text(part.address),
            "length": f"{part.length:,} bytes",
            "who writes": "the device" if part.device_writes else "the driver; the device reads",
            "next": str(part.next) if part.continues else "none: the last of its request",
            **({"what for": part.role} if part.role else {}),
            **({"begins with": part.preview[:32].hex(" "), "as text": printable} if part.preview else {}),
        }
    for place in drawn.available.shown:
        found[f"a{place}"] = {"available ring": f"place {place}", "first descriptor": str(state.available[place])}
    for place in drawn.used.shown:
        entry = state.used[place]
        found[f"u{place}"] = {
            "used ring": f"place {place}",
            "first descriptor": str(entry.id),
            "bytes written": f"{entry.length:,}",
        }
    return found
