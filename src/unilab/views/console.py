"""The live view of a machine's console: what it prints, and a line to type into."""

from __future__ import annotations

import threading
from html import escape
from queue import SimpleQueue
from typing import Any

import traitlets

from unilab.views.remote import ENDED, LOOK_AGAIN, LiveView, RemoteMachine, ending_of, title_of
from unilab.views.static_form import front_end, look
from unilab.views.terminal import Terminal
from unilab.views.theme import STATIC

#: Seconds between two messages to the browser, however fast a machine prints.
_PAUSE = 0.1
#: Characters that are kept at most, and that are taken from what a machine has printed at once.
_MOST = 200_000
#: Lines that a saved notebook keeps.
_STATIC_LINES = 200


class ConsoleView(LiveView):
    """What a machine prints, as it comes, and a line to type into.

    Enter sends the line; control-D ends the input. What is typed is shown as a terminal would echo it, since serial
    lines and pipes do not.

    Args:
        machine: As ``start`` gives it.
        task: One sentence above: what to do or to look for.
        height: Pixels that the text takes before it scrolls.
        scrollback: Lines that are kept.
        echo: Show what is typed.

    Attributes:
        task: As given; may be changed while shown.
        height: As given; may be changed while shown.
        state: The machine's: ``running``, ``paused`` or ``ended``.
        error: Why the last line could not be sent; empty if it was.
    """

    _esm = front_end(STATIC / "console.js", "machine.js")
    _css = look(STATIC / "machine.css", "view.css")

    task = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(320).tag(sync=True)
    state = traitlets.Unicode("").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    _title = traitlets.Unicode("").tag(sync=True)
    _ending = traitlets.Unicode("").tag(sync=True)
    _text = traitlets.Unicode("").tag(sync=True)
    # Lines that are above the text and no longer kept.
    _dropped = traitlets.Int(0).tag(sync=True)
    _can_type = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self,
        machine: RemoteMachine,
        *,
        task: str = "",
        height: int = 320,
        scrollback: int = 2000,
        echo: bool = True,
        **kwargs: Any,
    ) -> None:
        self._terminal = Terminal(scrollback)
        self._printing = threading.Lock()
        self._seen = 0
        self._echo = echo
        self._typed: SimpleQueue[str | None] = SimpleQueue()
        self._typist: threading.Thread | None = None
        super().__init__(
            machine, task=task, height=height, _title=title_of(machine), state=str(machine.state), **kwargs
        )
        self._look(wait=0)
        self.on_msg(self._asked)
        self._watcher.start()

    @property
    def text(self) -> str:
        """What is on show."""
        return self._text

    def type(self, line: str) -> None:
        """Send a line, as if it had been typed here. It waits its turn; ``error`` says if it could not be sent."""
        if self._typist is None:
            # A machine that does not read keeps whoever writes waiting: not the browser's messages.
            self._typist = threading.Thread(target=self._type, name=f"typing to {self._title}", daemon=True)
            self._typist.start()
        self._typed.put(line + "\n")

    def end_input(self) -> None:
        """Tell the machine that no more will be typed."""
        self.error = self._attempt(self._machine.send_eof)
        if not self.error:
            self._can_type = False

    def close(self) -> None:
        """Stop following the machine, which goes on."""
        self._typed.put(None)
        super().close()

    def static_html(self) -> str:
        """The text as it is now."""
        task = f'<p class="uv-task">{escape(self.task)}</p>' if self.task else ""
        return (
            f'<div class="uv-static">{task}<p>{escape(self._heading())}</p>'
            f"<pre>{escape(self._last_lines())}</pre></div>"
        )

    def static_text(self) -> str:
        """The task, and the text as it is now."""
        lines = [self.task] if self.task else []
        return "\n".join([*lines, self._heading(), self._last_lines()]).rstrip()

    def _heading(self) -> str:
        how = f"ended: {self._ending}" if self._ending else self.state
        return f"Console of {self._title}, {how} when the cell ran"

    def _last_lines(self) -> str:
        return "\n".join(self._text.split("\n")[-_STATIC_LINES:])

    def _look(self, wait: float = LOOK_AGAIN) -> bool:
        console, machine = self._machine.console, self._machine
        piece, over = console.more(self._seen, wait)
        with self._printing:
            self._seen += len(piece)
            # Of a flood, only the end is worth the work.
            begin = piece.find("\n", len(piece) - _MOST) + 1 if len(piece) > _MOST else 0
            self._terminal.skip(piece[:begin])
            self._terminal.feed(piece[begin:])
            self._show()
            # It is said to have ended when all that it has printed is here; its console closes a moment earlier.
            state = str(machine.state)
            ended = over and state == ENDED and not piece
            with self.hold_sync():
                if ended or state != ENDED:
                    self.state = state
                if ended:
                    self._can_type = False
                    self._ending = ending_of(machine)
        if ended:
            self._typed.put(None)
            return False
        if piece or over:
            self._closed.wait(_PAUSE)
        return True

    def _show(self) -> None:
        text = self._terminal.text
        dropped = self._terminal.dropped
        if len(text) > _MOST:
            # Whole lines, so that nobody takes half a line for one.
            cut = text.find("\n", len(text) - _MOST) + 1
            dropped += text.count("\n", 0, cut)
            text = text[cut:]
        with self.hold_sync():
            self._text = text
            self._dropped = dropped

    def _asked(self, _widget: object, content: object, _buffers: object) -> None:
        if not isinstance(content, dict):
            return
        if content.get("do") == "type" and isinstance(content.get("line"), str):
            self.type(content["line"])
        elif content.get("do") == "end":
            self.end_input()

    def _type(self) -> None:
        while (text := self._typed.get()) is not None:
            self.error = self._attempt(lambda text=text: self._machine.send(text))  # type: ignore[misc]
            if self._echo and not self.error:
                with self._printing:
                    self._terminal.feed(text)
                    self._show()
