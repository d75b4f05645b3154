"""QEMU's monitor protocol with a synchronous face.

``qemu.qmp`` speaks asyncio. One thread with a loop of its own serves all
machines, so the same calls work in scripts, under pytest, in a notebook's cell
(whose own loop is running) and in a widget's callback.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import socket
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from qemu.qmp import ExecuteError, QMPClient, QMPError

from unilab.errors import MachineError

_T = TypeVar("_T")

#: Seconds in which a healthy QEMU answers, even on a busy host.
_TIMEOUT = 10.0

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def _io_loop() -> asyncio.AbstractEventLoop:
    global _loop  # noqa: PLW0603 - one loop for the process is the point
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="QMP", daemon=True).start()
        return _loop


class Monitor:
    """A session with one QEMU, begun at the first command.

    Args:
        end: Our end of the socket pair whose other end QEMU has. Owned by this object.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._client: QMPClient | None = None
        self._guard = threading.Lock()

    def execute(self, command: str, **arguments: object) -> Any:
        """Run a QMP command and give back what it returns.

        Raises:
            MachineError: QEMU refused it, does not answer, or is gone.
        """
        with self._guard:
            return self._run(self._execute(command, arguments), command)

    def hmp(self, command_line: str) -> str:
        """Run a command of the human monitor and give back its text."""
        return str(self.execute("human-monitor-command", **{"command-line": command_line}))

    def close(self) -> None:
        """End the session. QEMU goes on."""
        with self._guard:
            if self._client is not None:
                client, self._client = self._client, None
                try:
                    self._run(client.disconnect(), "disconnect")
                except MachineError:
                    pass  # it has gone already, and that is what was wanted
            self._end.close()

    async def _execute(self, command: str, arguments: dict[str, object]) -> object:
        if self._client is None:
            client = QMPClient("unilab")
            await client.connect(self._end)
            self._client = client
        return await self._client.execute(command, arguments or None)

    def _run(self, work: Coroutine[Any, Any, _T], doing: str) -> _T:
        future = asyncio.run_coroutine_threadsafe(work, _io_loop())
        try:
            return future.result(_TIMEOUT)
        except ExecuteError as error:
            raise MachineError(f"QEMU refused {doing}: {error}") from error
        except concurrent.futures.TimeoutError as error:
            future.cancel()
            raise MachineError(f"QEMU has not answered {doing} for {_TIMEOUT:.0f} seconds") from error
        except (QMPError, EOFError, OSError, asyncio.CancelledError, concurrent.futures.CancelledError) as error:
            raise MachineError(f"QEMU is gone, so {doing} cannot be done: {error}") from error
