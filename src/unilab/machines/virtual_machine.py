"""Guests under QEMU: what they have in common, whatever kernel they boot."""

from __future__ import annotations

import contextlib
import mmap
import os
import socket
import tempfile
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any

from unilab.errors import MachineError
from unilab.machines import qemu
from unilab.machines.console import Console
from unilab.machines.devices import Devices
from unilab.machines.gdbstub import DebugStub
from unilab.machines.keeper import Keeper
from unilab.machines.machine import PATIENCE, Machine
from unilab.machines.network import RawNetwork, UserNetwork, Wire, ports
from unilab.machines.qmp import Monitor
from unilab.machines.result import State
from unilab.spaces import registers
from unilab.toolchain import Image

#: Bytes QEMU itself may use beside the guest's RAM; it takes about 350 MiB of addresses.
_QEMU_ADDRESSES = 1 << 30
#: More of them for disks: QEMU serves these from up to 64 threads, each with a stack and an arena of the C library's.
_DISK_ADDRESSES = 64 * (136 << 20)


class VirtualMachine(Machine):
    """A guest under QEMU.

    Args:
        image: What runs in it.
        machine: ``microvm``, ``q35`` or ``pc``.
        accelerator: ``tcg`` or ``kvm``.
        memory: MiB of RAM.
        deadline: Seconds.
        devices: What the machine has beside processor, memory and console.
        cpu_without: Features that the processor does not have.
        stop_at: Address to stop at first; None to run.
    """

    def __init__(
        self,
        image: Image,
        console: Console,
        *,
        machine: str,
        accelerator: str,
        memory: int,
        deadline: float,
        devices: Devices,
        cpu_without: Sequence[str] = (),
        stop_at: int | None = None,
    ) -> None:
        super().__init__(image, console, deadline=deadline)
        self.machine = machine
        self.accelerator = accelerator
        self._memory = memory
        self._qemu = qemu.find()
        devices.check()
        self._devices = devices
        self._cpu_without = tuple(cpu_without)
        self._stop_at = stop_at
        self._monitor: Monitor | None = None
        self._debugger: DebugStub | None = None
        self._wire: Wire | None = None
        self._reports: socket.socket | None = None
        self._second_console: socket.socket | None = None
        self._at_breakpoint = False
        self._ram: mmap.mmap | None = None

    @abstractmethod
    def _boots(self) -> tuple[Path, str]:
        """The kernel, and its command line."""

    def _initramfs(self) -> bytes | None:
        """The archive that the kernel unpacks into memory; None for the initrd of its devices, if they have one."""
        return None

    def _wants_reports(self) -> bool:
        """Whether the guest has a second serial line, whose other end is ``self._reports``."""
        return False

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
            wire = None
            if isinstance(self._devices.network, RawNetwork):
                ours, wire = pair()
                self._wire = Wire(ours)
            reports = None
            if self._wants_reports():
                self._reports, reports = pair()
            hvc = None
            if self._devices.second_console:
                self._second_console, hvc = pair()
            devices, initramfs = self._devices, None
            if (archive := self._initramfs()) is not None:
                (initramfs,) = owned(memory_file(len(archive)))
                os.pwrite(initramfs, archive, 0)
                devices = replace(devices, initrd=f"/dev/fd/{initramfs}")
            (ram,) = owned(memory_file(self._memory << 20))
            self._ram = mmap.mmap(ram, self._memory << 20)
            # Pipes: QEMU writes the console byte by byte, which costs four times as much on a socket.
            read_console, write_console = owned(*os.pipe())
            read_errors, write_errors = owned(*os.pipe())
            stdin, typed = os.pipe()
            owned(stdin)
            self._input = FileIO(typed, "w")
            kernel, words = self._boots()
            command = qemu.command_line(
                self._qemu,
                kernel,
                machine=self.machine or "",
                accelerator=self.accelerator or "",
                memory=self._memory,
                words=words,
                inherited=qemu.Descriptors(monitor, ram, debugger, wire, reports, hvc),
                devices=devices,
                cpu_without=self._cpu_without,
            )
            keeper = Keeper(
                command,
                console=self.console,
                read_console=read_console,
                deadline=self.deadline,
                memory=(self._memory << 20) + _QEMU_ADDRESSES + (_DISK_ADDRESSES if devices.disks else 0),
                stdin=stdin,
                stdout=write_console,
                stderr=write_errors,
                pass_fds=[fd for fd in (monitor, ram, debugger, wire, reports, hvc, initramfs) if fd is not None],
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
            return
        try:
            self._tell("cont")
        except MachineError:
            # It may end before QEMU has answered.
            if not self._live_keeper().ended.wait(PATIENCE):
                raise

    def _serve_debugger(self, socket: Path) -> None:
        """Have QEMU's gdb stub listen on a Unix socket of that name."""
        address = {"type": "unix", "data": {"path": str(socket)}}
        backend = {"type": "socket", "data": {"addr": address, "server": True, "wait": False}}
        self._tell("chardev-add", id="gdb", backend=backend)
        # The stub has one channel: this one in place of ours, if it stopped the guest.
        self._at_breakpoint = False
        self._tell("human-monitor-command", **{"command-line": "gdbserver chardev:gdb"})

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

    def registers(self) -> registers.Registers:
        """The processor's registers now."""
        text = self._tell("human-monitor-command", **{"command-line": "info registers"})
        return registers.parse_info_registers(text)

    def host_port(self, guest: int, protocol: str = "tcp") -> int:
        """This host's port, on 127.0.0.1, that leads to the guest's."""
        forwards = self._devices.network.forwards if isinstance(self._devices.network, UserNetwork) else ()
        for forward in forwards:
            if (forward.guest, forward.protocol) == (guest, protocol):
                return forward.host or self._chosen_port(guest, protocol)
        return super().host_port(guest, protocol)

    def _chosen_port(self, guest: int, protocol: str) -> int:
        usernet = self._tell("human-monitor-command", **{"command-line": "info usernet"})
        return ports(usernet)[protocol, guest]

    @property
    def wire(self) -> Wire:
        """The other end of the network card's cable, with ``network=RawNetwork()``."""
        return super().wire if self._wire is None else self._wire

    @property
    def second_console(self) -> socket.socket:
        """The other end of the virtio console, with ``second_console=True``."""
        return super().second_console if self._second_console is None else self._second_console

    def _release(self) -> None:
        if self._ram is not None:
            self._ram.close()
        if self._monitor is not None:
            self._monitor.close()
        if self._debugger is not None:
            self._debugger.close()
        if self._wire is not None:
            self._wire.close()
        if self._reports is not None:
            self._reports.close()
        if self._second_console is not None:
            self._second_console.close()
        self._end_input()


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
