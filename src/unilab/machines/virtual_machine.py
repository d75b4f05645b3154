"""Guests under QEMU: what they have in common, whatever kernel they boot."""

from __future__ import annotations

import contextlib
import mmap
import os
import socket
import tempfile
import weakref
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from io import FileIO
from pathlib import Path

from unilab.errors import Unavailable
from unilab.machines import qemu
from unilab.machines.console import Console
from unilab.machines.debugged_guest import DebuggedGuest
from unilab.machines.devices import Devices
from unilab.machines.gdbstub import DebugStub
from unilab.machines.keeper import Keeper
from unilab.machines.lifecycle import PATIENCE
from unilab.machines.network import RawNetwork, UserNetwork, Wire, ports
from unilab.machines.qmp import Monitor
from unilab.machines.result import State
from unilab.toolchain import Image

#: Bytes QEMU itself may use beside the guest's RAM; it takes about 350 MiB of addresses.
_QEMU_ADDRESSES = 1 << 30
#: More of them for disks: QEMU serves these from up to 64 threads, each with a stack and an arena of the C library's.
_DISK_ADDRESSES = 64 * (136 << 20)
#: And for a user network, which keeps a connection that the host's side ends first for some ten seconds: 264 KiB of
#: addresses, of which it touches 9. A host can make as many to one port in that time as it has ports of its own.
_NETWORK_ADDRESSES = (61_000 - 32_768) * (272 << 10)


class VirtualMachine(DebuggedGuest):
    """A guest under QEMU.

    Args:
        image: What runs in it.
        machine: ``microvm``, ``q35`` or ``pc``.
        accelerator: ``tcg`` or ``kvm``.
        memory: MiB of RAM.
        deadline: Seconds.
        devices: What the machine has beside processor, memory and console.
        cpu_without: Features that the processor does not have.
        cpu_with: Features that it has, where it otherwise would not.
        stop_at: Address to stop at first; None to run.
    """

    controls = frozenset({"pause", "resume", "step", "reset", "registers"})

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
        cpu_with: Sequence[str] = (),
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
        self._cpu_with = tuple(cpu_with)
        self._stop_at = stop_at
        self._wire: Wire | None = None
        self._reports: socket.socket | None = None
        self._log: FileIO | None = None
        self._second_console: socket.socket | None = None

    #: More words for QEMU's -machine, and whether the guest is a whole operating system: see qemu.command_line.
    _machine_options = ""
    _large = False
    #: More words for QEMU.
    _qemu_words: tuple[str, ...] = ()

    @abstractmethod
    def _boots(self) -> tuple[Path, str]:
        """The kernel, and its command line."""

    def _initramfs(self) -> bytes | None:
        """The archive that the kernel unpacks into memory; None for the initrd of its devices, if they have one."""
        return None

    def _wants_debugger(self) -> bool:
        """Whether the guest waits for ``self._debugger`` before its first instruction."""
        return self._stop_at is not None

    def _module_words(self) -> str | None:
        """The command line of what is loaded in place of an archive, if that is a module of a hypervisor."""
        return None

    def _wants_reports(self) -> bool:
        """Whether the guest has a second serial line, whose other end is ``self._reports``."""
        return False

    def _wants_log(self) -> bool:
        """Whether the guest has a second serial line that is kept in the file ``self._log``."""
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
            if self._wants_debugger():
                ours, debugger = pair()
                self._debugger = DebugStub(ours)
            wire = None
            if isinstance(self._devices.network, RawNetwork):
                ours, wire = pair()
                self._wire = Wire(ours)
            reports = None
            if self._wants_reports():
                self._reports, reports = pair()
            log = None
            if self._wants_log():
                (log,) = owned(memory_file(0))
                self._log = FileIO(os.dup(log))
            hvc = None
            if self._devices.second_console:
                self._second_console, hvc = pair()
            devices, initramfs, module = self._devices, None, None
            if (archive := self._initramfs()) is not None:
                (initramfs,) = owned(memory_file(len(archive), "initrd"))
                os.pwrite(initramfs, archive, 0)
                if (module_words := self._module_words()) is None:
                    devices = replace(devices, initrd=f"/dev/fd/{initramfs}")
                else:
                    module = f"/dev/fd/{initramfs} {module_words}"
            (ram,) = owned(memory_file(self._memory << 20))
            self._ram = mmap.mmap(ram, self._memory << 20)
            self._ram_file = FileIO(os.dup(ram), "r")
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
                inherited=qemu.Descriptors(monitor, ram, debugger, wire, reports, hvc, log),
                devices=devices,
                cpu_without=self._cpu_without,
                cpu_with=self._cpu_with,
                machine_options=self._machine_options,
                large=self._large,
                module=module,
            )
            keeper = Keeper(
                [*command, *self._qemu_words],
                console=self.console,
                read_console=read_console,
                deadline=self.deadline,
                memory=(self._memory << 20)
                + _QEMU_ADDRESSES
                + (_DISK_ADDRESSES if devices.disks else 0)
                + (_NETWORK_ADDRESSES if isinstance(devices.network, UserNetwork) else 0),
                stdin=stdin,
                stdout=write_console,
                stderr=write_errors,
                pass_fds=[fd for fd in (monitor, ram, debugger, wire, reports, hvc, log, initramfs) if fd is not None],
                errors=read_errors,
                # Whether or not anybody calls quit().
                at_end=self._monitor.close,
                last_look=partial(_look, weakref.WeakMethod(self._last_look)),
            )
            undo.pop_all()  # they are the keeper's now, and this machine's
            return keeper

    def _last_look(self) -> None:
        """What it is doing when its deadline has passed; called on a thread of its own, without the lock."""

    def _run_to_stop(self) -> None:
        if self._stop_at is None or self._debugger is None:
            return
        # At the deadline the keeper ends QEMU, and with it this wait.
        reached = self._debugger.run_to_when(self._stop_at, self._at_stop)
        # Or it got there while the keeper took its last look at it: too late.
        if not reached or self._live_keeper().deadline_passed:
            self._live_keeper().ended.wait(PATIENCE)
            self.wait()
            raise self._error("the guest ended before it reached the place to stop at")
        self._at_breakpoint = True
        self._state = State.PAUSED

    def _at_stop(self) -> bool:
        """Whether the processor, at the address to stop at, is where that means the program's function."""
        return True

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

    def host_port(self, guest: int, protocol: str = "tcp") -> int:
        """This host's port, on 127.0.0.1, that leads to the guest's."""
        forwards = self._devices.network.forwards if isinstance(self._devices.network, UserNetwork) else ()
        for forward in forwards:
            if (forward.guest, forward.protocol) == (guest, protocol):
                return forward.host or self._chosen_port(guest, protocol)
        return super().host_port(guest, protocol)

    def _chosen_port(self, guest: int, protocol: str) -> int:
        return ports(self.monitor_text("info usernet"))[protocol, guest]

    def guest_processor_seconds(self) -> float:
        """Processor time that this host has given so far to the threads of QEMU that execute the guest.

        What QEMU's other threads do for it, such as its network, is not in that.

        Raises:
            MachineError: It has ended.
            Unavailable: This host's kernel does not count it (CONFIG_SCHED_INFO).

        Source:
            Linux's Documentation/scheduler/sched-stats.rst: the first number of schedstat, in nanoseconds.
        """
        threads = [each["thread-id"] for each in self._tell("query-cpus-fast")]
        try:
            counted = [Path(f"/proc/{self.pid}/task/{thread}/schedstat").read_text() for thread in threads]
        except OSError as error:
            raise Unavailable(f"this host does not count the processor time of a thread: {error}") from error
        return sum(int(text.split()[0]) for text in counted) / 1e9

    @property
    def complaints(self) -> str:
        """What QEMU has said on its standard error so far; empty for nothing.

        Raises:
            MachineError: It has not been started.
        """
        return self._live_keeper().complaints

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
        if self._ram_file is not None:
            self._ram_file.close()
        if self._monitor is not None:
            self._monitor.close()
        if self._debugger is not None:
            self._debugger.close()
        if self._wire is not None:
            self._wire.close()
        if self._reports is not None:
            self._reports.close()
        if self._log is not None:
            self._log.close()
        if self._second_console is not None:
            self._second_console.close()
        self._end_input()


def _look(last: weakref.WeakMethod[Callable[[], None]]) -> None:
    """The keeper's thread refers to the machine only weakly: one that everybody else has forgotten is to end."""
    look = last()
    if look is not None:
        look()


def memory_file(size: int, name: str = "guest-ram") -> int:
    """A descriptor of a file of ``size`` bytes that no folder has, in memory where the system has such files.

    Args:
        size: Bytes.
        name: What /proc/PID/maps calls it.

    Raises:
        OSError: The host refuses a file of that size.
    """
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create(name)
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    try:
        os.ftruncate(fd, size)
    except OSError:
        os.close(fd)
        raise
    return fd
