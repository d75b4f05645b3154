"""Stopping a process where we want to look at it: Linux's ptrace(2).

Only the thread that attached may give orders, so all of this runs on the
machine's keeper thread.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from unilab.machines.latch import Latch

# Numbers of linux/ptrace.h; each is part of the system's stable interface.
_CONT, _SINGLESTEP, _GETREGS, _SETREGS, _DETACH, _GETEVENTMSG, _SEIZE = 7, 9, 12, 13, 17, 0x4201, 0x4206
_OPTION_EXEC, _OPTION_EXIT, _OPTION_EXITKILL = 1 << 4, 1 << 6, 1 << 20
_EVENT_EXEC, _EVENT_EXIT = 4, 6
_REGISTERS = 27  #: 64-bit words of struct user_regs_struct
_RIP = 16  #: index of rip in it
_RAX, _RSP = 10, 19
WAIT_ANY_CHILD_KIND = 0x40000000  #: __WALL
_BREAKPOINT = b"\xcc"  #: int3
_STOPS, _ENDS = os.WSTOPPED, (os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED)


def ptrace(request: int, pid: int, address: object = 0, data: object = 0) -> int:
    """Give the kernel one order about a traced child.

    Raises:
        OSError: It failed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    result: int = libc.ptrace(request, pid, address, data)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


@dataclass(frozen=True, slots=True)
class Now:
    """A stopped child, about to execute an instruction: its address, the stack pointer, and rax."""

    rip: int
    rsp: int
    rax: int


class ProcessTracer:
    """Stops a child at an address of its program, or just before it ends, and lets go of it after.

    Args:
        program: The file it will run, to tell it from the shell that starts it.
        stop_at: An address, or None for the moment before the end.
    """

    #: What ptrace tells of the child beside signals.
    options = _OPTION_EXEC | _OPTION_EXIT | _OPTION_EXITKILL

    def __init__(self, program: Path, stop_at: int | None) -> None:
        self._program = program.resolve()
        self._stop_at = stop_at
        self._entered = False
        self._saved = b""
        self.pid = 0
        self.stopped = Latch()

    def attach(self, pid: int) -> None:
        """Take hold of the child, which is about to stop itself, and let it go on. It is killed should we die.

        Raises:
            OSError: The host forbids it, or the child has ended.
        """
        self.pid = pid
        # Not reaped: whoever started the child wants to know how it ended.
        ended = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if ended is not None and ended.si_code != os.CLD_STOPPED:
            raise ChildProcessError(f"the shell that starts it ended with status {ended.si_status}")
        self._seize()

    def _seize(self) -> None:
        ptrace(_SEIZE, self.pid, 0, self.options)
        os.kill(self.pid, signal.SIGCONT)

    def poll(self) -> int | None:
        """Handle what the child has reported; its wait status once it has ended, else None."""
        pid, status = os.waitpid(self.pid, os.WNOHANG | WAIT_ANY_CHILD_KIND)
        if pid == 0:
            return None
        if not os.WIFSTOPPED(status):
            return status
        # A child that has just been killed cannot be traced any more; its end is reported next.
        with contextlib.suppress(ProcessLookupError):
            self._handle(status)
        return None

    def _handle(self, status: int) -> None:
        sig, event = os.WSTOPSIG(status), status >> 16
        if event == _EVENT_EXEC:
            if self._runs_program():
                self._entered = True
                self._arm()
            ptrace(_CONT, self.pid)
        elif event == _EVENT_EXIT:
            if self._stop_at is None and self._entered and not self._killed():
                self.stopped.set()
            else:
                self._let_go()
        elif sig == signal.SIGTRAP and event == 0 and self._at_breakpoint():
            self._disarm()
            self.stopped.set()
        else:
            ptrace(_CONT, self.pid, 0, sig if event == 0 else 0)

    def _runs_program(self) -> bool:
        return Path(f"/proc/{self.pid}/exe").resolve() == self._program

    def resume(self) -> None:
        """Let the stopped child run on, untraced."""
        if self.stopped.is_set():
            self.stopped.clear()
            with contextlib.suppress(ProcessLookupError):
                self._let_go()

    def now(self) -> Now:
        """Where the stopped child is."""
        registers = self._registers()
        return Now(registers[_RIP], registers[_RSP], registers[_RAX])

    def step(self, patience: float = 10.0) -> Now:
        """Have the stopped child execute one instruction; a system call counts as one. Signals are delivered.

        Args:
            patience: Seconds to wait for it: a system call may wait for somebody.

        Raises:
            ChildProcessError: It has ended, or is about to.
            TimeoutError: It is still at that instruction.
        """
        passed_on = 0
        while True:
            ptrace(_SINGLESTEP, self.pid, 0, passed_on)
            until = time.monotonic() + patience
            # Its end is left for whoever started it, and wants to know how.
            while (stop := os.waitid(os.P_PID, self.pid, _STOPS | os.WEXITED | os.WNOWAIT | os.WNOHANG)) is None:
                if time.monotonic() > until:
                    raise TimeoutError(f"it has waited in a system call for {patience:g} seconds")
                os.sched_yield()
            if stop.si_code in _ENDS:
                raise ChildProcessError("it has ended")
            _, status = os.waitpid(self.pid, WAIT_ANY_CHILD_KIND)
            event = status >> 16
            if event == _EVENT_EXIT:
                raise ChildProcessError("it is about to end")
            if event == 0 and os.WSTOPSIG(status) == signal.SIGTRAP:
                return self.now()
            passed_on = os.WSTOPSIG(status) if event == 0 else 0

    def _let_go(self) -> None:
        ptrace(_DETACH, self.pid)

    def _arm(self) -> None:
        if self._stop_at is not None:
            with Path(f"/proc/{self.pid}/mem").open("r+b", buffering=0) as memory:
                memory.seek(self._stop_at)
                self._saved = memory.read(1)
                memory.seek(self._stop_at)
                memory.write(_BREAKPOINT)

    def _killed(self) -> bool:
        """Whether what is about to end the child is somebody's SIGKILL, not its own doing."""
        status = ctypes.c_ulong()
        ptrace(_GETEVENTMSG, self.pid, 0, ctypes.addressof(status))
        return os.WIFSIGNALED(status.value) and os.WTERMSIG(status.value) == signal.SIGKILL

    def _at_breakpoint(self) -> bool:
        """Whether ours is the breakpoint: the program may have instructions of its own that trap."""
        return bool(self._saved) and self._registers()[_RIP] - len(_BREAKPOINT) == self._stop_at

    def _disarm(self) -> None:
        """Put the instruction back and step back onto it."""
        assert self._stop_at is not None
        with Path(f"/proc/{self.pid}/mem").open("r+b", buffering=0) as memory:
            memory.seek(self._stop_at)
            memory.write(self._saved)
        self._saved = b""
        registers = self._registers()
        registers[_RIP] = self._stop_at
        ptrace(_SETREGS, self.pid, 0, ctypes.addressof(registers))

    def _registers(self) -> ctypes.Array[ctypes.c_uint64]:
        registers = (ctypes.c_uint64 * _REGISTERS)()
        ptrace(_GETREGS, self.pid, 0, ctypes.addressof(registers))
        return registers
