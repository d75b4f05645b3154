"""The comparison itself: two that say nothing, or fail alike, are not the same."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.guest.comparison import Run, compare

_GOOD = Run("a line\nSUCCESS\n", 0)
_CRASHED = Run("before\n\nlibos: panic: page fault: reading 0x0 (null pointer)\n  rip ...\n", 255)
_PLAIN: dict[str, Any] = {"differential": True}
_CRASH: dict[str, Any] = {"differential": "SIGSEGV", "exit_status": 255}


@pytest.mark.parametrize(
    ("linux", "unikernel", "said"),
    [
        (_GOOD, _GOOD, _PLAIN),
        (_GOOD, _GOOD, {"differential": "linux"}),
        (_GOOD, Run("libos: a word of its own\n" + _GOOD.console, 0), _PLAIN),
        (Run("b\na\nSUCCESS\n", 0), Run("a\nb\nSUCCESS\n", 0), _PLAIN | {"unordered": True}),
        (Run("ends\n", 200), Run("ends\n", 200), _PLAIN | {"exit_status": 200, "console_ends": "ends\n"}),
        (Run("bye\n", 134), Run("bye\n\nlibos: ended by signal 6\n", 134),
         _PLAIN | {"exit_status": 134, "console_ends": "bye\n\nlibos: ended by signal 6\n"}),
        (Run("before\n", 139), _CRASHED, _CRASH),
    ],
)  # fmt: skip
def test_what_is_the_same(linux: Run, unikernel: Run, said: dict[str, Any]) -> None:
    compare(linux, unikernel, said)


@pytest.mark.parametrize(
    ("linux", "unikernel", "said", "why"),
    [
        (Run("", 0), Run("", 0), _PLAIN, "neither of the two said anything"),
        (Run("", 0), Run("libos: only this\n", 0), _PLAIN, "neither of the two said anything"),
        (Run("a line\n", 0), Run("a line\n", 0), _PLAIN, "both end differently"),
        (Run("FAILED x.c:1\n", 1), Run("FAILED x.c:1\n", 1), _PLAIN, "the unikernel ended with 1"),
        (Run("FAILED x.c:1\n", 1), Run("FAILED x.c:1\n", 1), _PLAIN | {"exit_status": 1}, "a check failed in both"),
        (_GOOD, Run("another line\nSUCCESS\n", 0), _PLAIN, r"-a line\n\+another line"),
        (_GOOD, dataclasses.replace(_GOOD, exit_status=1), _PLAIN, "the unikernel ended with 1"),
        (dataclasses.replace(_GOOD, exit_status=1), _GOOD, _PLAIN, "on Linux, it ended with 1"),
        (Run("a\nb\nSUCCESS\n", 0), Run("a\na\nSUCCESS\n", 0), _PLAIN | {"unordered": True}, r"differ:(?s:.*)-b\n"),
        (Run("before\n", 139), Run("before\n", 255), _CRASH, "the library OS reports nothing"),
        (Run("before\n", 136), _CRASHED, _CRASH, "on Linux, it ended with 136"),
        (Run("after\n", 139), _CRASHED, _CRASH, r"-after\n\+before"),
        (Run("", 139), Run(_CRASHED.console.removeprefix("before\n"), 255), _CRASH, "neither of the two"),
    ],
)  # fmt: skip
def test_what_is_not(linux: Run, unikernel: Run, said: dict[str, Any], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        compare(linux, unikernel, said)
