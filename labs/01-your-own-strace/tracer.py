"""Your own strace. Usage: python tracer.py PROGRAM [ARGUMENT]..."""

import sys

import ptrace
from calls import NAMES


def trace(command: list[str]) -> None:
    """Run a program, and print a line for every system call it makes."""
    pid = ptrace.start(command)
    # From here on it is yours. ptrace.run_to_border(pid) lets the program run to where it crosses the border.


if __name__ == "__main__":
    trace(sys.argv[1:])
