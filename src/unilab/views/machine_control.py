"""The live view that controls a machine: pause, continue, step, reset, end, and the registers."""

from __future__ import annotations

import threading
from html import escape
from typing import Any

import traitlets

from unilab.errors import CourseError
from unilab.views.register_words import rows
from unilab.views.remote import ENDED, LOOK_AGAIN, PAUSED, LiveView, RemoteMachine, ending_of, title_of, words_of
from unilab.views.static_form import front_end, look
from unilab.views.theme import STATIC

#: What the browser may ask for.
_BUTTONS = ("pause", "resume", "step", "reset", "quit")


class MachineControl(LiveView):
    """Buttons that pause, continue, step, reset and end a machine, and its registers while it is paused.

    Args:
        machine: As ``start`` gives it.
        task: One sentence above: what to do or to look for.

    Attributes:
        task: As given; may be changed while shown.
        state: The machine's: ``running``, ``paused`` or ``ended``.
        error: Why the last thing asked for was not done; empty if it was.
    """

    _esm = front_end(STATIC / "machine_control.js", "machine.js")
    _css = look(STATIC / "machine.css", "view.css")

    task = traitlets.Unicode("").tag(sync=True)
    state = traitlets.Unicode("").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    _title = traitlets.Unicode("").tag(sync=True)
    _ending = traitlets.Unicode("").tag(sync=True)
    _controls = traitlets.List(traitlets.Unicode()).tag(sync=True)
    # Name, value, meaning, and "new" if it changed at the last step or stop.
    _registers: Any = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    _place = traitlets.Unicode("").tag(sync=True)
    _steps = traitlets.Int(0).tag(sync=True)

    def __init__(self, machine: RemoteMachine, *, task: str = "", **kwargs: Any) -> None:
        self._turn = threading.RLock()
        controls = sorted(machine.controls)
        super().__init__(machine, task=task, _title=title_of(machine), _controls=controls, **kwargs)
        self._show(str(machine.state))
        self.on_msg(self._asked)
        self._watcher.start()

    def do(self, what: str) -> None:
        """Press a button: ``pause``, ``resume``, ``step``, ``reset`` or ``quit``. ``error`` says if that failed.

        Raises:
            CourseError: There is no such button.
        """
        if what not in _BUTTONS:
            raise CourseError(f"there is no button {what!r}", remedy=f"choose one of {', '.join(_BUTTONS)}")
        with self._turn:
            self.error = self._attempt(getattr(self._machine, what))
            if what == "step" and not self.error:
                self._steps += 1
            self._show(str(self._machine.state))

    def static_html(self) -> str:
        """State and registers as they are now."""
        task = f'<p class="uv-task">{escape(self.task)}</p>' if self.task else ""
        body = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td><td>{escape(meaning)}</td></tr>'
            for name, value, meaning, _new in self._registers
        )
        head = "".join(f'<th scope="col">{word}</th>' for word in ("register", "value", "meaning"))
        table = f'<table class="uv-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>' if body else ""
        return f'<div class="uv-static">{task}<p>{escape(self._heading())}</p>{table}</div>'

    def static_text(self) -> str:
        """The task, the state, and the registers as they are now."""
        lines = [self.task] if self.task else []
        lines.append(self._heading())
        lines += [f"{name:6}  {value:25}  {meaning}".rstrip() for name, value, meaning, _new in self._registers]
        return "\n".join(lines)

    def _heading(self) -> str:
        how = f"ended: {self._ending}" if self._ending else self.state
        where = f", at {self._place}" if self._place else ""
        return f"{self._title}, {how}{where} when the cell ran"

    def _look(self) -> bool:
        state = str(self._machine.state)
        if state != self.state:
            with self._turn:
                self._show(str(self._machine.state))
        if state == ENDED:
            return False
        self._closed.wait(LOOK_AGAIN)
        return True

    def _show(self, state: str) -> None:
        """Bring everything up to date, in one message."""
        registers, place, error = self._registers, "", ""
        if state != ENDED:
            self.state = state  # at once: names and lines of a large image take their time
        if state == PAUSED and "registers" in self._controls:
            try:
                now = self._machine.registers()
                place = self._machine.place(now.rip)
                before = {row[0]: row[1] for row in self._registers}
                registers = [
                    [name, value, meaning, "new" if before and before.get(name) != value else ""]
                    for name, value, meaning in rows(now, place)
                ]
            except CourseError as caught:
                error = words_of(caught)
                state = str(self._machine.state)
        with self.hold_sync():
            self.state = state
            self._registers = registers
            self._place = place
            self.error = self.error or error
            if state == ENDED:
                self._ending = ending_of(self._machine)

    def _asked(self, _widget: object, content: object, _buffers: object) -> None:
        what = content.get("do") if isinstance(content, dict) else None
        if isinstance(what, str) and what in _BUTTONS:
            self.do(what)
            self.send({"done": what})
