"""The program as a unikernel: the only thing on a virtual machine."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from unilab.errors import CourseError, StartFailed
from unilab.machines.console import Console
from unilab.machines.crash import Crash, of_panic, of_reset
from unilab.machines.debugger import Rendezvous
from unilab.machines.devices import Devices
from unilab.machines.keeper import Keeper
from unilab.machines.libos_threads import thread_pointers
from unilab.machines.machine import EXIT
from unilab.machines.result import End, Outcome
from unilab.machines.segments import memory_end
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces import guest, marks, thread_stacks
from unilab.spaces.model import AddressSpace
from unilab.spaces.registers import parse_info_registers
from unilab.toolchain import Image
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import SymbolTable, symbols_of

#: libos/include/machine.h: what libos_exit_status holds above the program's status, once it has ended.
ENDINGS = {0x100: End.EXIT, 0x300: End.PANIC, 0x500: End.SIGNAL}
#: The exit status of a guest that reset the processor.
RESET_STATUS = 255
#: ``stop_at`` for the moment when the loader is done.
FIRST_INSTRUCTION = "libos_pvh_start"
#: Where a program that is about to end passes, whatever it is.
EXIT_FUNCTION = "libos_sys_exit_group"
#: What a guest needs beside its image: page tables and the first stack pages.
_LEAST_FREE = 64 * 1024
#: QEMU loads an initrd page by page, below what it keeps at the end of RAM for firmware tables.
_INITRD_MARGIN = 256 * 1024
_CONTROL_D = b"\x04"
#: How QEMU says that somebody asked it to end.
_QEMU_TERMINATED = "terminating on signal"
#: How QEMU says that gdb has killed it.
_ENDED_BY_GDB = "Terminated via GDBstub"


class Unikernel(VirtualMachine):
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
        devices: What the machine has beside processor, memory and console.
        cpu_without: Features that the processor does not have.
        cpu_with: Features that it has, where it otherwise would not.
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
        devices: Devices,
        cpu_without: Sequence[str] = (),
        cpu_with: Sequence[str] = (),
    ) -> None:
        self._symbols = symbols_of(image.debug)
        address = None if stop_at is None else self._symbols.address(EXIT_FUNCTION if stop_at == EXIT else stop_at)
        super().__init__(
            image,
            console,
            machine=machine,
            accelerator=accelerator,
            memory=memory,
            deadline=deadline,
            devices=devices,
            cpu_without=cpu_without,
            cpu_with=cpu_with,
            stop_at=address,
        )
        self._words = guest_words([image.program.stem, *args], env)
        least = least_memory(image, devices.initrd_size)
        if memory < least:
            with_it = " with its initrd" if devices.initrd_size else ""
            raise CourseError(
                f"{memory} MiB of memory are too little for {image.path.name}{with_it}: images are loaded at 1 MiB, "
                f"and this one needs {least} MiB",
                remedy=f"give it memory of {least} MiB or more",
            )
        self._reported: int | None = None
        bare = replace(devices, disks=(), network=None, second_console=False)
        self._again = partial(
            Unikernel,
            image,
            args=args,
            env=env,
            machine=machine,
            accelerator="tcg",
            memory=memory,
            deadline=deadline,
            stop_at=None,
            devices=bare,
            cpu_without=cpu_without,
            cpu_with=cpu_with,
        )
        self._rendezvous: Rendezvous | None = None

    def _boots(self) -> tuple[Path, str]:
        return self.image.path, self._words

    def _initramfs(self) -> bytes | None:
        return self._devices.archive()

    def _outcome(self, keeper: Keeper) -> Outcome:
        reported = self._exit_report()
        if reported is not None:
            if ENDINGS[reported & ~0xFF] is End.PANIC and self.crash is None:
                self.crash = of_panic(self.image, self.console.text, self.memory)
            return Outcome(ENDINGS[reported & ~0xFF], reported & 0xFF)
        code, said = keeper.exit_code or 0, keeper.complaints
        if _ENDED_BY_GDB in said:
            raise self._error("it was ended from gdb", remedy="to leave it alive, type detach in gdb before kill")
        if code == 0 and _QEMU_TERMINATED not in said:
            if self.crash is None:
                self.crash = of_reset(self, self._repeated)
            return Outcome(End.RESET, RESET_STATUS)
        remedy = "run it with the accelerator tcg" if self.accelerator == "kvm" else None
        if code <= 0:
            by = f" by {signal.Signals(-code).name}" if code else ""
            raise self._error(f"QEMU was ended{by}. {said}".rstrip(), remedy=remedy)
        raise self._error(f"QEMU ended by itself. {said or 'It said nothing.'}", kind=StartFailed, remedy=remedy)

    def _last_look(self) -> None:
        monitor = self._monitor
        # It may end at this very moment, or not answer; then nobody knows.
        with contextlib.suppress(CourseError):
            if monitor is not None:
                now = parse_info_registers(monitor.hmp("info registers"))
                self.crash = Crash(self.image, self.console.text, stuck=now)

    def _repeated(self, console: Console, words: tuple[str, ...]) -> Unikernel:
        """A machine that boots the same again, without disks and network, which are in use or have changed."""
        machine = self._again(console)
        machine._qemu_words = words
        return machine

    def _exit_report(self) -> int | None:
        """What the guest left in libos_exit_status; None if it did not end by itself."""
        address = self._symbols.names().get("libos_exit_status")
        if address is not None and self._ram is not None and not self._ram.closed:
            value = int.from_bytes(self.memory(address, 4), "little")
            self._reported = value if value & ~0xFF in ENDINGS else None
        return self._reported

    def send(self, text: str) -> None:
        """Type on the serial console."""
        data = text.encode()
        if _CONTROL_D in data:
            raise CourseError("control-D cannot be typed as text: it ends the input", remedy="use send_eof()")
        self._type(data)

    def send_eof(self) -> None:
        """Type control-D twice: once ends an unfinished line, once on an empty line ends the input."""
        self._type(_CONTROL_D * 2)

    @property
    def symbols(self) -> SymbolTable:
        """The names in its image."""
        return self._symbols

    def place(self, address: int) -> str:
        """Function, source file and line."""
        found = self._symbols.locate(address)
        return str(found) if found is not None else ""

    def gdb(self) -> Rendezvous:
        """From the machine's own folder, which goes with it."""
        with self._lock:
            self._must_live()
            if self._rendezvous is None:
                meeting = Rendezvous(self.image)
                try:
                    self._serve_debugger(meeting.socket)
                except BaseException:
                    meeting.close()
                    raise
                self._rendezvous = meeting
            return self._rendezvous

    def _read_space(self) -> AddressSpace:
        """From the page tables, walked from CR3 in the guest's RAM."""
        space = guest.unikernel(
            self.registers(),
            self.memory,
            self._symbols,
            LinkMap.read(self.image.map),
            name=f"{self.image.program.stem} as a unikernel",
            origin=f"QEMU {self.machine}, {self.accelerator}, page tables from CR3, {_now()}",
        )
        threads = thread_pointers(self._symbols, self.registers(), self.memory)
        regions = thread_stacks.named(space.regions, threads)
        return replace(space, regions=regions, marks=marks.of_names(self._symbols.names()))

    def _release(self) -> None:
        if self._keeper is not None and self._keeper.ended.is_set():
            self._exit_report()  # kept: it is in the memory that goes now
        if self._rendezvous is not None:
            self._rendezvous.close()
        super()._release()


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


def least_memory(image: Image, initrd: int = 0) -> int:
    """MiB of RAM below which an image cannot boot, with an initrd of so many bytes.

    Raises:
        StartFailed: It is no image that can run.
    """
    return -(-(memory_end(image.path) + _LEAST_FREE + initrd + (_INITRD_MARGIN if initrd else 0)) // (1 << 20))


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
