"""What a Linux guest's first process says over the second serial line, and what it answers.

It speaks in lines (see guest/init.c); between them may be the kernel's own, when it is about to die.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from unilab.errors import CourseError, MachineError

_T = TypeVar("_T")

_CHUNK = 1 << 16
#: How often to look whether the machine makes any progress.
_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a guest may say nothing before it counts as hanging.

    Attributes:
        cpu: Seconds of QEMU's processor time: a guest that spins uses it, however busy the host is.
        wall: Seconds on the clock, for a guest that sleeps for ever.
    """

    cpu: float
    wall: float


class Silence(Exception):
    """Nothing has come for longer than patience lasts."""


class Reports:
    """Our end of the second serial line. May be used from any thread.

    Args:
        end: One end of a socket pair. Owned by this object.
        cpu_seconds: QEMU's processor time so far; None when that is not known.
    """

    def __init__(self, end: socket.socket, cpu_seconds: Callable[[], float | None]) -> None:
        self._end = end
        self._cpu_seconds = cpu_seconds
        self._lines: list[str] = []
        self._outputs: list[bytes] = []
        self._rest = b""
        self._awaited = 0
        self._reading = threading.RLock()
        self._closed = False

    def lines(self) -> list[str]:
        """The whole lines so far."""
        with self._reading:
            while self._take(0):
                pass
            return list(self._lines)

    def wait_for(self, *words: str, patience: Patience) -> str | None:
        """The first line that begins with one of these words; None if QEMU ends before.

        Raises:
            Silence: The guest hangs.
        """
        with self._reading:
            return self._until(lambda: next((line for line in self._lines if line.startswith(words)), None), patience)

    def ask(self, request: str, *, patience: Patience) -> bytes:
        """Send a request, and wait for what it gives.

        Raises:
            CourseError: The request is no single line.
            MachineError: The guest refused, or has ended.
            Silence: The guest does not answer.
        """
        if "\n" in request or "\0" in request:
            raise CourseError("a request to a guest is one line", remedy="put ; between commands")
        with self._reading:
            self.lines()
            before = len(self._outputs), len(self._lines)
            self._send(request)

            def answered() -> tuple[bytes | None, str] | None:
                if len(self._outputs) > before[0]:
                    return self._outputs[-1], ""
                refusals = (line for line in self._lines[before[1] :] if line.startswith(("refused ", "ended ")))
                return next(((None, line) for line in refusals), None)

            output, refusal = self._until(answered, patience) or (None, "ended ")
        if output is not None:
            return output
        if refusal.startswith("ended "):
            raise MachineError("the guest has ended, so nobody answers")
        raise MachineError(f"the guest refused: {refusal.removeprefix('refused ')}")

    def go(self) -> None:
        """Let a first process that is ready start the program."""
        self._send("go")

    def close(self) -> None:
        """End it, and keep what was said."""
        with self._reading:
            if not self._closed:
                self.lines()
                self._closed = True
                self._end.close()

    def _send(self, line: str) -> None:
        # If QEMU is gone, its silence says so.
        with contextlib.suppress(OSError):
            self._end.sendall(line.encode() + b"\n")

    def _until(self, found: Callable[[], _T | None], patience: Patience) -> _T | None:
        heard, used = time.monotonic(), self._cpu_seconds() or 0.0
        while True:
            if (value := found()) is not None:
                return value
            if self._closed:
                return None
            said = self._take(_LOOK_SECONDS)
            if said is None:
                return found()
            now, cpu = time.monotonic(), self._cpu_seconds() or used
            if said:
                heard, used = now, cpu
            elif now - heard > patience.wall or cpu - used > patience.cpu:
                raise Silence

    def _take(self, seconds: float) -> bool | None:
        """Read once, waiting so long at most. Whether anything came; None when nothing can come any more."""
        if self._closed:
            return None
        try:
            if not select.select([self._end], [], [], seconds)[0]:
                return False
            data = self._end.recv(_CHUNK)
        except (OSError, ValueError):
            return None
        if not data:
            return None
        self._rest += data
        while self._parse():
            pass
        return True

    def _parse(self) -> bool:
        """Take one line, or the bytes that one announced, off what has come."""
        if self._awaited:
            if len(self._rest) < self._awaited:
                return False
            self._outputs.append(self._rest[: self._awaited])
            self._rest = self._rest[self._awaited :]
            self._awaited = 0
            return True
        line, newline, rest = self._rest.partition(b"\n")
        if not newline:
            return False
        self._rest = rest
        text = line.decode(errors="replace").rstrip("\r")
        word, _, number = text.partition(" ")
        if word == "output" and number.isdecimal():
            self._awaited = int(number)
            if not self._awaited:
                self._outputs.append(b"")
        else:
            self._lines.append(text)
        return True
