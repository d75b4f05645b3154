"""Your own strace. Usage: python tracer.py PROGRAM [ARGUMENT]..."""

import errno
import os
import signal
import sys

import ptrace
from calls import NAMES

#: Which argument is the address of a path.
PATHS = {"open": 0, "openat": 1}


def trace(command: list[str]) -> None:
    """Run a program, and print a line for every system call it makes."""
    pid = ptrace.start(command)
    entered = None
    sig = 0
    while os.WIFSTOPPED(status := ptrace.run_to_border(pid, sig)):
        sig = 0
        if os.WSTOPSIG(status) != ptrace.AT_BORDER:
            sig = os.WSTOPSIG(status)
            print(f"--- {signal.Signals(sig).name} ---")
        if entered is None:
            entered = describe(pid, ptrace.registers(pid))
        else:
            print(f"{entered} = {result(ptrace.registers(pid).rax)}")
            entered = None
    if entered is not None:
        print(f"{entered} = ?")
    if os.WIFEXITED(status):
        print(f"+++ exited with {os.WEXITSTATUS(status)} +++")
    else:
        print(f"+++ killed by {signal.Signals(os.WTERMSIG(status)).name} +++")


def describe(pid: int, at: ptrace.Registers) -> str:
    """The call as it enters the kernel."""
    name = NAMES[at.orig_rax]
    arguments = [at.rdi, at.rsi, at.rdx]
    words = [hex(argument) for argument in arguments]
    if name in PATHS:
        path = ptrace.read(pid, arguments[PATHS[name]], 200)
        words[PATHS[name]] = f'"{path.partition(bytes(1))[0].decode()}"'
    elif name == "write":
        words[1] = f'"{ptrace.read(pid, at.rsi, at.rdx).decode()}"'
    return f"{name}({', '.join(words)})"


def result(rax: int) -> str:
    """A call's result: rax is an unsigned number, and from -4095 to -1 it is an error."""
    value = rax - (1 << 64) if rax >= 1 << 63 else rax
    return f"-1 {errno.errorcode[-value]}" if -4095 <= value < 0 else str(value)


if __name__ == "__main__":
    trace(sys.argv[1:])
