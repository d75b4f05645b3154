"""Which QEMU, and how it is told what machine to be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from unilab.errors import QemuMissing
from unilab.machines.devices import Devices

#: The oldest whose microvm takes memory from a backend and boots PVH images; 7.2 is what the tests run.
MINIMUM = (6, 2)

#: Words for -machine, by the names the course uses.
MACHINES = {
    # Without ACPI, QEMU lists its virtio devices on the command line; the timer and clock are asked for by name.
    "microvm": "microvm,acpi=off,rtc=on,pit=on,pic=on",
    "q35": "q35",
    "pc": "pc",
}

#: A small translation buffer: these guests are small, and the default reserves a gigabyte of addresses.
_ACCELERATORS = {"kvm": "kvm", "tcg": "tcg,tb-size=32"}
#: A Linux is not small.
_LINUX_ACCELERATORS = {"kvm": "kvm", "tcg": "tcg,tb-size=128"}
_NO_DEVICES = Devices()


@dataclass(frozen=True, slots=True)
class Qemu:
    """An installed QEMU."""

    path: str
    version: tuple[int, ...]


def find() -> Qemu:
    """The QEMU to use: ``$UNILAB_QEMU``, or ``qemu-system-x86_64`` from PATH.

    Raises:
        QemuMissing: There is none, it does not run, or it is too old.
    """
    name = os.environ.get("UNILAB_QEMU", "qemu-system-x86_64")
    path = shutil.which(name)
    if path is None:
        raise QemuMissing(f"QEMU is missing: there is no {name} in PATH", remedy="./course doctor names the command")
    version = _version(path, Path(path).stat().st_mtime_ns)
    if version < MINIMUM:
        raise QemuMissing(
            f"{path} is version {_dotted(version)}, and the course needs {_dotted(MINIMUM)} or newer",
            remedy="install a newer QEMU, or set UNILAB_QEMU to one",
        )
    return Qemu(path, version)


@cache
def _version(path: str, changed: int) -> tuple[int, ...]:
    """The version of the file at ``path`` as it was when it ``changed``."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise QemuMissing(f"{path} cannot be run: {error}", command=[path, "--version"]) from error
    found = re.search(r"version (\d+)\.(\d+)(?:\.(\d+))?", said)
    if found is None:
        raise QemuMissing(f"{path} does not say its version; it says {said[:200]!r}", command=[path, "--version"])
    return tuple(int(part) for part in found.groups("0"))


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What QEMU inherits instead of opening: nothing to race for, and nothing left behind.

    Attributes:
        monitor: One end of a socket pair, for QMP.
        ram: A file in memory of the guest's RAM size.
        debugger: One end of a socket pair for the gdb stub; None for no stub.
        wire: One end of a socket pair that carries the network card's frames; None for no such card.
        reports: One end of a socket pair for a second serial line; None for no such line.
        hvc: One end of a socket pair for a virtio console; None for no such console.
        log: A file for what comes out of a second serial line that nobody need read meanwhile; None for no such line.
    """

    monitor: int
    ram: int
    debugger: int | None = None
    wire: int | None = None
    reports: int | None = None
    hvc: int | None = None
    log: int | None = None


def command_line(
    qemu: Qemu,
    kernel: Path,
    *,
    machine: str,
    accelerator: str,
    memory: int,
    words: str,
    inherited: Descriptors,
    devices: Devices = _NO_DEVICES,
    cpu_without: Sequence[str] = (),
    cpu_with: Sequence[str] = (),
    machine_options: str = "",
    large: bool = False,
    module: str | None = None,
) -> list[str]:
    """The whole host command.

    Args:
        qemu: Which QEMU.
        kernel: A PVH image.
        machine: A key of MACHINES.
        accelerator: ``tcg`` or ``kvm``.
        memory: MiB of RAM.
        words: The guest's command line.
        inherited: Descriptors.
        devices: What else the machine has.
        cpu_without: Features that the processor does not have, by QEMU's names for them.
        cpu_with: Features that it has, where it otherwise would not: ``la57``.
        machine_options: More words for -machine, each after a comma; they overrule those of MACHINES.
        large: The guest is a whole operating system.
        module: For a kernel that is a hypervisor: the file of its first domain, and behind a space that one's command
            line.
    """
    lacks = "".join(f",{feature}=off" for feature in cpu_without) + "".join(f",{feature}=on" for feature in cpu_with)
    command = [
        qemu.path,
        "-machine",
        f"{MACHINES[machine]},memory-backend=ram{machine_options}",
        "-object",
        f"memory-backend-file,id=ram,size={memory}M,share=on,mem-path=/dev/fd/{inherited.ram}",
        "-m",
        f"{memory}M",
        *["-accel", (_LINUX_ACCELERATORS if large else _ACCELERATORS)[accelerator]],
        # Five-level paging off, unless it is asked for: one picture fits every machine of the course.
        *["-cpu", ("host" if accelerator == "kvm" else "max,la57=off") + lacks],
        *["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
        # The console is QEMU's own standard input and output.
        *["-chardev", "stdio,id=serial,signal=off", "-serial", "chardev:serial"],
        *_channel("monitor", inherited.monitor),
        *["-mon", "chardev=monitor,mode=control"],
        *(_channel("reports", inherited.reports) if inherited.reports is not None else []),
        *(_second_serial_line(machine) if inherited.reports is not None else []),
        *(["-serial", f"file:/dev/fd/{inherited.log}"] if inherited.log is not None else []),
        *["-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
        *devices.words(machine, accelerator, inherited.wire, inherited.hvc),
        *["-kernel", str(kernel), "-append", words],
        # QEMU takes a comma for the end of a module, and two for one.
        *(["-initrd", module.replace(",", ",,")] if module is not None else []),
    ]
    if inherited.debugger is not None:
        # -S: the guest waits for its debugger before the first instruction.
        command += [*_channel("debugger", inherited.debugger), "-gdb", "chardev:debugger", "-S"]
    return command


def _second_serial_line(machine: str) -> list[str]:
    """microvm makes one line by itself and ignores further -serial words."""
    if machine == "microvm":
        return ["-device", "isa-serial,chardev=reports,iobase=0x2f8,irq=3"]
    return ["-serial", "chardev:reports"]


def _channel(name: str, fd: int) -> list[str]:
    return ["-chardev", f"socket,id={name},fd={fd}"]
