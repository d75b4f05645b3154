"""Whether a program did the same on Linux and as a unikernel, and did anything at all."""

from __future__ import annotations

import difflib
import re
import signal
from dataclasses import dataclass
from typing import Any

#: What the library OS says, not the program: of the end by a signal after an empty line.
_LIBRARY_OS = re.compile(r"(?m)^(\n(?=libos: ended by ))?libos: .*\n")
#: Where the library OS's report begins, with an empty line before it if the program has said something.
_REPORT = re.compile(r"(?m)\n?^libos: panic: ")
#: How check.h begins what it says of a check that failed.
_FAILED = re.compile(r"(?m)^FAILED ")
_STATUS_OF_SIGNAL = 128


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one of the two."""

    console: str
    exit_status: int


def compare(linux: Run, unikernel: Run, said: dict[str, Any]) -> None:
    """Compare the two, each of which must also have done what it should: two that fail alike are not equal.

    Args:
        linux: The program as a process, here or in a guest.
        unikernel: The program as a unikernel.
        said: Its ``expect.toml``.

    Raises:
        AssertionError: They are not the same, or neither did what it should.
    """
    differential, text, status = said["differential"], unikernel.console, said.get("exit_status", 0)
    ended_by = None if differential is True or differential == "linux" else signal.Signals[differential]
    if ended_by:
        report = _REPORT.search(text)
        assert report, f"the library OS reports nothing:\n{text}"
        text, status = text[: report.start()], _STATUS_OF_SIGNAL + ended_by
    else:
        assert unikernel.exit_status == status, f"the unikernel ended with {unikernel.exit_status}:\n{text}"
    text = _LIBRARY_OS.sub("", text)
    assert linux.exit_status == status, f"on Linux, it ended with {linux.exit_status}:\n{linux.console}"
    both = [one.splitlines(keepends=True) for one in (linux.console, text)]
    if said.get("unordered"):
        both = [sorted(lines) for lines in both]
    assert both[0] == both[1], f"they differ:\n{''.join(difflib.unified_diff(*both, 'Linux', 'unikernel'))}"
    assert text.strip(), "neither of the two said anything"
    assert not _FAILED.search(text), f"a check failed in both:\n{text}"
    if "console_ends" in said or not (ended_by or "console_matches" in said):
        ending = _LIBRARY_OS.sub("", said.get("console_ends", "SUCCESS\n"))
        assert text.endswith(ending), f"both end differently:\n{text}"
