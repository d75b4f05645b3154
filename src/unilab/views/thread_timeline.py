"""The live view of threads over time: a thin widget over ``thread_timeline_drawing`` and plain values."""

from __future__ import annotations

from html import escape
from typing import Any

import traitlets

from unilab.spaces.thread_timeline import IDLE, ThreadTimeline, Turn
from unilab.views import thread_timeline_drawing as drawing
from unilab.views.boot_timeline_drawing import time_text
from unilab.views.picture_view import PictureView
from unilab.views.static_form import front_end, look
from unilab.views.theme import STATIC, Theme

_FIELDS = ("turn", "thread", "from", "for", "then it", "in")
#: Functions that a row of the table names, of all that were on the stack.
_NAMED = 6


class ThreadTimelineView(PictureView):
    """Which thread had the processor when.

    Args:
        timeline: What to show.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        selected: The number of the chosen turn, from 0; empty for none.
    """

    _esm = front_end(STATIC / "thread_timeline.js", "zoom.js", "frame.js", "items.js")
    _css = look(STATIC / "items.css", "view.css")

    selected = traitlets.Unicode("").tag(sync=True)

    def __init__(self, timeline: ThreadTimeline, *, task: str = "", height: int = 760, **kwargs: Any) -> None:
        self._timeline = timeline
        super().__init__(task=task, height=height, **kwargs)
        self.draw()

    @property
    def timeline(self) -> ThreadTimeline:
        """The value on show."""
        return self._timeline

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture."""
        return drawing.svg(self._timeline, theme=theme)

    def table(self) -> str:
        """The same facts as text, a turn a line."""
        lines = [_FIELDS, *self._rows()]
        widths = [max(len(line[i]) for line in lines) for i in range(len(_FIELDS))]
        cells = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
        return "\n".join([self._heading(), *cells])

    def table_html(self) -> str:
        """The same facts as an HTML table."""
        head = "".join(f'<th scope="col">{field}</th>' for field in _FIELDS)
        body = "".join(
            f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
            for row in self._rows()
        )
        return (
            f'<table class="uv-table"><caption>{escape(self._heading())}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def picture_label(self) -> str:
        """Whose threads are shown."""
        return f"Which thread ran when in {self._timeline.name}"

    def details(self) -> dict[str, dict[str, str]]:
        """What there is to say of each turn."""
        return {
            str(i): {
                "turn": f"{i + 1} of {len(self._timeline.turns)}",
                "of": drawing.name(turn.thread),
                "from": time_text(turn.begin),
                "for": time_text(turn.seconds),
                "then it": str(turn.why),
                **({"in": " ← ".join(turn.callers)} if turn.callers else {}),
            }
            for i, turn in enumerate(self._timeline.turns)
        }

    def _rows(self) -> list[tuple[str, ...]]:
        return [_row(i, turn) for i, turn in enumerate(self._timeline.turns)]

    def _heading(self) -> str:
        seen = self._timeline
        where = f": {seen.origin}" if seen.origin else ""
        ran = ", ".join(f"{drawing.name(thread)} {time_text(seen.ran(thread))}" for thread in seen.threads)
        return f"{seen.name}, {seen.source}{where}; {seen.method}. In all: {ran}"


def _row(index: int, turn: Turn) -> tuple[str, ...]:
    callers = turn.callers[:_NAMED]
    more = ("…",) if len(turn.callers) > _NAMED else ()
    return (
        str(index + 1),
        "idle" if turn.thread == IDLE else str(turn.thread),
        time_text(turn.begin),
        time_text(turn.seconds),
        str(turn.why),
        " ← ".join((*callers, *more)),
    )
