"""QEMU's monitor protocol with a synchronous face.

``qemu.qmp`` speaks asyncio. One thread with a loop of its own serves all
machines, so the same calls work in scripts, under pytest, in a notebook's cell
(whose own loop is running) and in a widget's callback.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from qemu.qmp import ExecuteError, QMPClient, QMPError, Runstate

from unilab.errors import MachineError
from unilab.machines.latch import Latch

_T = TypeVar("_T")

#: Seconds in which a healthy QEMU answers, even on a busy host.
_TIMEOUT = 10.0

# What goes wrong reaches the user as an exception; the client's own log, and the loop's, would say it a second time.
logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None
_under_way: set[_Pending[Any]] = set()


def _io_loop() -> asyncio.AbstractEventLoop:
    global _loop, _thread  # noqa: PLW0603 - one loop for the process is the point
    with _lock:
        # In a forked copy of the process the thread is not there any more.
        if _loop is None or _thread is None or not _thread.is_alive():
            _loop = asyncio.new_event_loop()
            _loop.set_exception_handler(lambda loop, context: None)
            _thread = threading.Thread(target=_loop.run_forever, name="QMP", daemon=True)
            _thread.start()
        return _loop


@atexit.register
def _stop_loop() -> None:
    """Sessions that are open when the interpreter ends would complain of it at length."""
    if _loop is not None and _thread is not None and _thread.is_alive():
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_cancel_all(), _loop).result(1.0)
        _loop.call_soon_threadsafe(_loop.stop)
        _thread.join(1.0)


async def _cancel_all() -> None:
    if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


class Monitor:
    """A session with one QEMU, begun at the first command. Commands run one after another, in the order given.

    Args:
        end: Our end of the socket pair whose other end QEMU has. Owned by this object.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._client: QMPClient | None = None
        #: Held on the loop, not by the callers: a caller may be interrupted, its command still takes its turn.
        self._turn = asyncio.Lock()

    def execute(self, command: str, **arguments: object) -> Any:
        """Run a QMP command and give back what it returns.

        Raises:
            MachineError: QEMU refused it, does not answer, or is gone. One that does not answer in time may still
                do what it was told, should it wake up.
        """
        return _run(lambda: self._execute(command, arguments), command)

    def hmp(self, command_line: str) -> str:
        """Run a command of the human monitor and give back its text."""
        return str(self.execute("human-monitor-command", **{"command-line": command_line}))

    def give(self, fd: int, name: str) -> None:
        """Have QEMU inherit a descriptor, which its commands then know by a name.

        Raises:
            MachineError: As for ``execute``.
        """
        _run(lambda: self._execute("getfd", {"fdname": name}, fd), "getfd")

    def close(self) -> None:
        """End the session, or what is left of it when QEMU has gone. A session has to be closed."""
        with contextlib.suppress(Exception):  # how it ended does not matter any more
            _run(self._disconnect, "disconnect")
        self._end.close()

    async def _execute(self, command: str, arguments: dict[str, object], fd: int | None = None) -> object:
        async with self._turn:
            if self._client is None:
                self._client = QMPClient("unilab")
                try:
                    await self._client.connect(self._end)
                except AssertionError as error:
                    # The client's own, when QEMU ends between two of its steps.
                    raise EOFError("it ended while the session began") from error
            if fd is not None:
                self._client.send_fd_scm(fd)
            return await self._client.execute(command, arguments or None)

    async def _disconnect(self) -> None:
        async with self._turn:
            if self._client is not None and self._client.runstate is not Runstate.IDLE:
                await self._client.disconnect()


class _Pending(Generic[_T]):
    """Work for the loop, and its result for whoever waits. An interrupt of the one who waits leaves the loop alone."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, _T]]) -> None:
        self._make = make
        self._task: asyncio.Task[_T] | None = None
        self.done = Latch()

    def begin(self) -> None:
        """On the loop's thread."""
        # A loop refers to its tasks only weakly: when nobody waits for one any more, something else must hold it.
        _under_way.add(self)
        self._task = asyncio.get_running_loop().create_task(self._make())
        self._task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[_T]) -> None:
        _under_way.discard(self)
        self.done.set()

    def result(self) -> _T:
        """Once it is done: what came of it."""
        assert self._task is not None
        return self._task.result()


def _run(make: Callable[[], Coroutine[Any, Any, _T]], doing: str) -> _T:
    pending = _Pending(make)
    try:
        _io_loop().call_soon_threadsafe(pending.begin)
        if not pending.done.wait(_TIMEOUT):
            raise MachineError(f"QEMU has not answered {doing} for {_TIMEOUT:g} seconds")
        return pending.result()
    except ExecuteError as error:
        raise MachineError(f"QEMU refused {doing}: {error}") from error
    except (QMPError, EOFError, OSError, asyncio.CancelledError) as error:
        raise MachineError(f"QEMU is gone, so {doing} cannot be done: {error}") from error
