"""Every error this package raises on purpose, under one root.

Inside Jupyter such an error is shown as its message alone: a learner who
misspells a C keyword should read the compiler's words, not a Python traceback.
Scripts and tests still get an ordinary exception.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence


class CourseError(Exception):
    """Something the user can act on.

    Args:
        message: What went wrong, one or more lines.
        remedy: What to do about it: a command to type or a thing to change.
    """

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """The message, then the remedy on a line of its own."""
        return self.message if self.remedy is None else f"{self.message}\nTo mend it: {self.remedy}"

    def _render_traceback_(self) -> list[str]:
        """IPython's hook for how an exception is displayed: no traceback, just the words."""
        return str(self).splitlines()


class Unavailable(CourseError):
    """This host lacks what it takes; nothing that the user wrote is to blame. Views show a recording instead."""


class ProgramNotFound(CourseError):
    """The program to build does not exist or is not a C source file."""


class ToolchainError(CourseError):
    """The compiler, linker or cache could not do its work, and the program is not to blame."""


class CompileError(CourseError):
    """The program does not compile or link. The message is the compiler's own, with file and line."""


class LayoutError(CourseError, ValueError):
    """A memory map, a page table or an ELF file does not parse."""


class MachineError(CourseError):
    """A machine did not do what was asked of it.

    Args:
        message: What happened, in a sentence.
        command: The host command that ran the machine.
        exit_code: Its exit code; negative for a signal; None while it runs.
        console: Everything the machine printed.
        remedy: What to do about it.

    The text shows the command, the exit code and the last console lines.
    """

    #: How many console lines the message carries.
    TAIL = 12
    #: What is known of a guest's crash: a ``unilab.machines.crash.Crash``, for ``explain``.
    crash: object | None = None

    def __init__(
        self,
        message: str,
        *,
        command: Sequence[str] = (),
        exit_code: int | None = None,
        console: str = "",
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.command = tuple(command)
        self.exit_code = exit_code
        self.console = console

    def __str__(self) -> str:
        """The message, the command, the exit code, the last console lines and the remedy."""
        lines = [self.message]
        if self.command:
            lines.append("  command: " + shlex.join(self.command))
        if self.exit_code is not None:
            lines.append(f"  exit code: {self.exit_code}")
        tail = self.console.splitlines()[-self.TAIL :]
        if tail:
            lines.append("  last console lines:")
            lines += ["    " + line for line in tail]
        if self.remedy:
            lines.append("To mend it: " + self.remedy)
        return "\n".join(lines)


class QemuMissing(MachineError, Unavailable):
    """No usable QEMU on this host."""


class StartFailed(MachineError):
    """The host refused to run the machine, or the image is not one."""


class TracingForbidden(StartFailed, Unavailable):
    """The host lets nobody trace a process, so it cannot be stopped at a place of one's choice."""


class DeadlineExceeded(MachineError):
    """The machine was still running when its time was up, and was killed."""


class GuestPanic(MachineError):
    """The library OS stopped itself: a processor exception, or an inconsistency it found."""


class GuestHangs(MachineError):
    """The guest's kernel makes no progress. It was ended: nobody waits for it."""
