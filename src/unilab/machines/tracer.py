"""What follows a child from its first instruction, as its keeper knows it."""

from __future__ import annotations

from typing import Protocol


class Tracer(Protocol):
    """Follows a child by ptrace, on the keeper's thread alone."""

    def attach(self, pid: int) -> None:
        """Take hold of the child, which has stopped itself, and let it go on to its program."""

    def poll(self) -> int | None:
        """Handle what the child has reported; its wait status once it has ended, else None."""

    def resume(self) -> None:
        """Let go of the child if it is stopped."""
