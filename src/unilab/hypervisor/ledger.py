"""Exits counted and timed while a guest runs."""

from __future__ import annotations

import time

from unilab.hypervisor.values import Access, Answer, Exit, Reason


class Ledger:
    """Passes a guest's accesses on to its devices, and takes down every exit.

    Args:
        device: Answers them.
    """

    def __init__(self, device: Answer) -> None:
        self._device = device
        self._counts: dict[Reason, int] = {}
        self._seconds: dict[Reason, float] = {}
        self._begin = self._resumed = 0.0

    @property
    def seconds(self) -> float:
        """From the guest's first instruction to its last exit."""
        return self._resumed - self._begin

    def start(self) -> None:
        """The guest is about to execute its first instruction."""
        self._begin = self._resumed = time.perf_counter()

    def answer(self, access: Access) -> int:
        """Have the device answer an access, and note the exit. The guest runs on when this returns."""
        value = self._device(access)
        self.note(access.reason)
        return value

    def note(self, reason: Reason) -> None:
        """Note an exit that has been dealt with."""
        now = time.perf_counter()
        self._counts[reason] = self._counts.get(reason, 0) + 1
        self._seconds[reason] = self._seconds.get(reason, 0.0) + now - self._resumed
        self._resumed = now

    def exits(self) -> tuple[Exit, ...]:
        """The most frequent first."""
        rows = (Exit(reason, count, self._seconds[reason]) for reason, count in self._counts.items())
        return tuple(sorted(rows, key=lambda row: (-row.count, row.reason)))
