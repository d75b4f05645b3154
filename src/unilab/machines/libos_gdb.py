"""What gdb learns about the library OS: its threads. Runs inside gdb, which reads it by the machine's command file.

A thread that is not running has left its registers on its stack (libos/include/thread.h, struct switch_frame), and
every function keeps a frame pointer, so its callers are found from there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import gdb

#: Frames that are followed, so that a destroyed stack has an end too.
_MOST = 64

#: A thread that does not run is in these; what it does or waits for is the first function outside.
_SCHEDULER = (
    *("core/thread.c", "core/run_queue.c", "include/thread.h", "include/queue.h"),
    *("x86_64/context.S", "x86_64/interrupts.S", "x86_64/interrupts.c"),
)

_STATES = {0: "ready", 1: "waits", 2: "has ended"}


def _running() -> gdb.Value:
    """The running thread's record."""
    return gdb.parse_and_eval("libos_current")


def _threads() -> Iterator[gdb.Value]:
    """Every thread's record, the oldest first; without a scheduler there is one."""
    running = _running()
    try:
        thread = gdb.parse_and_eval("libos_all_threads")
    except gdb.error:
        yield running
        return
    found: list[gdb.Value] = []
    while thread and len(found) < 1 << 16:
        found.append(thread)
        thread = thread["all_next"]
    if running not in found:
        found.append(running)  # the idle thread is in no list
    yield from reversed(found)


def _callers(thread: gdb.Value) -> list[int]:
    """Where a thread is, and the addresses that it will return to, innermost first."""
    found: list[int] = []
    if thread == _running():
        frame = gdb.newest_frame()
        with contextlib.suppress(gdb.error):
            while frame is not None and frame.is_valid() and frame.pc() and len(found) < _MOST:
                if frame.type() != gdb.INLINE_FRAME:
                    found.append(frame.pc())
                frame = frame.older()
        return found
    saved = thread["rsp"].cast(gdb.lookup_type("struct switch_frame").pointer())
    word = gdb.lookup_type("unsigned long").pointer()
    with contextlib.suppress(gdb.MemoryError):
        found.append(int(saved["rip"]))
        base = int(saved["rbp"])
        while base and len(found) < _MOST:
            frame_words = gdb.Value(base).cast(word)
            caller, outer = int(frame_words[1]), int(frame_words[0])
            if not caller:
                break
            found.append(caller)
            if outer <= base:
                break  # callers lie further up
            base = outer
    return found


def _place(address: int, number: int) -> tuple[str, str]:
    """A function's name with file and line, and the file alone. All but the first address are behind a call."""
    address -= 1 if number else 0
    name = gdb.execute(f"info symbol {address:#x}", to_string=True).split(" in section")[0]
    name = "nowhere" if name.startswith("No symbol") else name.split(" + ")[0].removeprefix("libos_")
    line = gdb.find_pc_line(address)
    if line.symtab is None or not line.line:
        return name, ""
    return f"{name} ({line.symtab.filename}:{line.line})", line.symtab.filename


def _where(callers: list[int]) -> str:
    """What a thread is in: the innermost function that is not the scheduler's."""
    places = [_place(address, number) for number, address in enumerate(callers)]
    return next((text for text, file in places if not file.endswith(_SCHEDULER)), "the scheduler")


def _state(thread: gdb.Value) -> str:
    return "runs" if thread == _running() else _STATES.get(int(thread["state"]), "unknown")


def _name(thread: gdb.Value) -> str:
    """Its number; the idle thread has none."""
    return str(int(thread["tid"])) if int(thread["tid"]) else "idle"


class _InfoThreads(gdb.Command):  # type: ignore[misc]  # gdb publishes no types
    """List the threads of the library OS: number, state, and the function that each is in."""

    def __init__(self) -> None:
        super().__init__("info libos-threads", gdb.COMMAND_STATUS)

    def invoke(self, argument: str, from_tty: bool) -> None:
        print(f"  {'thread':<7} {'state':<10} in")
        for thread in _threads():
            mark = "*" if thread == _running() else " "
            print(f"{mark} {_name(thread):<7} {_state(thread):<10} {_where(_callers(thread))}")


class _Backtrace(gdb.Command):  # type: ignore[misc]
    """Show the callers of a thread of the library OS: libos-backtrace [NUMBER | all]. By default, the running one's."""

    def __init__(self) -> None:
        super().__init__("libos-backtrace", gdb.COMMAND_STACK)

    def invoke(self, argument: str, from_tty: bool) -> None:
        wanted = argument.strip() or _name(_running())
        threads = [thread for thread in _threads() if wanted in ("all", _name(thread))]
        if not threads:
            raise gdb.GdbError(f"there is no thread {wanted}; info libos-threads lists them")
        for thread in threads:
            print(f"thread {_name(thread)} {_state(thread)}")
            for number, address in enumerate(_callers(thread)):
                print(f"  #{number:<2} {address:#018x} {_place(address, number)[0]}")


class _Leave(gdb.Command):  # type: ignore[misc]
    """Detach before gdb quits, which would otherwise end the machine."""

    def __init__(self) -> None:
        super().__init__("libos-leave", gdb.COMMAND_RUNNING)

    def invoke(self, argument: str, from_tty: bool) -> None:
        with contextlib.suppress(gdb.error):
            gdb.execute("detach")


_InfoThreads()
_Backtrace()
_Leave()
