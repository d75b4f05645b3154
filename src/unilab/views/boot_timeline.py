"""The live view of boots: a thin widget over ``boot_timeline_drawing`` and plain values."""

from __future__ import annotations

from html import escape
from typing import Any

import traitlets

from unilab.spaces.boot_timeline import BootTimeline
from unilab.views import boot_timeline_drawing as drawing
from unilab.views.boot_timeline_drawing import time_text
from unilab.views.picture_view import PictureView
from unilab.views.static_form import front_end, look
from unilab.views.theme import STATIC, Theme

_FIELDS = ("event", "at", "since the one before", "how it was seen")
#: Where one boot takes so many times as long as another, a linear scale shows nothing of the shorter.
_MUCH = 8.0


class BootTimelineView(PictureView):
    """Boots below each other, on one scale of time.

    Args:
        timelines: From top to bottom.
        axis: ``linear`` or ``log``; where none is given, ``log`` if one takes much longer than another.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        axis: As given; may be changed while shown.
        selected: ``"<boot>:<event>"``, both counted from 0; empty for none.
    """

    _esm = front_end(STATIC / "boot_timeline.js", "zoom.js", "frame.js", "items.js")
    _css = look(STATIC / "items.css", "view.css")

    axis = traitlets.Enum(["linear", "log"], "linear").tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    # The picture on both scales: the browser changes between them by itself.
    _pictures = traitlets.Dict().tag(sync=True)

    def __init__(
        self, *timelines: BootTimeline, axis: str | None = None, task: str = "", height: int = 760, **kwargs: Any
    ) -> None:
        self._timelines = timelines
        super().__init__(task=task, height=height, axis=axis or _axis(timelines), **kwargs)
        self.draw()

    @property
    def timelines(self) -> tuple[BootTimeline, ...]:
        """The values on show."""
        return self._timelines

    def show(self, *timelines: BootTimeline) -> None:
        """Show other values in the same place."""
        with self.hold_sync():
            self._timelines = timelines
            self.selected = ""
            self.draw()

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture on the scale that is chosen now."""
        return drawing.svg(self._timelines, axis="log" if self.axis == "log" else "linear", theme=theme)

    def table(self) -> str:
        """The same facts as text, one event a line."""
        blocks = []
        for timeline in self._timelines:
            lines = [_FIELDS, *_rows(timeline)]
            widths = [max(len(line[i]) for line in lines) for i in range(len(_FIELDS))]
            cells = [
                "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
                for line in lines
            ]
            blocks.append("\n".join([_heading(timeline), *cells]))
        return "\n\n".join(blocks)

    def table_html(self) -> str:
        """The same facts as HTML tables."""
        head = "".join(f'<th scope="col">{field}</th>' for field in _FIELDS)
        tables = []
        for timeline in self._timelines:
            body = "".join(
                f'<tr><th scope="row">{escape(row[0])}</th>'
                + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
                + "</tr>"
                for row in _rows(timeline)
            )
            tables.append(
                f'<table class="uv-table"><caption>{escape(_heading(timeline))}</caption>'
                f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            )
        return "".join(tables)

    def picture_label(self) -> str:
        """Whose boots are shown."""
        return "The boot of " + " and ".join(timeline.name for timeline in self._timelines)

    def details(self) -> dict[str, dict[str, str]]:
        """What there is to say of each event."""
        return {
            f"{band}:{index}": {
                "event": row[0],
                "of": timeline.name,
                "at": row[1],
                **({"after": f"{row[2]} more"} if row[2] else {}),
                "seen by": row[3] or "not known",
            }
            for band, timeline in enumerate(self._timelines)
            for index, row in enumerate(_rows(timeline))
        }

    def draw(self) -> None:
        """Send everything anew."""
        with self.hold_sync():
            self._pictures = {axis: drawing.svg(self._timelines, axis=axis) for axis in ("linear", "log")}
            super().draw()


def _axis(timelines: tuple[BootTimeline, ...]) -> str:
    times = [timeline.seconds for timeline in timelines if timeline.seconds > 0]
    return "log" if times and max(times) > _MUCH * min(times) else "linear"


def _rows(timeline: BootTimeline) -> list[tuple[str, str, str, str]]:
    before = [None, *timeline.events]
    return [
        (
            event.name,
            time_text(event.seconds),
            "" if earlier is None else time_text(event.seconds - earlier.seconds),
            event.detail,
        )
        for earlier, event in zip(before, timeline.events, strict=False)
    ]


def _heading(timeline: BootTimeline) -> str:
    where = f": {timeline.origin}" if timeline.origin else ""
    how = f"; {timeline.method}" if timeline.method else ""
    return f"{timeline.name}, {timeline.source}{where}; {time_text(timeline.seconds)} in all{how}"
