"""The program as a unikernel: the only thing on a virtual machine."""

from __future__ import annotations

import mmap
import os
import re
import socket
import tempfile
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from unilab.errors import CourseError, MachineError, StartFailed
from unilab.machines import qemu
from unilab.machines.console import Console
from unilab.machines.gdbstub import DebugStub
from unilab.machines.keeper import Keeper
from unilab.machines.machine import EXIT, PATIENCE, Machine
from unilab.machines.qmp import Monitor
from unilab.machines.result import End, Outcome, State
from unilab.spaces import guest, registers
from unilab.spaces.model import AddressSpace
from unilab.toolchain import Image
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import SymbolTable

#: libos/include/machine.h: libos_exit_status is this plus the status once the program has ended.
_EXIT_REPORTED = 0x100
_EXIT_PANIC = 255
#: Where a program that is about to end passes, whatever it is.
_EXIT_FUNCTION = "libos_sys_exit_group"
#: Bytes QEMU itself may use beside the guest's RAM; it takes about 350 MiB of addresses.
_QEMU_ADDRESSES = 1 << 30
#: What a guest needs beside its image: page tables and the first stack pages.
_LEAST_FREE = 64 * 1024
_CONTROL_D = b"\x04"


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
        self._serial: socket.socket | None = None
        self._monitor: Monitor | None = None
        self._debugger: DebugStub | None = None
        self._at_breakpoint = False
        self._ram: mmap.mmap | None = None
        self._sending = threading.Lock()

    def _make_keeper(self) -> Keeper:
        ours_serial, serial = socket.socketpair()
        ours_monitor, monitor = socket.socketpair()
        ours_debugger, debugger = socket.socketpair() if self._stop_at is not None else (None, None)
        ram = memory_file(self._memory << 20)
        self._ram = mmap.mmap(ram, self._memory << 20)
        self._serial = ours_serial
        self._monitor = Monitor(ours_monitor)
        self._debugger = DebugStub(ours_debugger) if ours_debugger is not None else None
        read_errors, errors = os.pipe()
        theirs = [end.detach() for end in (serial, monitor, debugger) if end is not None]
        command = qemu.command_line(
            self._qemu,
            self.image.path,
            machine=self.machine or "",
            accelerator=self.accelerator or "",
            memory=self._memory,
            words=self._words,
            inherited=qemu.Descriptors(theirs[0], theirs[1], ram, theirs[2] if len(theirs) > 2 else None),
        )
        return Keeper(
            command,
            console=self.console,
            read_console=os.dup(ours_serial.fileno()),
            deadline=self.deadline,
            memory=(self._memory << 20) + _QEMU_ADDRESSES,
            stdout=errors,
            stderr=errors,
            pass_fds=[*theirs, ram],
            errors=read_errors,
        )

    def _run_to_stop(self) -> None:
        if self._stop_at is None or self._debugger is None:
            return
        try:
            reached = self._debugger.run_to(self._stop_at, self._begin + self.deadline)
        except MachineError:
            self._live_keeper().ended.wait(1.0)
            self._explain_early_end()
            raise
        if not reached:
            self._live_keeper().ended.wait(PATIENCE)
            self._explain_early_end()
            raise self._error("the guest ended before it reached the place to stop at")
        self._at_breakpoint = True
        self._state = State.PAUSED

    def _explain_early_end(self) -> None:
        """Raise the error that says how the machine ended, if it ended badly."""
        if self._live_keeper().ended.is_set():
            self.wait()

    def _outcome(self, keeper: Keeper) -> Outcome:
        reported = self._exit_report()
        if reported is not None:
            status = reported & 0xFF
            panicked = status == _EXIT_PANIC and "libos: panic: " in self.console.text
            killed = re.search(r"^libos: ended by signal (\d+)$", self.console.text[-200:], re.MULTILINE)
            if killed and status == 128 + int(killed[1]):
                return Outcome(End.SIGNAL, status)
            return Outcome(End.PANIC if panicked else End.EXIT, status)
        if keeper.exit_code == 0:
            raise self._error(
                "the guest reset the processor: an exception that nothing could handle (a triple fault)",
                remedy="if the image is not one of this course's, it may be corrupt: build it again",
            )
        said = keeper.complaints or "it said nothing"
        remedy = "run it with the accelerator tcg" if self.accelerator == "kvm" else None
        raise self._error(f"QEMU ended by itself. {said}", kind=StartFailed, remedy=remedy)

    def _exit_report(self) -> int | None:
        """What the guest left in libos_exit_status; None if it did not end by itself."""
        try:
            address = self._symbols.address("libos_exit_status")
        except KeyError:
            return None
        value = int.from_bytes(self.memory(address, 4), "little")
        return value if value & ~0xFF == _EXIT_REPORTED else None

    def memory(self, physical: int, length: int) -> bytes:
        """Bytes of the guest's RAM, which this process shares with QEMU.

        Args:
            physical: Guest-physical address.
            length: Bytes.

        Raises:
            MachineError: Not all of it is RAM.
        """
        if self._ram is None or physical < 0 or physical + length > len(self._ram):
            raise MachineError(f"guest-physical {physical:#x} is not RAM of this machine, which has {self._memory} MiB")
        return self._ram[physical : physical + length]

    def _pause(self) -> None:
        assert self._monitor is not None
        self._monitor.execute("stop")

    def _resume(self) -> None:
        if self._at_breakpoint and self._debugger is not None:
            self._at_breakpoint = False
            self._debugger.resume()
        else:
            assert self._monitor is not None
            self._monitor.execute("cont")

    def reset(self) -> None:
        """Press the reset button: the loader runs again, and the program starts over."""
        with self._lock:
            self._must_live()
            assert self._monitor is not None
            # The guest's own resets still end the machine: a triple fault must not loop.
            self._monitor.execute("set-action", reboot="reset")
            self._monitor.execute("system_reset")
            self._monitor.execute("query-status")
            self._monitor.execute("set-action", reboot="shutdown")

    def send(self, text: str) -> None:
        """Type on the serial console."""
        data = text.encode()
        if _CONTROL_D in data:
            raise CourseError("control-D cannot be typed as text: it ends the input", remedy="use send_eof()")
        self._type(data)

    def send_eof(self) -> None:
        """Type control-D twice: once ends an unfinished line, once on an empty line ends the input."""
        self._type(_CONTROL_D * 2)

    def _type(self, data: bytes) -> None:
        self._must_live()
        assert self._serial is not None
        try:
            with self._sending:
                self._serial.sendall(data)
        except OSError as error:
            raise self._error("the machine has ended while its input was typed") from error

    def registers(self) -> registers.Registers:
        """The processor's registers now."""
        self._must_live()
        assert self._monitor is not None
        return registers.parse_info_registers(self._monitor.hmp("info registers"))

    def address_space(self) -> AddressSpace:
        """From the page tables, walked from CR3 in the guest's RAM."""
        with self._lock:
            self._must_live()
            running = self.state is State.RUNNING
            if running:
                self.pause()
            try:
                return guest.unikernel(
                    self.registers(),
                    self.memory,
                    self._symbols,
                    LinkMap.read(self.image.map),
                    name=f"{self.image.program.stem} as a unikernel",
                    origin=f"QEMU {self.machine}, {self.accelerator}, page tables from CR3, {_now()}",
                )
            finally:
                if running:
                    self.resume()

    def _release(self) -> None:
        if self._monitor is not None:
            self._monitor.close()
        if self._debugger is not None:
            self._debugger.close()
        if self._serial is not None:
            self._serial.close()


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
        StartFailed: It is not an ELF file.
    """
    try:
        with image.path.open("rb") as file:
            loads = [s for s in ELFFile(file).iter_segments() if s["p_type"] == "PT_LOAD"]
            end = max((s["p_paddr"] + s["p_memsz"] for s in loads), default=0)
    except (OSError, ELFError) as error:
        raise StartFailed(
            f"{image.path} is no image that can boot: {error}", remedy="build it again with unilab.build"
        ) from error
    return int(-(-(end + _LEAST_FREE) // (1 << 20)))


def memory_file(size: int) -> int:
    """A descriptor of a file of ``size`` bytes that has no name, in memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("guest-ram")
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, size)
    return fd


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


