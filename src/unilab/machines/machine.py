"""What every machine is: something that runs one image, prints, ends, and has an address space."""

from __future__ import annotations

import os
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from io import FileIO
from types import TracebackType
from typing import Self, TypeVar

from unilab.errors import CourseError, DeadlineExceeded, GuestPanic, MachineError, StartFailed
from unilab.machines.console import Console
from unilab.machines.crash import Crash
from unilab.machines.debugger import Rendezvous
from unilab.machines.keeper import Keeper
from unilab.machines.network import Wire
from unilab.machines.result import End, Outcome, Result, State
from unilab.spaces.model import AddressSpace
from unilab.spaces.registers import Registers
from unilab.toolchain import Image

_T = TypeVar("_T")

#: ``stop_at`` for the moment when the program is about to end and everything it made is still there.
EXIT = "exit"

#: How long to wait for something that takes milliseconds on an idle host.
PATIENCE = 10.0


class Machine(ABC):
    """One run of one image. A context manager: leaving it ends the machine.

    Made by ``unilab.start``, not directly. All methods may be called from any thread.
    """

    architecture = ""
    #: What a remote control can do with it, by the names of the methods that do it.
    controls: frozenset[str] = frozenset({"pause", "resume"})
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
        self._input: FileIO | None = None
        self._typing = threading.Lock()
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
    def _pause(self) -> None: ...

    @abstractmethod
    def _resume(self) -> None: ...

    @abstractmethod
    def reset(self) -> None:
        """Press the reset button: the machine starts over.

        Raises:
            MachineError: It has ended, or has no such button.
        """

    @abstractmethod
    def send(self, text: str) -> None:
        """Type on the console.

        Raises:
            MachineError: The machine has ended.
        """

    @abstractmethod
    def send_eof(self) -> None:
        """End the console's input: the program's next read finds the end of the file."""

    @abstractmethod
    def _read_space(self) -> AddressSpace:
        """The address space of a machine that stands still."""

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
            if self._state is not State.CREATED:
                raise CourseError("this machine was started before", remedy="make another with unilab.start")
            keeper = None
            try:
                keeper = self._make_keeper()
                self._begin = time.monotonic()
                keeper.launch()
            except BaseException as error:
                if keeper is not None:
                    keeper.kill()
                self._release()
                if isinstance(error, OSError):
                    raise StartFailed(f"the host lacks what it takes to run it: {error}") from error
                raise
            self._keeper = keeper
            self._state = State.RUNNING
        try:
            self._run_to_stop()
        except BaseException:
            self.quit()
            raise
        return self

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

    def pause(self) -> None:
        """Stop it where it is. Nothing happens if it is paused already.

        Raises:
            MachineError: It has ended.
        """
        with self._lock:
            self._must_live()
            if self._state is State.RUNNING:
                # Said first: if this is interrupted half-way, resume() mends it.
                self._state = State.PAUSED
                self._pause()

    def resume(self) -> None:
        """Let it run on. Nothing happens if it is running already.

        Raises:
            MachineError: It has ended.
        """
        with self._lock:
            self._must_live()
            if self._state is State.PAUSED:
                # Said first: it may end before the call returns.
                self._state = State.RUNNING
                self._resume()

    def address_space(self) -> AddressSpace:
        """Its address space now. A running machine is paused for the few milliseconds that this takes.

        Raises:
            LayoutError: It has none to look at yet.
            MachineError: It has ended: there is nothing left to look at.
        """
        return self._while_still(self._read_space)

    def _while_still(self, look: Callable[[], _T]) -> _T:
        """Do something while the machine stands still; if it was running, it runs on afterwards."""
        with self._lock:
            self._must_live()
            running = self.state is State.RUNNING
            try:
                self.pause()
                return look()
            finally:
                if running and self.state is not State.ENDED:
                    self.resume()

    def address_spaces(self) -> tuple[AddressSpace, ...]:
        """Every address space there is in it now, the program's first: one, unless the architecture has more.

        Raises:
            LayoutError: It has none to look at yet.
            MachineError: It has ended: there is nothing left to look at.
        """
        return (self.address_space(),)

    def step(self) -> None:
        """Execute one instruction of a paused machine; it stays paused.

        Raises:
            MachineError: It is running, or has ended.
            CourseError: It cannot be stepped.
        """
        raise CourseError(f"a {self.architecture} is not stepped here", remedy='step one that runs on="unikernel"')

    def registers(self) -> Registers:
        """The processor's registers now.

        Raises:
            MachineError: It has ended.
            CourseError: Its processor is this host's.
        """
        raise CourseError(
            f"the registers of a {self.architecture} are not read here", remedy='read those of one on="unikernel"'
        )

    def place(self, address: int) -> str:
        """What the program's symbols call an address of its text: ``main+0x4 (hello.c:5)``; empty for no name."""
        return ""

    def host_port(self, guest: int, protocol: str = "tcp") -> int:
        """This host's port, on 127.0.0.1, that leads to a port of the guest.

        Raises:
            CourseError: None does.
            MachineError: The machine has ended.
        """
        raise CourseError(
            f"no port of this host leads to {protocol} port {guest} of the guest",
            remedy=f"start the machine with network=UserNetwork((Forward(0, {guest}, {protocol!r}),))",
        )

    def gdb(self) -> Rendezvous:
        """Let gdb attach, from now until the machine's end, whether it runs or is paused. Attached, gdb decides.

        Returns:
            Where. Its text is the command to type in another terminal.

        Raises:
            Unavailable: There is no gdb.
            CourseError: This is no unikernel.
            MachineError: The machine has ended.
        """
        raise CourseError(
            "gdb attaches to unikernels here", remedy=f"for this host's processes, type gdb -p {self.pid}"
        )

    @property
    def wire(self) -> Wire:
        """The other end of the network card's cable.

        Raises:
            CourseError: There is none.
        """
        raise CourseError("nobody holds this machine's cable", remedy="start it with network=RawNetwork()")

    @property
    def second_console(self) -> socket.socket:
        """The other end of the second console: its bytes as they are. Closed by ``quit``.

        Read it in time: QEMU lets output fall for which the socket has no room.

        Raises:
            CourseError: There is none.
        """
        raise CourseError("this machine has one console", remedy="start it with second_console=True")

    def quit(self) -> None:
        """End it at once, whatever it is doing. Nothing happens if it has ended already."""
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
        self.quit()

    def __repr__(self) -> str:
        return f"<{self.image.program.name} as a {self.architecture}: {self.state}>"

    def _type(self, data: bytes) -> None:
        """Write to its input, waiting as long as it takes to read."""
        with self._lock:
            self._must_live()
            if self._input is None:
                raise CourseError("the console's input was ended before", remedy="send before send_eof")
            # A descriptor of our own: whoever ends the input meanwhile cannot pull it away, and ends it after this.
            fd = os.dup(self._input.fileno())
        try:
            with self._typing:
                while data:
                    data = data[os.write(fd, data) :]
        except BrokenPipeError as error:
            raise self._error("the machine has closed its input, or has ended, while it was typed") from error
        finally:
            os.close(fd)

    def _end_input(self) -> None:
        with self._lock:
            if self._input is not None:
                self._input.close()
                self._input = None

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


def _panic_reason(console: str) -> str:
    marked = [line for line in console.splitlines() if line.startswith("libos: panic: ")]
    return marked[-1].removeprefix("libos: panic: ") if marked else "the library OS stopped itself"
