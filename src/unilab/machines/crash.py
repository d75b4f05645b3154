"""What is left of a guest that crashed or hung, gathered before its memory goes: registers, page walk, exceptions."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from unilab.errors import CourseError
from unilab.machines.console import Console
from unilab.spaces import paging
from unilab.spaces.exceptions import PAGE_FAULT, Delivery, Panic, parse_interrupt_log, parse_panic
from unilab.spaces.page_walk import PageWalk
from unilab.spaces.registers import Registers
from unilab.toolchain import Image

if TYPE_CHECKING:
    from unilab.machines.unikernel import Unikernel

#: Seconds that a boot may take which is repeated under QEMU's log; and how much of its end is kept, bytes.
_AGAIN_SECONDS, _KEPT_LOG = 4.0, 1 << 17
#: A guest that does what it did before ends as it did; one that waits for input would wait for ever.
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Crash:
    """The evidence.

    Attributes:
        image: What ran.
        console: All it printed.
        panic: The library OS's own report; None if it made none.
        chain: Without a report: the exceptions that led to the triple fault, first to last; empty if they are not
            known, for instance because it did not happen again.
        walk: The page walk of the address that faulted, in the guest's own tables; None for no page fault, or no
            tables to walk.
        stuck: Of a guest that had to be ended at its deadline: the registers then. None for the others.
        code: The bytes at the instruction that led to a triple fault, as they are in the guest's memory; empty where
            that is not known.
    """

    image: Image
    console: str
    panic: Panic | None = None
    chain: tuple[Delivery, ...] = ()
    walk: PageWalk | None = None
    code: bytes = b""
    stuck: Registers | None = None

    @property
    def reset(self) -> bool:
        """Whether it ended in a triple fault, without a report."""
        return self.panic is None and self.stuck is None


def of_panic(image: Image, console: str, memory: Callable[[int, int], bytes]) -> Crash:
    """The evidence of a guest that reported its end itself.

    Args:
        image: What ran.
        console: What it printed.
        memory: Reads guest-physical memory.
    """
    panic = parse_panic(console)
    crash = Crash(image, console, panic)
    if panic is None:
        return crash
    cr2, cr3 = panic.register("cr2"), panic.register("cr3")
    if panic.vector == PAGE_FAULT and cr2 is not None and cr3 is not None:
        crash = replace(crash, walk=_walk(cr2, cr3, memory))
    return crash


def of_reset(machine: Unikernel, again: Callable[[Console, tuple[str, ...]], Unikernel]) -> Crash:
    """The evidence of a guest that ended in a triple fault: it is booted again, with QEMU's log of interrupts on.

    Args:
        machine: What ended.
        again: Makes one like it that prints to a console, with more words for QEMU.
    """
    crash = Crash(machine.image, machine.console.text)
    try:
        with tempfile.TemporaryDirectory(prefix="unilab-log-") as folder, _Tail(Path(folder) / "log") as log:
            repeated = again(Console(), ("-d", "int,cpu_reset", "-D", str(log.path)))
            with repeated, contextlib.suppress(CourseError, TimeoutError):
                repeated.start()
                repeated.ended_within(_AGAIN_SECONDS)
                chain = parse_interrupt_log(log.text())
                crash = replace(crash, chain=chain)
                if chain:
                    first = chain[0].state
                    walk = None
                    if chain[0].vector == PAGE_FAULT and first.paging and first.long_mode:
                        walk = _walk(
                            first.cr2, first.cr3, repeated.memory, levels=first.levels, no_execute=first.no_execute
                        )
                    crash = replace(crash, walk=walk, code=_code(first.rip, repeated.memory))
    except (CourseError, OSError):
        pass  # what is known without it is told all the same
    return crash


def _walk(
    virtual: int, root: int, memory: Callable[[int, int], bytes], *, levels: int = 4, no_execute: bool = True
) -> PageWalk:
    def table(physical: int) -> bytes:
        try:
            return memory(physical, paging.TABLE_BYTES)
        except CourseError:
            return bytes(paging.TABLE_BYTES)  # where there is no RAM, QEMU reads zeros

    return paging.page_walk(virtual, root, table, levels=levels, no_execute=no_execute, space="the guest")


def _code(address: int, memory: Callable[[int, int], bytes]) -> bytes:
    """The bytes at an instruction of the image, which is mapped one to one."""
    try:
        return memory(address, 16)
    except CourseError:
        return b""


class _Tail:
    """The last part of a log, read through a pipe with a name, so that an endless log fills no disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept = b""
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> _Tail:
        os.mkfifo(self.path, 0o600)
        # Open from the beginning, or QEMU would wait for a reader.
        self._fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._fd)

    def _read(self) -> None:
        while not self._stop.is_set():
            if not self._take():
                self._stop.wait(_POLL_SECONDS)

    def _take(self) -> bool:
        with self._lock:
            try:
                data = os.read(self._fd, 1 << 16)
            except BlockingIOError:
                return False
            self._kept = (self._kept + data)[-_KEPT_LOG:]
            return True

    def text(self) -> str:
        """What has come so far."""
        while self._take():
            pass
        return self._kept.decode(errors="replace")
