from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from unilab import run, start
from unilab.errors import CourseError
from unilab.toolchain import build

#: Seconds that nothing here takes, however busy the host is.
LONG = 120.0

_HELLO = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"

_CALLS = r"""
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *second(void *argument)
{
    getppid();
    return argument;
}

int main(void)
{
    pthread_t thread;
    char *nowhere = (char *)0x5000, text[] = "a \"b\"\tand more than is shown of it on one line";
    int fds[2];

    open("/nowhere", 0);
    open("/nowhere", O_WRONLY | O_CREAT, 0640);
    write(1, "first\n", 6);
    write(7, text, sizeof text);
    write(7, nowhere, 3);
    close(-1);
    getpid();
    syscall(SYS_dup, 9);
    syscall(SYS_acct, 0);
    pipe2(fds, O_CLOEXEC);
    pthread_create(&thread, 0, second, 0);
    pthread_join(thread, 0);
    close(fds[0]);
    return 5;
}
"""


def _trace(console: str) -> list[str]:
    """What was told, without addresses and padding."""
    told = re.findall(r"^libos: (.*)$", console, re.MULTILINE)
    return [re.sub(r"0x[0-9a-f]{5,}", "ADDRESS", line) for line in told]


def test_each_call_is_told_with_its_arguments_and_its_result(tmp_path: Path) -> None:
    program = tmp_path / "calls.c"
    program.write_text(_CALLS)
    result = run(program, trace=True)
    assert result.exit_status == 5
    told = _trace(result.console)
    expected = [
        r'write(1, "first\n", 6)',
        "write = 6",
        r'write(7, "a \"b\"\x09and more than is shown of it on on"..., 47)',
        "write = -EBADF",
        "write(7, 0x5000, 3)",
        "write = -EBADF",
        "close(-1) = -EBADF",
        "getpid() = 1",
        "dup(9) = -EBADF",
        "acct()",
        "acct (call 163) is not implemented and fails with ENOSYS",
        "acct = -ENOSYS",
        "pipe2(ADDRESS, ADDRESS) = 0",
    ]
    assert 'open("/nowhere", 0x8000, 0) = -ENOENT' in told
    assert 'open("/nowhere", 0x8041, 0640) = -EROFS' in told
    begin = told.index(expected[0])
    assert told[begin : begin + len(expected)] == expected
    # With the second thread, numbers.
    assert "[2] getppid() = 0" in told
    # It may call before its creator knows its number.
    assert any(re.fullmatch(r"clone\(.*\) = 2|\[1\] clone = 2", line) for line in told)
    assert told[-2:] == ["[1] close(3) = 0", "[1] exit_group(5)"]
    assert "\nfirst\nlibos: write = 6\n" in result.console


def test_a_call_is_told_before_it_waits(tmp_path: Path) -> None:
    program = tmp_path / "waits.c"
    program.write_text("#include <unistd.h>\nint main(void) { char c; return read(0, &c, 1) != 1; }\n")
    heard, waits = [], threading.Event()

    def listen(text: str) -> None:
        heard.append(text)
        if re.search(r"read\(0, 0x[0-9a-f]+, 1\)$", "".join(heard)):
            waits.set()

    with start(program, trace=True, on_output=listen) as machine:
        assert waits.wait(LONG)
        machine.send("x")
        assert "read(0, ADDRESS, 1) = 1" in _trace(machine.result().console)


def test_without_trace_nothing_is_told() -> None:
    assert run(_HELLO).console == "hello, world\n"
    assert "libos: exit_group(0)\n" in run(_HELLO, trace=True).console


def test_what_is_built_cannot_be_traced_any_more() -> None:
    with pytest.raises(CourseError, match="this image was built before"):
        run(build(_HELLO), trace=True)
