"""A long experiment while it runs: how far it is, and a button that stops it."""

from __future__ import annotations

from html import escape

import traitlets

from unilab.views.heard import HeardWhileBusy
from unilab.views.static_form import front_end
from unilab.views.theme import STATIC


class ExperimentView(HeardWhileBusy):
    """How far an experiment is. The button stops it at its next step; what was measured by then is kept.

    Where Jupyter hands no click to a busy kernel (before ipykernel 7 and JupyterLab 4.4), interrupt the kernel, which
    does the same.

    Args:
        title: What is measured.
        total: How many steps there are.

    Attributes:
        title: As given.
        total: As given.
        done: How many steps are done.
        doing: What is being done, in words.
        state: ``running``, ``done`` or ``stopped``.
        stop: Whether the button was pressed.
    """

    _esm = front_end(STATIC / "experiment.js")
    _css = STATIC / "experiment.css"

    title = traitlets.Unicode().tag(sync=True)
    total = traitlets.Int().tag(sync=True)
    done = traitlets.Int(0).tag(sync=True)
    doing = traitlets.Unicode("").tag(sync=True)
    state = traitlets.Enum(("running", "done", "stopped"), "running").tag(sync=True)
    stop = traitlets.Bool(False).tag(sync=True)

    def __init__(self, title: str, total: int) -> None:
        super().__init__(title=title, total=total)

    def static_html(self) -> str:
        """What is measured: how far it was says nothing afterwards."""
        return f'<p class="uv-static">{escape(self.static_text())}</p>'

    def static_text(self) -> str:
        """The same as text."""
        return f"{self.title}: {self.total} steps, with a button that stops it."
