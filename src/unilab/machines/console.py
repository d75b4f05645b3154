"""What a machine prints: kept whole, and handed on as it comes."""

from __future__ import annotations

import codecs
import threading
from collections.abc import Callable

#: Gets each new piece of console text, on the machine's keeper thread.
Listener = Callable[[str], None]


class Console:
    """The text a machine has printed so far. Safe to read from any thread.

    Args:
        translate: Makes what people read out of what the machine sent, piece by piece. Called with ``last``
            true once, at the end.
        listener: Gets each piece of text when it has come. If it raises, it is not called again, and
            ``listener_error`` keeps what it raised: the machine runs on.
    """

    #: Bytes after which a machine counts as running wild.
    LIMIT = 64 * 1024 * 1024

    def __init__(
        self, *, translate: Callable[[str, bool], str] | None = None, listener: Listener | None = None
    ) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._translate = translate or (lambda text, last: text)
        self._listener = listener
        self._pieces: list[str] = []
        #: Taken by itself, not through the condition: so an interrupt cannot leave it taken.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._closed = False
        self._length = 0
        self.received = 0
        self.listener_error: Exception | None = None

    @property
    def text(self) -> str:
        """Everything so far."""
        with self._lock:
            if len(self._pieces) > 1:
                self._pieces = ["".join(self._pieces)]
            return self._pieces[0] if self._pieces else ""

    def __str__(self) -> str:
        return self.text

    def feed(self, data: bytes, *, last: bool = False) -> None:
        """Add bytes from the machine. ``last`` closes the console: no more will come."""
        self.received += len(data)
        piece = self._translate(self._decoder.decode(data, last), last)
        with self._lock:
            if piece:
                self._pieces.append(piece)
                self._length += len(piece)
            self._closed = self._closed or last
            self._changed.notify_all()
        if piece and self._listener is not None:
            try:
                self._listener(piece)
            except Exception as error:
                self._listener, self.listener_error = None, error

    def tail(self, length: int) -> str:
        """The last ``length`` characters, or all if there are fewer."""
        with self._lock:
            pieces = []
            for piece in reversed(self._pieces):
                if length <= 0:
                    break
                pieces.append(piece[-length:])
                length -= len(piece)
            return "".join(reversed(pieces))

    def more(self, seen: int, timeout: float) -> tuple[str, bool]:
        """Wait for more than one has seen.

        Args:
            seen: How many characters those were.
            timeout: Seconds to wait at most.

        Returns:
            What has come after them, if anything has, and whether the console is closed.
        """
        with self._lock:
            self._changed.wait_for(lambda: self._length > seen or self._closed, timeout)
            return self.tail(self._length - seen), self._closed

    def wait_for(self, text: str, timeout: float) -> bool:
        """Wait until ``text`` has been printed.

        Args:
            text: What to wait for.
            timeout: Seconds at most.

        Returns:
            True when it is there; False when the time is up or the machine has ended without it.
        """
        searched = 0
        found = False

        def over() -> bool:
            # Only what is new, and as much before it as may hold the text's beginning.
            nonlocal searched, found
            found = text in self.tail(self._length - searched + len(text))
            searched = self._length
            return found or self._closed

        with self._lock:
            self._changed.wait_for(over, timeout)
            return found
