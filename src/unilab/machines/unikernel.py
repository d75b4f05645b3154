"""The program as a unikernel: the only thing on a virtual machine."""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import socket
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import FileIO
from typing import Any

from unilab.errors import CourseError, MachineError, StartFailed
from unilab.machines import qemu
from unilab.machines.console import Console
from unilab.machines.gdbstub import DebugStub
from unilab.machines.keeper import Keeper
from unilab.machines.machine import EXIT, PATIENCE, Machine
from unilab.machines.qmp import Monitor
from unilab.machines.result import End, Outcome, State
from unilab.machines.segments import memory_end
from unilab.spaces import guest, registers
from unilab.spaces.model import AddressSpace
from unilab.toolchain import Image
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import SymbolTable

#: libos/include/machine.h: what libos_exit_status holds above the program's status, once it has ended.
_ENDINGS = {0x100: End.EXIT, 0x300: End.PANIC, 0x500: End.SIGNAL}
#: Where a program that is about to end passes, whatever it is.
_EXIT_FUNCTION = "libos_sys_exit_group"
#: Bytes QEMU itself may use beside the guest's RAM; it takes about 350 MiB of addresses.
_QEMU_ADDRESSES = 1 << 30
#: What a guest needs beside its image: page tables and the first stack pages.
_LEAST_FREE = 64 * 1024
_CONTROL_D = b"\x04"
#: How QEMU says that somebody asked it to end.
_QEMU_TERMINATED = "terminating on signal"


class Unikernel(Machine):
    """A unikernel under QEMU.

    Args:
        image: Built for ``unikernel``.
        args: Arguments after the program's name.
        env: Its whole environment.
        machine: ``microvm``, ``q35`` or ``pc``.
        accelerator: ``tcg`` or ``kvm``.
        memory: MiB of RAM.
        deadline: Seconds.
        stop_at: A function's name, ``EXIT`` or None.
    """

    architecture = "unikernel"

    def __init__(
        self,
        image: Image,
        console: Console,
        *,
        args: Sequence[str],
        env: Mapping[str, str],
        machine: str,
        accelerator: str,
        memory: int,
        deadline: float,
        stop_at: str | None,
    ) -> None:
        super().__init__(image, console, deadline=deadline)
        self.machine = machine
        self.accelerator = accelerator
        self._memory = memory
        self._qemu = qemu.find()
        self._words = guest_words([image.program.stem, *args], env)
        self._symbols = SymbolTable(image.debug)
        self._stop_at = None
        if stop_at is not None:
            self._stop_at = self._symbols.address(_EXIT_FUNCTION if stop_at == EXIT else stop_at)
        least = least_memory(image)
        if memory < least:
            raise CourseError(
                f"{memory} MiB of memory are too little for {image.path.name}: images are loaded at 1 MiB, and this "
                f"one needs {least} MiB",
                remedy=f"give it memory of {least} MiB or more",
            )
        self._monitor: Monitor | None = None
        self._debugger: DebugStub | None = None
        self._at_breakpoint = False
        self._ram: mmap.mmap | None = None
        self._reported: int | None = None

    def _make_keeper(self) -> Keeper:
        with contextlib.ExitStack() as undo:

            def owned(*fds: int) -> tuple[int, ...]:
                for fd in fds:
                    undo.callback(os.close, fd)
                return fds

            def pair() -> tuple[socket.socket, int]:
                ours, theirs = socket.socketpair()
                undo.callback(ours.close)
                (fd,) = owned(theirs.detach())
                return ours, fd

            ours, monitor = pair()
            self._monitor = Monitor(ours)
            debugger = None
            if self._stop_at is not None:
                ours, debugger = pair()
                self._debugger = DebugStub(ours)
            (ram,) = owned(memory_file(self._memory << 20))
            self._ram = mmap.mmap(ram, self._memory << 20)
            # Pipes: QEMU writes the console byte by byte, which costs four times as much on a socket.
            read_console, write_console = owned(*os.pipe())
            read_errors, write_errors = owned(*os.pipe())
            stdin, typed = os.pipe()
            owned(stdin)
            self._input = FileIO(typed, "w")
            command = qemu.command_line(
                self._qemu,
                self.image.path,
                machine=self.machine or "",
                accelerator=self.accelerator or "",
                memory=self._memory,
                words=self._words,
                inherited=qemu.Descriptors(monitor, ram, debugger),
            )
            keeper = Keeper(
                command,
                console=self.console,
                read_console=read_console,
                deadline=self.deadline,
                memory=(self._memory << 20) + _QEMU_ADDRESSES,
                stdin=stdin,
                stdout=write_console,
                stderr=write_errors,
                pass_fds=[fd for fd in (monitor, ram, debugger) if fd is not None],
                errors=read_errors,
                # Whether or not anybody calls quit().
                at_end=self._monitor.close,
            )
            undo.pop_all()  # they are the keeper's now, and this machine's
            return keeper

    def _run_to_stop(self) -> None:
        if self._stop_at is None or self._debugger is None:
            return
        # At the deadline the keeper ends QEMU, and with it this wait.
        if not self._debugger.run_to(self._stop_at):
            self._live_keeper().ended.wait(PATIENCE)
            self.wait()
            raise self._error("the guest ended before it reached the place to stop at")
        self._at_breakpoint = True
        self._state = State.PAUSED

    def _outcome(self, keeper: Keeper) -> Outcome:
        reported = self._exit_report()
        if reported is not None:
            return Outcome(_ENDINGS[reported & ~0xFF], reported & 0xFF)
        code, said = keeper.exit_code or 0, keeper.complaints
        if code == 0 and _QEMU_TERMINATED not in said:
            raise self._error(
                "the guest reset the processor: an exception that nothing could handle (a triple fault)",
                remedy="if the image is not one of this course's, it may be corrupt: build it again",
            )
        remedy = "run it with the accelerator tcg" if self.accelerator == "kvm" else None
        if code <= 0:
            by = f" by {signal.Signals(-code).name}" if code else ""
            raise self._error(f"QEMU was ended{by}. {said}".rstrip(), remedy=remedy)
        raise self._error(f"QEMU ended by itself. {said or 'It said nothing.'}", kind=StartFailed, remedy=remedy)

    def _exit_report(self) -> int | None:
        """What the guest left in libos_exit_status; None if it did not end by itself."""
        address = self._symbols.names().get("libos_exit_status")
        if address is not None and self._ram is not None and not self._ram.closed:
            value = int.from_bytes(self.memory(address, 4), "little")
            self._reported = value if value & ~0xFF in _ENDINGS else None
        return self._reported

    def memory(self, physical: int, length: int) -> bytes:
        """Bytes of the guest's RAM, which this process shares with QEMU.

        Args:
            physical: Guest-physical address.
            length: Bytes.

        Raises:
            MachineError: Not all of it is RAM.
        """
        if physical < 0 or length < 0 or physical + length > self._memory << 20:
            raise MachineError(f"guest-physical {physical:#x} is not RAM of this machine, which has {self._memory} MiB")
        ram = self._ram
        try:
            if ram is not None:
                return ram[physical : physical + length]
        except ValueError:
            pass  # it was closed
        raise self._error("the machine has no memory before its start and after its quit")

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
        else:
            self._tell("cont")

    def reset(self) -> None:
        """Press the reset button: the loader runs again, and the program starts over.

        The firmware of q35 and pc answers with resets of its own. So there, from then on, a guest that resets itself
        (by a triple fault) starts over too, until its deadline, where otherwise that would be its end. Pressed while
        that firmware still runs, the button hangs it.
        """
        with self._lock:
            self._tell("set-action", reboot="reset")
            try:
                self._tell("system_reset")
            finally:
                if self.machine == "microvm":
                    self._tell("set-action", reboot="shutdown")

    def send(self, text: str) -> None:
        """Type on the serial console."""
        data = text.encode()
        if _CONTROL_D in data:
            raise CourseError("control-D cannot be typed as text: it ends the input", remedy="use send_eof()")
        self._type(data)

    def send_eof(self) -> None:
        """Type control-D twice: once ends an unfinished line, once on an empty line ends the input."""
        self._type(_CONTROL_D * 2)

    def registers(self) -> registers.Registers:
        """The processor's registers now."""
        text = self._tell("human-monitor-command", **{"command-line": "info registers"})
        return registers.parse_info_registers(text)

    def _read_space(self) -> AddressSpace:
        """From the page tables, walked from CR3 in the guest's RAM."""
        return guest.unikernel(
            self.registers(),
            self.memory,
            self._symbols,
            LinkMap.read(self.image.map),
            name=f"{self.image.program.stem} as a unikernel",
            origin=f"QEMU {self.machine}, {self.accelerator}, page tables from CR3, {_now()}",
        )

    def _release(self) -> None:
        if self._keeper is not None and self._keeper.ended.is_set():
            self._exit_report()  # kept: it is in the memory that goes now
        if self._ram is not None:
            self._ram.close()
        if self._monitor is not None:
            self._monitor.close()
        if self._debugger is not None:
            self._debugger.close()
        self._end_input()


def guest_words(argv: Sequence[str], env: Mapping[str, str]) -> str:
    """The command line by which the library OS learns its environment and arguments.

    Each word is in double quotes, so that nothing in it can be taken for a separator or a device's address.

    Raises:
        CourseError: A word has a character that cannot be passed.
    """
    words = [f"{name}={value}" for name, value in env.items()]
    for word in (*words, *argv):
        if "\0" in word or "\n" in word:
            raise CourseError("an argument has a newline or a NUL in it, which a command line cannot carry")
    return " ".join([*map(_quoted, words), "--", *map(_quoted, argv)])


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def least_memory(image: Image) -> int:
    """MiB of RAM below which an image cannot boot.

    Raises:
        StartFailed: It is no image that can run.
    """
    return -(-(memory_end(image.path) + _LEAST_FREE) // (1 << 20))


def memory_file(size: int) -> int:
    """A descriptor of a file of ``size`` bytes that has no name, in memory where the system has such files.

    Raises:
        OSError: The host refuses a file of that size.
    """
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("guest-ram")
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    try:
        os.ftruncate(fd, size)
    except OSError:
        os.close(fd)
        raise
    return fd


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
