"""The program in a traditional guest: a whole Linux on a virtual machine, and the program one of its processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from unilab.errors import CourseError, GuestHangs, MachineError, StartFailed, Unavailable
from unilab.machines import linux_spaces, tsc
from unilab.machines.console import Console
from unilab.machines.devices import Devices
from unilab.machines.gdbstub import DebugStub
from unilab.machines.keeper import Keeper
from unilab.machines.lifecycle import PATIENCE
from unilab.machines.machine import EXIT
from unilab.machines.reports import Patience, Reports, Silence
from unilab.machines.result import End, Outcome, State
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces import labels, marks
from unilab.spaces.linux import LinuxKernel, Task
from unilab.spaces.model import AddressSpace
from unilab.toolchain import Image, build, cpio, linux
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import symbols_of

#: Nothing of the kernel's own goes to the program's console; a panic ends the machine, and goes to the other line.
_KERNEL_WORDS = "console=ttyS1 quiet panic=-1 rdinit=/init"
#: What QEMU's user network gives out by DHCP, so that the guest need not ask.
_ADDRESS = "10.0.2.15 255.255.255.0 10.0.2.2\n"
_NET_FORM = "NET is address/bits,gateway, such as 10.0.0.2/24,10.0.0.1"
#: What its first process looks for.
_OWN_FILES = {"init", "etc/argv", "etc/environ", "etc/modules", "etc/network", "etc/program", "etc/wait"}
_OWN_FOLDERS = ("modules/", "bin/", "lib/", "usr/bin/")
_CONTROL_D = "\x04"
_STATUS_OF_SIGNAL = 128
_USER_LEVEL = 3
#: A boot takes 2 to 3 seconds of processor time under TCG.
BOOT_PATIENCE = Patience(cpu=25, wall=120)
#: Not every busybox finds its own commands without links to it.
_FIRST_LINKS = "[ -e /bin/ls ] || /bin/busybox --install -s /bin;"
#: A shell's command may be long at work.
_COMMAND_PATIENCE = Patience(cpu=60, wall=120)


class LinuxGuest(VirtualMachine):
    """A Linux under QEMU whose first process starts the program, and switches the machine off when that has ended.

    Args:
        image: Built for ``linux``.
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
        kernel_options: Words for the kernel's command line, such as ``pti=on``.
    """

    architecture = "linux"
    _place_in_words = ""
    _large = True
    #: MiB below which the kernel does not boot with its drivers.
    _least_memory = 96

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
        kernel_options: Sequence[str] = (),
    ) -> None:
        if devices.initrd is not None:
            raise CourseError("a Linux guest has an initrd of its own", remedy="give it files in place of an initrd")
        for name in devices.files:
            if name in _OWN_FILES or name.startswith(_OWN_FOLDERS):
                raise CourseError(f"a Linux guest has an {name} of its own", remedy="give your file another name")
        for word in kernel_options:
            if not word.isprintable() or not word or " " in word or '"' in word:
                raise CourseError(f"{word!r} is no word for the kernel's command line", remedy="give one word each")
        self._network = _network(env.get("NET")) if devices.network else ""
        if memory < self._least_memory:
            raise CourseError(
                f"{memory} MiB of memory are too little for Linux", remedy=f"give it {self._least_memory} MiB or more"
            )
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
        )
        self._kernel = linux.kernel()
        #: What the guest's first process starts, if that is not the program itself.
        self._starts = image
        self._shell = linux.shell()
        self._args = tuple(args)
        self._env = dict(env)
        self._kernel_options = tuple(kernel_options)
        self._place = stop_at
        self._stop_address = symbols_of(image.debug).address(stop_at) if stop_at not in (None, EXIT) else None
        self._said: Reports | None = None
        self._in_memory: LinuxKernel | None = None
        self._name = _kernel_name(image)
        self._counter_rate = tsc.rate()
        if machine == "microvm":
            if self._counter_rate is not None:
                # Debian's kernel learns of virtio devices from ACPI alone. Its hang with ACPI is the counter's matter.
                self._machine_options = ",acpi=on"
            elif devices.virtio:
                raise Unavailable(
                    "Linux finds no devices on microvm here: that takes ACPI, and with it Linux needs a time-stamp "
                    "counter whose rate this host does not tell",
                    remedy="run it with machine='q35'",
                )

    def _boots(self) -> tuple[Path, str]:
        words = [_KERNEL_WORDS]
        if self._counter_rate is not None:
            # Reliable: it is the host's. On a busy host Linux would find that it runs unlike the timer's ticks, which
            # come late there, and would trust these instead.
            words.append(f"tsc_early_khz={self._counter_rate} tsc=reliable")
        return self._kernel.image, " ".join([*words, *self._kernel_options])

    def _wants_reports(self) -> bool:
        return True

    def _wants_debugger(self) -> bool:
        return self._place is not None

    def _initramfs(self) -> bytes:
        names = ["virtio_mmio" if self.machine == "microvm" else "virtio_pci"] if self._devices.virtio else []
        names += ["virtio_blk"] if self._devices.disks else []
        names += ["virtio_net"] if self._devices.network else []
        names += ["virtio_rng"] if self._devices.entropy else []
        names += ["virtio_console"] if self._devices.second_console else []
        drivers = self._kernel.drivers(*names)
        program = f"usr/bin/{_kernel_name(self._starts)}"
        own = {
            "init": first_process().path.read_bytes(),
            program: self._starts.path.read_bytes(),
            "etc/program": f"/{program}".encode(),
            "etc/argv": _words([self._starts.program.stem, *self._args]),
            "etc/environ": _words([f"{name}={value}" for name, value in self._env.items()]),
            "etc/modules": "".join(f"/modules/{path.name}\n" for path in drivers).encode(),
            "etc/network": self._network.encode(),
            **{f"modules/{path.name}": path.read_bytes() for path in drivers},
        }
        if self._place is not None:
            own["etc/wait"] = b""
        return cpio.archive({**self._devices.files, **own, **self._shell}, executable={"init", program, *self._shell})

    @property
    def shipped_bytes(self) -> int:
        """Bytes of what it boots from: the kernel, and the archive with first process, drivers and program."""
        return self._boots()[0].stat().st_size + len(self._initramfs())

    def _make_keeper(self) -> Keeper:
        keeper = super()._make_keeper()
        assert self._reports is not None
        self._said = Reports(self._reports, lambda: keeper.cpu_seconds)
        return keeper

    def _run_to_stop(self) -> None:
        if self._place is None or self._debugger is None:
            self._hear("started")
            return
        self._debugger.go()
        if self._hear("ready") and self._debugger.stop() and self._run_to_place(self._place, self._debugger):
            self._at_breakpoint = True
            self._state = State.PAUSED
            return
        # At the deadline the keeper ends QEMU, and with it these waits.
        self._live_keeper().ended.wait(PATIENCE)
        self.wait()
        raise self._error("the program ended before it reached the place to stop at")

    def _run_to_place(self, place: str, debugger: DebugStub) -> bool:
        kernel = self._linux()
        assert self._said is not None
        self._said.go()
        if place == EXIT:
            return debugger.run_to_when(
                kernel.symbol("do_exit"), lambda: kernel.is_program(self._name, ends=True, parent=self._is_parent)
            )
        assert self._stop_address is not None
        return debugger.run_to_when(
            self._stop_address,
            lambda: (
                self.registers().privilege_level == _USER_LEVEL
                and kernel.is_program(self._name, parent=self._is_parent)
            ),
        )

    def _hear(self, word: str) -> str | None:
        """Wait for a line that begins so; None if there comes none any more."""
        assert self._said is not None
        try:
            line = self._said.wait_for(word, "failed", patience=BOOT_PATIENCE)
        except Silence:
            raise self._hangs() from None
        return line if line is not None and line.startswith(word) else None

    def _hangs(self) -> MachineError:
        said = "\n".join(self._said.lines()[-10:]) if self._said else ""
        return self._error(
            f"Linux hangs while it boots, and was ended. {said or 'It said nothing.'}",
            kind=GuestHangs,
            remedy="run it again; if it hangs again, with machine='q35'",
        )

    def _outcome(self, keeper: Keeper) -> Outcome:
        lines = self._said.lines() if self._said is not None else []
        for line in reversed(lines):
            word, _, rest = line.partition(" ")
            if word == "ended":
                status = int(rest)
                return Outcome(End.SIGNAL if status > _STATUS_OF_SIGNAL else End.EXIT, status)
            if word == "failed":
                raise self._error(f"the guest's first process failed: {rest}", kind=StartFailed)
        code, said = keeper.exit_code or 0, keeper.complaints
        if code < 0:
            raise self._error(f"QEMU was ended by {signal.Signals(-code).name}. {said}".rstrip())
        if lines:
            raise self._error("Linux ended without a word of its first process:\n" + "\n".join(lines[-10:]))
        raise self._error(f"QEMU ended by itself. {said or 'It said nothing.'}", kind=StartFailed)

    def reset(self) -> None:
        """Not for Linux guests: what the first one reported would be mixed with what the second does."""
        raise self._error("a Linux guest cannot be reset", remedy="quit it and start another")

    def send(self, text: str) -> None:
        """Type on the serial console."""
        if _CONTROL_D in text:
            raise CourseError("control-D cannot be typed as text: it ends the input", remedy="use send_eof()")
        self._type_when_started(text.encode())

    def send_eof(self) -> None:
        """Type control-D twice: once ends an unfinished line, once on an empty line ends the input."""
        self._type_when_started(_CONTROL_D.encode() * 2)

    def _type_when_started(self, data: bytes) -> None:
        # Linux drops what is typed before its driver opens the line; start() has waited for that.
        self._type(data)

    def file(self, path: str) -> bytes:
        """A file's contents, as the guest's first process reads it: ``/proc/1/maps``. The machine has to be running.

        Raises:
            MachineError: It has no such file, is paused, or has ended.
        """
        return self._ask(f"cat {path}")

    def shell(self, command: str) -> str:
        """What a command of the guest's shell prints. The machine has to be running.

        Raises:
            Unavailable: The guest has no shell, because there was no busybox to be had.
            MachineError: It is paused, or has ended.
        """
        if not self._shell:
            raise Unavailable("the guest has no shell", remedy="connect this host to the network once, with apt-get")
        return self._ask(f"sh {_FIRST_LINKS} {command}").decode(errors="replace")

    def _ask(self, request: str) -> bytes:
        self._must_live()
        if self._said is None or self.state is not State.RUNNING:
            raise self._error("the guest is paused, so nobody in it answers", remedy="resume it first")
        try:
            return self._said.ask(request, patience=_COMMAND_PATIENCE)
        except Silence:
            raise self._error("the guest does not answer") from None
        except MachineError as error:
            raise self._error(error.message) from error

    def kernel(self) -> LinuxKernel:
        """The kernel in its memory: its symbols, types and tasks. A running machine should be paused to look at these.

        Raises:
            LayoutError: It is still booting.
            MachineError: The machine has ended.
        """
        with self._lock:
            self._must_live()
            return self._linux()

    def _linux(self) -> LinuxKernel:
        if self._in_memory is None:
            ram, extents = self._ram_and_extents()
            self._in_memory = LinuxKernel(ram, extents, self.memory)
        return self._in_memory

    def _read_space(self) -> AddressSpace:
        return next(self._spaces())

    def _spaces(self) -> Iterator[AddressSpace]:
        called = f"{self.image.program.stem} in a {self._place_in_words}Linux guest"
        kernel = self._linux()
        spaces = linux_spaces.read(
            self, kernel, self._name, self._image_labels, called=called, is_parent=self._is_parent
        )
        of_program = symbols_of(self.image.debug).names()
        of_kernel = {symbol.name: symbol.address for symbol in kernel.symbols}
        yield replace(next(spaces), marks=marks.of_names(of_kernel | of_program))
        yield from spaces

    def _is_parent(self, task: Task) -> bool:
        """Whether the program is a child of this one."""
        return task.pid == 1

    @cached_property
    def _image_labels(self) -> list[labels.Label]:
        return labels.of_image(symbols_of(self.image.debug), LinkMap.read(self.image.map))

    def address_spaces(self) -> tuple[AddressSpace, ...]:
        """The program's, then those of all other processes, then the kernel's own.

        Where the kernel isolates page tables (``kernel_options=["pti=on"]``), each process has two: the second is in
        use while its own code runs.
        """
        return self._while_still(lambda: tuple(self._spaces()))

    def _release(self) -> None:
        if self._said is not None:
            self._said.close()
        super()._release()


def first_process() -> Image:
    """The program that is a Linux guest's process 1."""
    return build(Path(__file__).parent / "guest" / "init.c", "process")


def _words(words: Sequence[str]) -> bytes:
    return b"".join(word.encode() + b"\0" for word in words)


def _kernel_name(image: Image) -> str:
    """What the kernel calls a process of it; "init" is taken."""
    return "program" if image.program.stem == "init" else image.program.stem


def _network(chosen: str | None) -> str:
    """What the first process is told of the card: address, mask, gateway.

    Args:
        chosen: ``NET`` of the program's environment, as the library OS reads it; None for what QEMU's network gives.
    """
    if chosen is None:
        return _ADDRESS
    words = chosen.split(",")
    try:
        own, gateway = IPv4Interface(words[0]), IPv4Address(words[1])
    except (ValueError, IndexError) as error:
        raise CourseError(f"NET={chosen} is no address of a network", remedy=_NET_FORM) from error
    return f"{own.ip} {own.netmask} {gateway}\n"
