"""Widgets that hear a click while a cell is still running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unilab.views.static_form import StaticFormWidget


class HeardWhileBusy(StaticFormWidget):
    """A widget whose messages from the browser do not wait for the end of a running cell.

    Jupyter hands a click to a busy kernel where that has threads for it (ipykernel 7 under JupyterLab 4.4 and later).
    Handlers then run on such a thread, beside the cell.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._hear_while_busy()

    def _send(self, msg: Mapping[str, Any], buffers: Sequence[bytes] | None = None) -> None:
        super()._send(msg, buffers)
        self._hear_while_busy()

    def _hear_while_busy(self) -> None:
        """Have clicks go to the thread that the browser made for them.

        ipykernel 7.4 leads them to the thread that sent on this comm last, where it noted one
        (``BaseComm._reply_subshell_id``). That is the cell's, which is busy: it would hear a click when all is done.
        """
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)
