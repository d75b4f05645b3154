"""What a tracer asks of the kernel, as functions. Given: you need not change it. Source: ptrace(2), waitpid(2)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass

TRACEME, GETREGS, SYSCALL, SETOPTIONS = 0, 12, 24, 0x4200
SYSGOOD, EXITKILL = 1, 1 << 20

#: How a thread stands that has stopped at the border: this is "its signal".
AT_BORDER = signal.SIGTRAP | 0x80

#: The registers that GETREGS gives, in the order of struct user_regs_struct.
ORDER = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
    "fs_base gs_base ds es fs gs"
).split()


@dataclass
class Registers:
    """The program's registers at a stop. All are unsigned 64-bit numbers.

    At the border the kernel keeps the call's number in ``orig_rax``. ``rax`` is the place of the result.
    """

    orig_rax: int
    rax: int
    rdi: int
    rsi: int
    rdx: int
    r10: int
    r8: int
    r9: int
    rip: int


def _ptrace(request: int, pid: int, address: object = 0, data: object = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, pid, address, data) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def start(command: list[str]) -> int:
    """Start a program that stands still before its first instruction; its process's number."""
    pid = os.fork()
    if pid == 0:
        _ptrace(TRACEME, 0)
        try:
            os.execv(command[0], command)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr)
            os._exit(127)
    if os.WIFEXITED(os.waitpid(pid, 0)[1]):
        raise SystemExit(127)
    _ptrace(SETOPTIONS, pid, 0, SYSGOOD | EXITKILL)
    return pid


def run_to_border(pid: int, sig: int = 0) -> int:
    """Let it run until it stops again: on its way into the kernel, on its way out, or for a signal.

    Args:
        pid: The process.
        sig: A signal that it gets as it goes on; 0 for none.

    Returns:
        The wait status. Ask ``os.WIFSTOPPED``, ``os.WSTOPSIG``, ``os.WIFEXITED``, ``os.WEXITSTATUS``,
        ``os.WIFSIGNALED`` and ``os.WTERMSIG`` what it means.
    """
    _ptrace(SYSCALL, pid, 0, sig)
    return os.waitpid(pid, 0)[1]


def registers(pid: int) -> Registers:
    """The registers of a process that stands still."""
    words = (ctypes.c_uint64 * len(ORDER))()
    _ptrace(GETREGS, pid, 0, ctypes.addressof(words))
    values = dict(zip(ORDER, words, strict=True))
    return Registers(**{name: values[name] for name in Registers.__dataclass_fields__})


def read(pid: int, address: int, length: int) -> bytes:
    """Bytes of its memory; fewer than asked for, or none, where nothing is mapped."""
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:  # noqa: PTH123
            memory.seek(address)
            return memory.read(length)
    except (OSError, OverflowError):
        return b""
