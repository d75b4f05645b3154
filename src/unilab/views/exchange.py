"""The live view of a request and its answer: a thin widget over ``exchange_drawing`` and plain values."""

from __future__ import annotations

from html import escape
from typing import Any

import traitlets

from unilab.spaces.exchange import Exchange
from unilab.views import exchange_drawing as drawing
from unilab.views.crossing_drawing import RING_WORDS
from unilab.views.picture_view import PictureView
from unilab.views.static_form import as_image, front_end, look, picture_html
from unilab.views.theme import STATIC, Theme

_FIELDS = ("packet or function", "what", "owner", "privilege", "depth", "instructions")


class ExchangeView(PictureView):
    """Packets on one side, and on the other the functions that ran between two of them.

    Args:
        exchange: As ``request_journey`` gives it.
        task: One sentence above the picture: what to look for.
        height: The most pixels the live picture takes before it scrolls.

    Attributes:
        selected: ``p4`` for packet 4, ``s1`` for stretch 1, from 0, ``1:12`` for its call that begins with step 12;
            empty for none.
        expanded: Calls that were opened, by such keys.
    """

    _esm = front_end(STATIC / "exchange.js", "zoom.js", "frame.js", "items.js")
    _css = look(STATIC / "items.css", "view.css")

    selected = traitlets.Unicode("").tag(sync=True)
    expanded = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, exchange: Exchange, *, task: str = "", height: int = 760, **kwargs: Any) -> None:
        self._exchange = exchange
        super().__init__(task=task, height=height, **kwargs)
        self.draw()
        self.observe(lambda _change: self.draw(), names="expanded")

    @property
    def exchange(self) -> Exchange:
        """The value on show."""
        return self._exchange

    def svg(self, *, theme: Theme = "auto") -> str:
        """The picture as it is expanded now."""
        return drawing.svg(self._exchange, theme=theme, opened=self.expanded, selected=self.selected)

    def table(self) -> str:
        """What the picture shows, as text, a packet or call a line."""
        lines = [_FIELDS, *self._rows()]
        widths = [max(len(line[i]) for line in lines) for i in range(len(_FIELDS))]
        cells = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        return "\n".join([self._heading(), *cells])

    def table_html(self) -> str:
        """The same as an HTML table."""
        head = "".join(f'<th scope="col">{field}</th>' for field in _FIELDS)
        body = "".join(
            f'<tr><th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in self._rows()
        )
        return (
            f'<table class="uv-table"><caption>{escape(self._heading())}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def picture_label(self) -> str:
        """Whose exchange is shown."""
        return f"Packets and functions: {drawing.name_of(self._exchange)}"

    def static_text(self) -> str:
        """The task, and the packets with what was done between them: a notebook keeps this."""
        lines = [self._heading(), *(str(packet) for packet in self._exchange.packets)]
        return "\n".join([self.task, *lines] if self.task else lines)

    def static_html(self) -> str:
        """The picture, and the table folded away below it."""
        alt = f"{self.picture_label()}; the table below says the same"
        picture = as_image(drawing.svg(self._exchange, theme="light"))
        return picture_html(picture, alt=alt, table=self.table_html(), task=self.task)

    def details(self) -> dict[str, dict[str, str]]:
        """What there is to say of each line that is drawn."""
        found: dict[str, dict[str, str]] = {}
        for row in drawing.rows(self._exchange, self.expanded):
            if (packet := row.packet) is not None:
                found[row.key] = {
                    "packet": str(packet.number),
                    "from": packet.sender,
                    "to": packet.receiver,
                    "what": packet.words,
                    "frame": f"{packet.size:,} bytes",
                    **({"window": f"{packet.window:,}"} if packet.protocol == "TCP" else {}),
                    "after": f"{packet.seconds * 1e3:,.1f} ms",
                }
            elif (call := row.call) is not None:
                found[row.key] = {
                    "function": call.function,
                    "owner": call.owner or "not known",
                    "privilege": RING_WORDS[call.ring],
                    "led here": call.crossing or ("a return" if call.continued else "a call"),
                    "instructions": f"{call.total:,}, {call.own:,} of its own",
                    "calls in it": f"{call.inside:,}",
                }
            elif row.stretch is not None:
                found[row.key] = {"what": drawing.stretch_words(row.stretch), "measured": row.stretch.journey.method}
        return found

    def _heading(self) -> str:
        counted = [drawing.stretch_words(stretch) for stretch in self._exchange.stretches]
        said = [f"{drawing.name_of(self._exchange)}, {drawing.source_of(self._exchange)}", *counted]
        return "; ".join(said)

    def _rows(self) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = []
        for row in drawing.rows(self._exchange, self.expanded):
            if (packet := row.packet) is not None:
                way = "out" if packet.outgoing else "in"
                found.append((f"packet {packet.number} {way}", packet.words, "", "", "", ""))
            elif (call := row.call) is not None:
                how = call.crossing or ("continued" if call.continued else "")
                where = (call.owner, str(call.ring), str(call.depth), str(call.total))
                found.append((call.function, how, *where))
            elif row.stretch is not None:
                found.append((row.stretch.named, drawing.stretch_words(row.stretch).partition(": ")[2], "", "", "", ""))
        return found
