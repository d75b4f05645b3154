"""A flag that threads wait for, and that an interrupt cannot break.

``threading.Event`` has a condition, which it takes in Python: a KeyboardInterrupt that comes when the lock is taken,
but not yet known to be, leaves it taken for ever, and the next thread that sets the event hangs. That thread would be
a machine's keeper. Here, whoever sets the flag waits for nobody.
"""

from __future__ import annotations

import threading
import time

#: Seconds between looks at the flag itself, for a waiter whose wake-up was lost to another's interrupt.
_SLICE = 1.0


class Latch:
    """As ``threading.Event``. One thread sets and clears it; any may wait."""

    def __init__(self) -> None:
        self._set = False
        #: Free while the flag is set.
        self._gate = threading.Lock()
        self._gate.acquire()

    def is_set(self) -> bool:
        """Whether it is."""
        return self._set

    def set(self) -> None:
        """Set it, and wake all who wait."""
        if not self._set:
            self._set = True
            if self._gate.locked():
                self._gate.release()

    def clear(self) -> None:
        """Take it back."""
        self._set = False
        self._gate.acquire(blocking=False)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set.

        Args:
            timeout: Seconds at most; None for no limit.

        Returns:
            Whether it is set.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while not self._set:
            left = _SLICE if until is None else min(_SLICE, until - time.monotonic())
            if left <= 0:
                break
            if self._gate.acquire(timeout=left):
                self._gate.release()
        return self._set
