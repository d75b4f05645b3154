"""What a unikernel's machine has beside processor, memory and console. Nothing, unless it is asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unilab.errors import CourseError
from unilab.machines.network import HostNetwork, Network, UserNetwork
from unilab.toolchain import cpio

#: Bytes of a sector, in which disks are counted.
SECTOR = 512
#: microvm has places for so many virtio devices.
MOST_DEVICES = 8


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk: a raw image in a file.

    Attributes:
        path: The file. What the guest writes is in it.
        read_only: The guest may only read.
    """

    path: str | Path
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Devices:
    """Devices of one machine.

    Attributes:
        initrd: A file that the loader puts into memory.
        disks: In the order in which the guest counts them.
        network: What the network card is connected to; None for no card.
        entropy: Whether there is a source of random bytes.
        second_console: Whether there is a virtio console beside the serial one.
        files: Files, by path, for the guest to find in the initrd; then there is no other.
    """

    initrd: str | Path | None = None
    disks: Sequence[str | Path | Disk] = ()
    network: Network | None = None
    entropy: bool = False
    second_console: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.initrd is not None or self.virtio > 0

    @property
    def virtio(self) -> int:
        """How many of them are virtio devices."""
        return len(self.disks) + (self.network is not None) + self.entropy + self.second_console

    def check(self) -> None:
        """See that the files can be used and the ports are free.

        Raises:
            CourseError: What cannot, and why.
        """
        if self.virtio > MOST_DEVICES:
            raise CourseError(
                f"a machine has places for {MOST_DEVICES} devices, and this one would have {self.virtio}",
                remedy="give it fewer disks",
            )
        if self.initrd is not None and self.files:
            raise CourseError(
                "files are given to a guest in an initrd, and it can have only one", remedy="leave one out"
            )
        if self.initrd is not None and not _size(Path(self.initrd), "initrd"):
            raise CourseError(f"the initrd {self.initrd} is empty", remedy="leave it out, or put something into it")
        for disk in map(_disk, self.disks):
            _check_disk(disk)
        if isinstance(self.network, HostNetwork):
            raise CourseError(
                "a guest has a machine of its own, and cannot have this host's network",
                remedy="connect its card to a UserNetwork",
            )
        if isinstance(self.network, UserNetwork):
            taken = [(f.protocol, f.host) for f in self.network.forwards if f.host]
            for forward in self.network.forwards:
                forward.check()
                if taken.count((forward.protocol, forward.host)) > 1:
                    raise CourseError(f"port {forward.host} of this host cannot lead to two ports of the guest")

    def archive(self) -> bytes | None:
        """The files as an initrd; None if there are none."""
        return cpio.archive(self.files) if self.files else None

    @property
    def initrd_size(self) -> int:
        """Bytes that the initrd takes of the guest's memory."""
        if self.files:
            return len(self.archive() or b"")
        return 0 if self.initrd is None else Path(self.initrd).stat().st_size

    def words(self, machine: str, accelerator: str, wire: int | None, hvc: int | None) -> list[str]:
        """Words of QEMU's command line.

        Args:
            machine: Its machine type, which decides how devices are found: by address, or on the PCI bus.
            accelerator: ``tcg`` or ``kvm``.
            wire: The descriptor of a raw network's cable.
            hvc: The descriptor of the second console's other end.
        """
        words = [] if self.initrd is None else ["-initrd", _absolute(self.initrd)]
        if self.virtio and machine == "microvm":
            words += ["-global", "virtio-mmio.force-legacy=off"]
        # virtio 1.x only: the guest knows no other.
        bus, options = ("device", "") if machine == "microvm" else ("pci", ",disable-legacy=on")
        if accelerator == "tcg":
            # Under KVM an eventfd tells a device of a notification without an exit to QEMU. Under TCG there is no exit
            # to save, and the eventfd only makes another thread of QEMU wake up to read it.
            if machine == "microvm" and self.virtio:
                words += ["-global", "virtio-mmio.ioeventfd=off"]
            elif machine != "microvm":
                options += ",ioeventfd=off"
        for i, disk in enumerate(map(_disk, self.disks)):
            words += ["-blockdev", _blockdev(disk, f"disk{i}")]
            words += ["-device", f"virtio-blk-{bus},drive=disk{i}{options}"]
        if self.network is not None:
            # No option ROM: nothing boots from the network.
            rom = "" if machine == "microvm" else ",romfile="
            words += ["-netdev", _netdev(self.network, wire)]
            words += ["-device", f"virtio-net-{bus},netdev=net{options}{rom}"]
        if self.entropy:
            words += ["-device", f"virtio-rng-{bus}{options}"]
        if self.second_console:
            words += ["-chardev", f"socket,id=hvc,fd={hvc}"]
            words += ["-device", f"virtio-serial-{bus},max_ports=1{options}", "-device", "virtconsole,chardev=hvc"]
        return words


def _disk(disk: str | Path | Disk) -> Disk:
    return disk if isinstance(disk, Disk) else Disk(disk)


def _absolute(path: str | Path) -> str:
    return str(Path(path).absolute())


def _size(path: Path, what: str) -> int:
    """Bytes of a file that can be read."""
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise CourseError(
            f"the {what} {path} cannot be read: {error.strerror}",
            remedy=f"check the path; it is taken from {Path.cwd()}",
        ) from error
    if not path.is_file():
        raise CourseError(f"the {what} {path} is no file", remedy="give the path of a file")
    return path.stat().st_size


def _check_disk(disk: Disk) -> None:
    size = _size(Path(disk.path), "disk")
    if size == 0 or size % SECTOR:
        raise CourseError(
            f"the disk {disk.path} has {size} bytes, and a disk has one or more sectors of {SECTOR} bytes",
            remedy=f"give the file a size that is a multiple of {SECTOR}, for instance with truncate",
        )
    if not disk.read_only and not os.access(disk.path, os.W_OK):
        raise CourseError(
            f"the disk {disk.path} may not be written to", remedy="change its permissions, or make it a read-only disk"
        )


def _blockdev(disk: Disk, name: str) -> str:
    """As JSON: there, a path may have any character.

    QEMU's defaults are right: what the guest writes goes through this host's page cache, and is on the host's disk when
    the guest has flushed.
    """
    file = {"driver": "file", "filename": _absolute(disk.path)}
    return json.dumps({"driver": "raw", "node-name": name, "read-only": disk.read_only, "file": file})


def _netdev(network: Network, wire: int | None) -> str:
    if not isinstance(network, UserNetwork):
        return f"socket,id=net,fd={wire}"
    forwards = [f",hostfwd={f.protocol}:127.0.0.1:{f.host}-:{f.guest}" for f in network.forwards]
    return "user,id=net,ipv6=off" + ",restrict=on" * network.restricted + "".join(forwards)
