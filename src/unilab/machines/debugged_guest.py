"""Guests whose processor is told to stop, go on and step: by QEMU's monitor, and by its gdb stub.

QEMU's stub talks to one at a time. A guest that nobody steps has none; it is attached when it is first needed.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from unilab.errors import CourseError, MachineError
from unilab.machines.gdbstub import DebugStub
from unilab.machines.guest_memory import GuestMemory
from unilab.machines.lifecycle import PATIENCE
from unilab.machines.qmp import Monitor
from unilab.machines.result import State

#: Registers that can be set, as gdb numbers them.
_SETTABLE = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp")
#: Seconds in which an interrupt must come to a halted processor that is stepped.
_STEP_PATIENCE = 2.0


class DebuggedGuest(GuestMemory):
    """A guest under QEMU, in the hands of a debugger."""

    _monitor: Monitor | None = None
    _debugger: DebugStub | None = None
    #: Set when gdb has been let in.
    _gdb_was_let_in = False
    #: Whether it stands where the stub stopped it, which then has to let it go on.
    _at_breakpoint = False

    def _tell(self, command: str, **arguments: object) -> Any:
        """Run a QMP command; an error says how the machine was doing."""
        self._must_live()
        assert self._monitor is not None
        try:
            return self._monitor.execute(command, **arguments)
        except MachineError as error:
            raise self._error(error.message) from error

    def _pause(self) -> None:
        self._tell("stop")

    def _resume(self) -> None:
        if self._at_breakpoint and self._debugger is not None:
            self._at_breakpoint = False
            self._debugger.resume()
            return
        try:
            self._tell("cont")
        except MachineError:
            # It may end before QEMU has answered.
            if not self._live_keeper().ended.wait(PATIENCE):
                raise

    def run_to(self, *addresses: int) -> int:
        """Let a paused machine run until it is about to execute one of some instructions; then it is paused again.

        Standing at one of them already, it runs on from there. Whoever else wants to pause it meanwhile, waits.

        Args:
            addresses: Virtual addresses.

        Returns:
            Which one it is at.

        Raises:
            MachineError: It is running, or ended on the way.
            GuestPanic, DeadlineExceeded: As for ``wait``.
            CourseError: gdb has been let in.
        """
        with self._lock:
            stub = self._stub()
            if not stub.run_to(*addresses):
                self._live_keeper().ended.wait(PATIENCE)
                self.wait()
                raise self._error("the guest ended before it reached the place to stop at")
            here = stub.rip()
            if here not in addresses:
                raise self._error(f"it was stopped on the way, at {here or 0:#x}")
            return here

    def step(self) -> None:
        """Execute one instruction of a paused machine. Interrupts wait until it runs on, unless it waits for one."""
        with self._lock:
            stub = self._stub()
            halted = self.registers().halted
            try:
                alive = stub.step(interrupts=halted, patience=_STEP_PATIENCE if halted else PATIENCE)
            except TimeoutError as error:
                raise self._error(
                    "the processor is halted until an interrupt comes, and none has come",
                    remedy="let the machine run on, and give it something to do",
                ) from error
            if not alive:
                raise self._error("the machine has ended")

    def set_register(self, name: str, value: int) -> None:
        """Give a general register of a paused guest, which is in 64-bit mode, another value.

        Args:
            name: ``rax``, ``rbx``, ``rcx``, ``rdx``, ``rsi``, ``rdi``, ``rbp`` or ``rsp``.
            value: 64 bits.

        Raises:
            MachineError: It is running, or has ended.
            CourseError: There is no such register; or gdb has been let in.
        """
        if name not in _SETTABLE:
            raise CourseError(f"the register {name} is not set here", remedy=f"set one of {', '.join(_SETTABLE)}")
        with self._lock:
            self._stub().set_register(_SETTABLE.index(name), value % (1 << 64))

    def look(self, address: int, length: int) -> bytes:
        """Bytes of a paused guest's memory, as the guest sees it.

        Args:
            address: Virtual address.
            length: Bytes.

        Raises:
            MachineError: Nothing is mapped there; or it is running, or has ended.
            CourseError: gdb has been let in.
        """
        with self._lock:
            return self._stub().memory(address, length)

    def _stub(self) -> DebugStub:
        """The gdb stub, with the paused guest in its charge."""
        self._must_live()
        if self._state is not State.PAUSED:
            raise self._error("only a paused machine can be stepped", remedy="call its pause() first")
        if self._gdb_was_let_in:
            raise CourseError(
                "this machine's debugger interface is gdb's now", remedy="step it in gdb, or start another machine"
            )
        if self._debugger is None:
            ours, theirs = socket.socketpair()
            self._debugger = DebugStub(ours)
            with theirs:
                self._attach(theirs.fileno())
        elif not self._debugger.attached:
            self._debugger.attach()
        self._at_breakpoint = True
        return self._debugger

    def _attach(self, fd: int) -> None:
        """Have QEMU's gdb stub, which none has wanted so far, talk to the other end of a socket pair."""
        self._give(fd, "debugger")
        address = {"type": "fd", "data": {"str": "debugger"}}
        backend = {"type": "socket", "data": {"addr": address, "server": False}}
        self._tell("chardev-add", id="debugger", backend=backend)
        self._tell("human-monitor-command", **{"command-line": "gdbserver chardev:debugger"})

    def _give(self, fd: int, name: str) -> None:
        """Have QEMU keep a copy of a descriptor under a name."""
        self._must_live()
        assert self._monitor is not None
        self._monitor.give(fd, name)

    def _serve_debugger(self, socket: Path) -> None:
        """Have QEMU's gdb stub listen on a Unix socket of that name."""
        address = {"type": "unix", "data": {"path": str(socket)}}
        backend = {"type": "socket", "data": {"addr": address, "server": True, "wait": False}}
        self._tell("chardev-add", id="gdb", backend=backend)
        # The stub has one channel: this one in place of ours, if it stopped the guest.
        self._gdb_was_let_in = True
        self._at_breakpoint = False
        self.monitor_text("gdbserver chardev:gdb")
