"""The life of a machine: how it starts, is waited for, and ends.

Whoever starts a machine may be interrupted at any moment (Ctrl-C, or a notebook's stop button), and must not leave it
behind. So a machine has its keeper, by which it can be ended, before there is anything to end; whatever interrupts the
start ends it; an end that is itself interrupted is begun again; and a machine that nobody holds any more is ended, too.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from unilab.errors import CourseError, DeadlineExceeded, GuestPanic, MachineError, StartFailed
from unilab.machines.console import Console
from unilab.machines.crash import Crash
from unilab.machines.keeper import Keeper
from unilab.machines.result import End, Outcome, Result, State
from unilab.toolchain import Image

#: How long to wait for something that takes milliseconds on an idle host.
PATIENCE = 10.0


class Lifecycle(ABC):
    """From CREATED to ENDED. A context manager: leaving it ends the machine."""

    architecture = ""
    #: QEMU's machine type and accelerator, where there are such things.
    machine: str | None = None
    accelerator: str | None = None

    #: What is known of its crash, once its end has been waited for; None if it did not crash.
    crash: Crash | None = None

    def __init__(self, image: Image, console: Console, *, deadline: float) -> None:
        self.image = image
        self.console = console
        self.deadline = deadline
        self._state = State.CREATED
        self._keeper: Keeper | None = None
        self._quit = False
        self._lock = threading.RLock()
        self._begin = 0.0

    # ---- what differs --------------------------------------------------------

    @abstractmethod
    def _make_keeper(self) -> Keeper:
        """The keeper of the host command, not yet started."""

    @abstractmethod
    def _run_to_stop(self) -> None:
        """Wait until the program runs, or, with a ``stop_at``, is paused there."""

    @abstractmethod
    def _outcome(self, keeper: Keeper) -> Outcome:
        """How the machine ended; raises MachineError if it did not end by the program's doing."""

    @abstractmethod
    def _release(self) -> None:
        """Give back what outlives the host command."""

    # ---- what is common ------------------------------------------------------

    @property
    def state(self) -> State:
        """CREATED, RUNNING, PAUSED or ENDED, as of now."""
        if self._keeper is not None and self._keeper.ended.is_set():
            return State.ENDED
        return self._state

    @property
    def command(self) -> tuple[str, ...]:
        """The host command, without the wrapper that limits it."""
        return self._keeper.command if self._keeper is not None else ()

    @property
    def pid(self) -> int:
        """The host's number for it; 0 before the start."""
        return self._keeper.pid if self._keeper is not None else 0

    @property
    def age(self) -> float:
        """Seconds since the host command was started; 0 before."""
        return time.monotonic() - self._begin if self._keeper is not None else 0.0

    @property
    def first_output_cpu_seconds(self) -> float | None:
        """Processor time of the host command until the first byte it printed."""
        return self._keeper.first_output_cpu_seconds if self._keeper is not None else None

    @property
    def shipped_bytes(self) -> int:
        """Bytes of what one has to have to run it, beside what the host has anyway."""
        return self.image.size

    def start(self) -> Self:
        """Start it, and run to its ``stop_at`` if it has one.

        Raises:
            StartFailed: The host refused; the machine is as it was before.
            DeadlineExceeded: It did not reach ``stop_at`` in time.
        """
        with self._lock:
            if self._state is not State.CREATED or self._keeper is not None:
                raise CourseError("this machine was started before", remedy="make another with unilab.start")
        try:
            self._launch()
            self._run_to_stop()
            if self.state is State.PAUSED:
                self._live_keeper().catch_up()
            return self
        except BaseException:
            self.quit()
            raise

    def _launch(self) -> None:
        with self._lock:
            try:
                # Ours before it runs: whoever interrupts what follows, quit() has what to kill.
                self._keeper = self._make_keeper()
                weakref.finalize(self, _end_forgotten, self._keeper).atexit = False
                self._begin = time.monotonic()
                self._keeper.launch()
                self._state = State.RUNNING
            except (OSError, StartFailed) as error:
                self._end()
                self._keeper, self._quit = None, False
                if isinstance(error, OSError):
                    raise StartFailed(f"the host lacks what it takes to run it: {error}") from error
                raise

    def wait(self, timeout: float | None = None, *, check: bool = True) -> Outcome:
        """Wait until the machine has ended.

        Args:
            timeout: Seconds to wait at most; the machine goes on. None waits for its deadline.
            check: Raise if the program crashed.

        Raises:
            TimeoutError: The timeout has passed.
            CourseError: The caller is the machine's own ``on_output``.
            DeadlineExceeded: The machine ran until its deadline and was killed.
            GuestPanic: With ``check``: the library OS stopped itself.
            MachineError: The machine ended by nobody's wish; or, with ``check``, by a reset or a signal.
        """
        keeper = self._live_keeper()
        if threading.current_thread() is keeper:
            raise CourseError("on_output cannot wait for the end of what it listens to", remedy="return from it")
        # The keeper ends the machine at its deadline, if on_output ever returns.
        latest = self._begin + self.deadline + PATIENCE - time.monotonic()
        if not keeper.ended.wait(latest if timeout is None else timeout):
            if timeout is not None:
                raise TimeoutError(f"{self.image.program} is still running after {timeout} seconds")
            keeper.kill()
            raise self._error("on_output does not return, so nobody sees the machine end")
        if self._quit:
            return Outcome(End.QUIT, None)
        if keeper.deadline_passed:
            raise self._error(
                f"{self.image.program.name} was still running after {self.deadline:g} seconds and was ended",
                kind=DeadlineExceeded,
                remedy="if it needs longer, give a larger deadline; if it never ends, look for a loop",
            )
        if keeper.output_limit_passed:
            raise self._error(f"it printed more than {Console.LIMIT >> 20} MiB and was ended")
        if self.console.listener_error is not None:
            raise self._error(f"on_output failed: {self.console.listener_error!r}") from self.console.listener_error
        outcome = self._outcome(keeper)
        if check and outcome.end is End.PANIC:
            raise self._error(f"{self.image.program.name} crashed: {_panic_reason(self.console.text)}", kind=GuestPanic)
        if check and outcome.end is End.RESET:
            raise self._error(
                "the guest reset the processor: an exception that nothing could handle (a triple fault)",
                remedy="run it with check=False, and explain() the result: which exception came first, and where",
            )
        if check and outcome.end is End.SIGNAL:
            number = (outcome.exit_status or 0) - 128
            raise self._error(f"{self.image.program.name} was ended by signal {number}")
        return outcome

    def result(self) -> Result:
        """The whole run as plain values; waits for its end first, and raises only what prevents a result."""
        outcome = self.wait(check=False)
        keeper = self._live_keeper()
        return Result(
            program=str(self.image.program),
            architecture=self.architecture,
            machine=self.machine,
            accelerator=self.accelerator,
            image=str(self.image.path),
            image_bytes=self.image.size,
            build_seconds=self.image.build_seconds,
            first_output_seconds=keeper.first_output_seconds,
            total_seconds=keeper.total_seconds or 0.0,
            exit_status=outcome.exit_status,
            console=self.console.text,
            crash=self.crash,
        )

    def ended_within(self, seconds: float) -> bool:
        """Wait for its end, whatever it is, so long at most; whether it has come."""
        return self._live_keeper().ended.wait(seconds)

    def quit(self) -> None:
        """End it at once, whatever it is doing. Nothing happens if it has ended already."""
        try:
            self._end()
        except BaseException:
            self._end()  # an interrupt came on the way: the machine's end goes before
            raise

    def _end(self) -> None:
        keeper = self._keeper
        if keeper is not None and not keeper.ended.is_set():
            self._quit = True
            keeper.kill()
            if threading.current_thread() is keeper:
                return  # called by on_output, which the end waits for
            keeper.ended.wait(PATIENCE)
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.quit()
        except BaseException:
            self.quit()  # it may have been interrupted before it had begun
            raise

    def __repr__(self) -> str:
        return f"<{self.image.program.name} as a {self.architecture}: {self.state}>"

    def _live_keeper(self) -> Keeper:
        if self._keeper is None:
            raise MachineError("this machine was never started", remedy="call its start() first")
        return self._keeper

    def _must_live(self) -> None:
        if self._live_keeper().ended.is_set():
            raise self._error("the machine has ended", remedy="start it again with unilab.start")

    def _error(
        self, message: str, *, kind: type[MachineError] = MachineError, remedy: str | None = None
    ) -> MachineError:
        keeper = self._keeper
        error = kind(
            message,
            command=self.command,
            exit_code=keeper.exit_code if keeper is not None else None,
            console=self.console.text,
            remedy=remedy,
        )
        error.crash = self.crash
        return error


def _end_forgotten(keeper: Keeper) -> None:
    """End a machine to which nothing refers any more; a forked copy of its owner has no say in that."""
    if keeper.owner == os.getpid() and not keeper.ended.is_set():
        keeper.kill()


def _panic_reason(console: str) -> str:
    marked = [line for line in console.splitlines() if line.startswith("libos: panic: ")]
    return marked[-1].removeprefix("libos: panic: ") if marked else "the library OS stopped itself"
