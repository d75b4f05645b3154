"""The system calls that a process makes, one by one, as they happen: ptrace(2), as strace has it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import signal
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from unilab.errors import CourseError
from unilab.machines.console import Console
from unilab.machines.process import Process
from unilab.machines.ptrace import WAIT_ANY_CHILD_KIND, ProcessTracer, ptrace
from unilab.machines.result import Result
from unilab.toolchain import Image, build, libos, zig

# linux/ptrace.h
_SYSCALL, _GETEVENTMSG, _GET_SYSCALL_INFO = 24, 0x4201, 0x420E
_OPTION_SYSGOOD, _OPTION_CLONE = 1, 1 << 3
_EVENT_CLONE, _EVENT_EXEC = 3, 4
_SYSCALL_STOP = signal.SIGTRAP | 0x80
_ENTRY, _EXIT = 1, 2
#: How long to look for the next stop before the keeper's other work is done, in seconds.
_EAGER_SECONDS = 0.002
_ARGUMENTS = 6
_LONGEST_ERROR = 4095
_NOWHERE = -1
#: Which argument is a path, which is bytes with their number behind, and which is a vector of those.
_PATHS = {
    "open": 0, "openat": 1, "creat": 0, "access": 0, "stat": 0, "lstat": 0, "newfstatat": 1, "readlink": 0, "unlink": 0,
    "mkdir": 0, "rmdir": 0, "chdir": 0, "execve": 0,
}  # fmt: skip
_BYTES = {"write": 1, "pwrite64": 1, "sendto": 1}
_VECTORS = {"writev": 1}
_LONGEST_TEXT = 4096
_PAGE = 4096
_IOVEC = struct.Struct("<QQ")


class _Info(ctypes.Structure):
    """struct ptrace_syscall_info."""

    _fields_ = (
        ("op", ctypes.c_uint8),
        ("pad", ctypes.c_uint8 * 3),
        ("arch", ctypes.c_uint32),
        ("instruction_pointer", ctypes.c_uint64),
        ("stack_pointer", ctypes.c_uint64),
        ("words", ctypes.c_uint64 * 8),
    )


@dataclass(frozen=True, slots=True)
class SystemCall:
    """One crossing of the border, and back.

    Attributes:
        number: What rax held: which call it is.
        name: Its name.
        arguments: rdi, rsi, rdx, r10, r8 and r9, whether or not the call takes as many.
        result: What rax held afterwards, as a signed number: a negative errno for an error. None: it never returned.
        instruction: Address after the ``syscall`` instruction.
        seconds: From the program's start to the crossing.
        thread: The thread's number.
        text: What a pointer among its arguments leads to, where that is a path or bytes to write; else empty.
    """

    number: int
    name: str
    arguments: tuple[int, ...]
    result: int | None
    instruction: int
    seconds: float
    thread: int
    text: bytes = b""

    @property
    def error(self) -> str:
        """The name of its error, such as ``ENOENT``; empty if it had none."""
        if self.result is None or not -_LONGEST_ERROR <= self.result < 0:
            return ""
        return errno.errorcode.get(-self.result, str(-self.result))

    def __str__(self) -> str:
        """``write(1, "hello"..., 13) = 13``."""
        if self.result is None:
            result = "?"
        elif self.error:
            result = f"-1 {self.error}"
        else:
            result = _number(self.result)
        words = [_number(argument) for argument in self.arguments[: argument_counts().get(self.name, _ARGUMENTS)]]
        if self.text:
            where = _PATHS.get(self.name, _BYTES.get(self.name, _VECTORS.get(self.name, 0)))
            words[where] = '"' + self.text.decode("latin-1").encode("unicode_escape").decode().replace('"', '\\"') + '"'
        return f"{self.name}({', '.join(words)}) = {result}"


@dataclass(frozen=True, slots=True, repr=False)
class SystemCallTrace:
    """A run, and every system call in it.

    Attributes:
        result: The run.
        calls: In the order in which they were made, from the program's first instruction on.
    """

    result: Result
    calls: tuple[SystemCall, ...]

    def __repr__(self) -> str:
        """One call a line."""
        return "\n".join(map(str, self.calls))


def _number(value: int) -> str:
    """Decimal for what people count, hexadecimal for addresses and flags.

    >>> _number(13), _number(0x7FFD0010), _number(2**64 - 1)
    ('13', '0x7ffd0010', '-1')
    """
    if value >= 1 << 63:
        value -= 1 << 64
    return str(value) if abs(value) < 1 << 16 else hex(value)


@cache
def argument_counts() -> dict[str, int]:
    """How many arguments a call takes, by its name, for those that the library OS knows."""
    header = (libos.tree() / "musl" / "libos_calls.h").read_text()
    processes = {"fork": 0, "vfork": 0, "execve": 3, "wait4": 4, "waitid": 5, "clone": 5}
    return processes | {
        name: int(count) for name, count in re.findall(r"^LIBOS_CALL\((\w+), (\d)\)", header, re.MULTILINE)
    }


@cache
def names() -> dict[int, str]:
    """Names of the system calls of Linux on x86-64, by number.

    Source: musl's ``bits/syscall.h``.
    """
    header = zig.home() / "lib/libc/include" / zig.TARGET / "bits/syscall.h"
    found = re.findall(r"^#define __NR_(\w+)\s+(\d+)$", header.read_text(), re.MULTILINE)
    return {int(number): name for name, number in found}


def trace_system_calls(
    program: str | Path | Image, *, args: Sequence[str] = (), deadline: float = 30.0
) -> SystemCallTrace:
    """Run a program as a process, and note every system call it makes.

    Args:
        program: A C file, or an image built for ``process``.
        args: Arguments after the program's own name.
        deadline: Seconds after which it is ended, come what may.

    Raises:
        TracingForbidden: The host does not let us trace.
        CourseError: As for ``run``.
    """
    image = program if isinstance(program, Image) else build(program, "process")
    if image.architecture != "process":
        raise CourseError("only a process makes system calls to this host", remedy='build it for on="process"')
    tracer = _CallTracer(image.path)
    machine = Process(image, Console(), args=args, env={}, memory=64, deadline=deadline, stop_at=None, follower=tracer)
    with machine as running:
        running.start()
        running.send_eof()
        running.wait(check=False)
        return SystemCallTrace(running.result(), tuple(tracer.calls))


class _CallTracer(ProcessTracer):
    """Stops a child, and each of its threads, at every system call, notes it, and lets the thread go on at once."""

    options = ProcessTracer.options | _OPTION_SYSGOOD | _OPTION_CLONE

    def __init__(self, program: Path) -> None:
        super().__init__(program, None)
        self.calls: list[SystemCall] = []
        #: Each thread, and the index in ``calls`` of what it is waiting for; -1 for nothing.
        self._threads: dict[int, int] = {}
        self._begin = 0.0

    def attach(self, pid: int) -> None:
        self._threads[pid] = _NOWHERE
        super().attach(pid)

    def poll(self) -> int | None:
        # One stop follows the other, so we look for a while before the keeper sees to its other work.
        until = time.monotonic() + _EAGER_SECONDS
        while True:
            for thread in list(self._threads):
                # Not -1: that would take the end of other children of this whole process.
                with contextlib.suppress(ChildProcessError):
                    pid, status = os.waitpid(thread, os.WNOHANG | WAIT_ANY_CHILD_KIND)
                    if pid and not os.WIFSTOPPED(status):
                        del self._threads[thread]
                        if thread == self.pid:
                            return status
                    elif pid:
                        # One that has just been killed cannot be traced any more; its end is reported next.
                        with contextlib.suppress(ProcessLookupError):
                            self._handle_thread(thread, status)
                        until = time.monotonic() + _EAGER_SECONDS
            if time.monotonic() > until:
                return None

    def resume(self) -> None:
        """Nobody is held."""

    def _handle_thread(self, thread: int, status: int) -> None:
        sig, event = os.WSTOPSIG(status), status >> 16
        passed_on = 0
        if sig == _SYSCALL_STOP:
            if self._begin:
                self._note(thread)
        elif event == _EVENT_EXEC and Path(f"/proc/{thread}/exe").resolve() == self._program:
            self._begin = time.monotonic()
        elif event == _EVENT_CLONE:
            born = ctypes.c_ulong()
            ptrace(_GETEVENTMSG, thread, 0, ctypes.addressof(born))
            self._threads[born.value] = _NOWHERE
        elif event == 0 and sig != signal.SIGTRAP:
            passed_on = sig
        ptrace(_SYSCALL, thread, 0, passed_on)

    def _note(self, thread: int) -> None:
        info = _Info()
        ptrace(_GET_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.addressof(info))
        if info.op == _ENTRY:
            number = info.words[0]
            name = names().get(number, f"call_{number}")
            self._threads[thread] = len(self.calls)
            self.calls.append(
                SystemCall(
                    number=number,
                    name=name,
                    arguments=tuple(info.words[1 : 1 + _ARGUMENTS]),
                    result=None,
                    instruction=info.instruction_pointer,
                    seconds=time.monotonic() - self._begin,
                    thread=thread,
                    text=_text(thread, name, info.words[1 : 1 + _ARGUMENTS]),
                )
            )
        elif info.op == _EXIT and self._threads[thread] != _NOWHERE:
            result = ctypes.c_int64(info.words[0]).value
            self.calls[self._threads[thread]] = replace(self.calls[self._threads[thread]], result=result)
            self._threads[thread] = _NOWHERE


def _text(thread: int, name: str, arguments: Sequence[int]) -> bytes:
    """What the call's pointer leads to; empty where nothing is there to read."""
    try:
        with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:

            def read(address: int, length: int) -> bytes:
                memory.seek(address)
                return memory.read(min(length, _LONGEST_TEXT))

            if name in _PATHS:
                return _path(read, arguments[_PATHS[name]])
            if name in _BYTES:
                return read(arguments[_BYTES[name]], arguments[_BYTES[name] + 1])
            if name in _VECTORS:
                vector = read(arguments[_VECTORS[name]], arguments[_VECTORS[name] + 1] * _IOVEC.size)
                return b"".join(read(base, length) for base, length in _IOVEC.iter_unpack(vector) if length)
    except (OSError, OverflowError, struct.error):
        pass  # the program gave a pointer that leads nowhere, as it may
    return b""


def _path(read: Callable[[int, int], bytes], address: int) -> bytes:
    """Bytes up to the first NUL. Page by page: behind the page of the last one there may be nothing."""
    found = b""
    while b"\0" not in found and len(found) < _LONGEST_TEXT:
        found += read(address + len(found), _PAGE - (address + len(found)) % _PAGE)
    return found.partition(b"\0")[0]
