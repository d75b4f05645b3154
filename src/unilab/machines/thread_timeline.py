"""``thread_timeline(program)``: which thread of a unikernel runs when, switch by switch.

Nothing is added to the image. QEMU's gdb stub stops the guest where the library OS goes from one stack to another
(``context_switch`` in libos/arch/x86_64/context.S), and the records of its threads are read there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from unilab.errors import CourseError
from unilab.machines import qemu
from unilab.machines.run import start
from unilab.machines.unikernel import EXIT_FUNCTION, Unikernel
from unilab.spaces.thread_timeline import IDLE, Switch, ThreadState, ThreadTimeline, Why
from unilab.toolchain import Image, build
from unilab.toolchain.structures import Structure, structure

SWITCH = "libos_context_switch"
_PREFIX = "libos_"
#: Of ``enum thread_state`` (libos/include/current.h), in its order.
_READY, _WAITING, _ENDED = 0, 1, 2
#: Which function of core/thread.c a switch was asked for by.
_WHY = {
    "preempt": Why.INTERRUPTED,
    "wait_on": Why.WAITED,
    "thread_yield": Why.YIELDED,
    "thread_end": Why.ENDED,
    "idle": Why.WORK_DONE,
}
#: Where every thread begins, and what says nothing of it.
_OUTERMOST = {"context_first", "start", "libc_start_main_stage2", "__libc_start_main", "_start", "schedule"}
#: Frames that are followed.
_MOST_CALLERS = 24
#: gdb's numbers of registers in the answer to "g".
_RDI, _RBP, _RSP, _RIP = 5, 6, 7, 16
_WORD = 8
#: Switches that can be watched: a picture of more would be no picture.
MOST = 400


def thread_timeline(
    program: str | Path | Image,
    *,
    switches: int = 60,
    args: Sequence[str] = (),
    machine: str | None = None,
    deadline: float = 120.0,
    **how: Any,
) -> ThreadTimeline:
    """Run a program as a unikernel, and note who has the processor when.

    Args:
        program: A C file, or an image from ``build``.
        switches: How many to watch, from the first on. Then the program runs on to its end, unwatched.
        args: Arguments after the program's own name.
        machine: ``microvm``, ``q35`` or ``pc``.
        deadline: Seconds after which it is ended.
        how: More for ``build``, such as ``overlay``.

    Returns:
        The timeline, LIVE.

    Raises:
        CourseError: It has no threads, so it never switches; or so many cannot be watched.
        GuestPanic, DeadlineExceeded, MachineError: It failed on the way.
    """
    if not 1 <= switches <= MOST:
        raise CourseError(f"{switches} switches cannot be watched", remedy=f"watch 1 to {MOST}")
    image = program if isinstance(program, Image) else build(program, **how)
    if image.architecture != "unikernel":
        raise CourseError(
            f"the threads of {image.program.name} are its {image.architecture}'s business",
            remedy="watch it as a unikernel",
        )
    no_threads = CourseError(
        f"{image.program.name} has one thread, and no scheduler is linked into it",
        remedy="watch a program that calls pthread_create",
    )
    # The emulator's clock stands still while the guest does; that of a processor would not.
    try:
        running = start(image, args=args, machine=machine, accelerator="tcg", deadline=deadline, stop_at=SWITCH)
    except CourseError as error:
        if "has no function" in error.message:
            raise no_threads from error
        raise
    with running:
        assert isinstance(running, Unikernel)
        watch = _Watch(running)
        seen = list(watch.switches(switches))
        end, ended = watch.ran, watch.ended
        running.resume()
        running.wait()
    version = ".".join(map(str, qemu.find().version))
    return ThreadTimeline(
        f"{image.program.stem} as a unikernel",
        tuple(seen),
        end,
        ended,
        f"QEMU {version}, {running.machine}, tcg: stopped at each switch, about a millisecond of which is in the times",
        origin=datetime.now().astimezone().isoformat(timespec="seconds"),
    )


class _Watch:
    """Stops a guest at its switches and reads what it finds.

    Args:
        machine: The guest, at its first switch.
    """

    def __init__(self, machine: Unikernel) -> None:
        self._machine = machine
        self._stub = machine._stub()
        self._symbols = machine.symbols
        self._thread: Structure = structure(machine.image.debug, "thread")
        self._current = self._symbols.address(f"{_PREFIX}current")
        self._all = self._symbols.address(f"{_PREFIX}all_threads")
        self.ran = 0.0
        self.ended = False

    def switches(self, most: int) -> Iterator[Switch]:
        """The next ones, up to so many, or to the program's end; the guest stands still afterwards."""
        here, end = self._symbols.address(SWITCH), self._symbols.address(EXIT_FUNCTION)
        for number in range(most + 1):
            if number:
                began = time.monotonic()
                reached = self._machine.run_to(here, end)
                self.ran += time.monotonic() - began
                if reached == end:
                    self.ended = True
                    return
            if number < most:
                yield self._look()

    def _look(self) -> Switch:
        answer = self._stub._call("g")
        registers = [int.from_bytes(bytes.fromhex(answer[i * 16 : i * 16 + 16]), "little") for i in range(_RIP + 1)]
        # The first argument leads to the record of who leaves, since the stack pointer is its first field.
        leaves, enters = registers[_RDI], self._word(self._current)
        callers = tuple(self._callers(registers[_RSP], registers[_RBP]))
        why = next((_WHY[name] for name in callers if name in _WHY), Why.INTERRUPTED)
        return Switch(
            self.ran,
            self._number(leaves),
            self._number(enters),
            why,
            tuple(name for name in callers if name not in _OUTERMOST),
            tuple(sorted(self._states(leaves, enters))),
        )

    def _states(self, leaves: int, enters: int) -> Iterator[tuple[int, ThreadState]]:
        thread, seen = self._word(self._all), 0
        while thread and seen < MOST:
            state = self._field(thread, "state")
            if thread == enters:
                yield self._number(thread), ThreadState.RUNS
            elif state != _ENDED:
                yield self._number(thread), ThreadState.WAITS if state == _WAITING else ThreadState.READY
            thread, seen = self._field(thread, "all_next"), seen + 1
        if self._number(enters) == IDLE:
            yield IDLE, ThreadState.RUNS

    def _callers(self, rsp: int, rbp: int) -> Iterator[str]:
        """Names of the functions that are on the stack, the innermost first."""
        returns = [self._word(rsp)]
        while rbp and len(returns) < _MOST_CALLERS:
            outer, back = self._word(rbp), self._word(rbp + _WORD)
            returns.append(back)
            if not back or outer <= rbp:
                break
            rbp = outer
        names = [(self._symbols.function(back - 1) or "").removeprefix(_PREFIX) for back in returns if back]
        yield from (name for name, before in zip(names, [None, *names], strict=False) if name and name != before)

    def _number(self, thread: int) -> int:
        return self._field(thread, "tid")

    def _field(self, thread: int, name: str) -> int:
        return self._word(thread + self._thread.offset(name), self._thread.field_size(name))

    def _word(self, address: int, size: int = _WORD) -> int:
        return int.from_bytes(self._stub.memory(address, size), "little")
