"""What every machine is: something that runs one image, prints, ends, and has an address space."""

from __future__ import annotations

import os
import socket
import threading
from abc import abstractmethod
from collections.abc import Callable
from io import FileIO
from typing import TypeVar

from unilab.errors import CourseError
from unilab.machines.console import Console
from unilab.machines.debugger import Rendezvous
from unilab.machines.lifecycle import Lifecycle
from unilab.machines.network import Wire
from unilab.machines.result import State
from unilab.spaces.model import AddressSpace
from unilab.spaces.registers import Registers
from unilab.toolchain import Image

_T = TypeVar("_T")

#: ``stop_at`` for the moment when the program is about to end and everything it made is still there.
EXIT = "exit"


class Machine(Lifecycle):
    """One run of one image, and what can be done with it meanwhile.

    Made by ``unilab.start``, not directly. All methods may be called from any thread.
    """

    #: What a remote control can do with it, by the names of the methods that do it.
    controls: frozenset[str] = frozenset({"pause", "resume"})

    def __init__(self, image: Image, console: Console, *, deadline: float) -> None:
        super().__init__(image, console, deadline=deadline)
        self._input: FileIO | None = None
        self._typing = threading.Lock()

    # ---- what differs --------------------------------------------------------

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

    # ---- what is common ------------------------------------------------------

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
