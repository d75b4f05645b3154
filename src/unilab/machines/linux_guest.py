"""The program in a traditional guest: a whole Linux on a virtual machine, and the program one of its processes."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from unilab.errors import CourseError, StartFailed, Unavailable
from unilab.machines.console import Console
from unilab.machines.devices import Devices
from unilab.machines.keeper import Keeper
from unilab.machines.result import End, Outcome
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces.model import AddressSpace
from unilab.toolchain import Image, build, cpio, linux

#: Nothing of the kernel's own goes to the program's console; a panic ends the machine, and goes to the other line.
_KERNEL_WORDS = "console=ttyS1 quiet panic=-1 rdinit=/init"
#: What QEMU's user network gives out by DHCP, so that the guest need not ask.
_ADDRESS = "10.0.2.15 255.255.255.0 10.0.2.2\n"
#: MiB below which the kernel does not boot with its drivers.
_LEAST_MEMORY = 96
#: What its first process looks for.
_OWN_FILES = {"init", "program", "modules", "etc/argv", "etc/environ", "etc/modules", "etc/network"}
_CONTROL_D = "\x04"
_STATUS_OF_SIGNAL = 128
#: More than the guest's whole report, and the lines of a kernel's panic.
_REPORT_BYTES = 1 << 18


class LinuxGuest(VirtualMachine):
    """A Linux under QEMU whose first process starts the program, and switches the machine off when that has ended.

    Args:
        image: Built for ``linux``.
        args: Arguments after the program's name.
        env: Its whole environment.
        machine: ``q35`` or ``pc``.
        accelerator: ``tcg`` or ``kvm``.
        memory: MiB of RAM.
        deadline: Seconds.
        stop_at: None: where the program's functions are, only its own process knows.
        devices: What the machine has beside processor, memory and console.
        cpu_without: Features that the processor does not have.
    """

    architecture = "linux"

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
    ) -> None:
        if stop_at is not None:
            raise CourseError("a program in a Linux guest cannot be stopped at a function")
        if machine == "microvm":
            raise CourseError("Linux finds no devices on microvm", remedy="run it with machine='q35' or 'pc'")
        if devices.initrd is not None or devices.disks:
            raise CourseError("a Linux guest has neither disks nor an initrd of yours")
        for name in devices.files:
            if name in _OWN_FILES or name.startswith("modules/"):
                raise CourseError(f"a Linux guest has an {name} of its own", remedy="give your file another name")
        if memory < _LEAST_MEMORY:
            raise CourseError(
                f"{memory} MiB of memory are too little for Linux", remedy=f"give it {_LEAST_MEMORY} MiB or more"
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
        )
        self._kernel = linux.kernel()
        self._args = tuple(args)
        self._env = dict(env)
        self._report = ""
        self._reading = threading.Lock()

    def _boots(self) -> tuple[Path, str]:
        return self._kernel.image, _KERNEL_WORDS

    def _wants_reports(self) -> bool:
        return True

    def _initramfs(self) -> bytes:
        names = ["virtio_pci", *(["virtio_net"] if self._devices.network else [])]
        names += ["virtio_rng"] if self._devices.entropy else []
        drivers = self._kernel.drivers(*names)
        own = {
            "init": first_process().path.read_bytes(),
            "program": self.image.path.read_bytes(),
            "etc/argv": _words([self.image.program.stem, *self._args]),
            "etc/environ": _words([f"{name}={value}" for name, value in self._env.items()]),
            "etc/modules": "".join(f"/modules/{path.name}\n" for path in drivers).encode(),
            "etc/network": (_ADDRESS if self._devices.network else "").encode(),
            **{f"modules/{path.name}": path.read_bytes() for path in drivers},
        }
        return cpio.archive({**self._devices.files, **own}, executable=("init", "program"))

    def _outcome(self, keeper: Keeper) -> Outcome:
        lines = self._reported().splitlines()
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

    def _reported(self, *, until: str = "") -> str:
        """What has come over the second serial line so far; waits for a word, or for QEMU's end."""
        with self._reading:
            if self._reports is None:
                return self._report
            self._reports.setblocking(bool(until))
            with contextlib.suppress(OSError):
                while until not in self._report or not until:
                    data = self._reports.recv(_REPORT_BYTES)
                    if not data:
                        break
                    self._report += data.decode(errors="replace")
            return self._report

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
        # Linux drops what is typed before its driver opens the line.
        self._reported(until="started")
        self._type(data)

    def _read_space(self) -> AddressSpace:
        raise Unavailable("the address spaces of a Linux guest cannot be read yet", remedy="look at its registers()")

    def _release(self) -> None:
        self._reported()
        super()._release()


def first_process() -> Image:
    """The program that is a Linux guest's process 1."""
    return build(Path(__file__).parent / "guest" / "init.c", "process")


def _words(words: Sequence[str]) -> bytes:
    return b"".join(word.encode() + b"\0" for word in words)
