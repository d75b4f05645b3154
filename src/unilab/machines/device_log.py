"""``device_log(program)``: all that a unikernel's drivers and its virtio devices say to each other in one run.

QEMU tells of each access of a device's register, each notification and each interrupt, while the guest runs at speed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unilab.errors import CourseError, MachineError, Unavailable
from unilab.machines.execution_log import bounded
from unilab.machines.machine import Machine
from unilab.machines.result import State
from unilab.machines.run import start
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces import device_log as trace
from unilab.spaces.virtio import DeviceState, DeviceTalk
from unilab.toolchain import Image

#: How QEMU names the bits of a status, and how the specification does, where they differ.
_STATUS_PREFIX, _NEEDS_RESET = "VIRTIO_CONFIG_S_", "NEEDS_RESET"


def device_log(
    program: str | Path | Image,
    *,
    during: Callable[[Machine], object] | None = None,
    machine: str = "microvm",
    deadline: float = 60.0,
    **options: Any,
) -> dict[str, DeviceTalk]:
    """Run a unikernel from ``main`` on, and write down what its drivers and its devices say to each other.

    Args:
        program: A C file, or an image from ``build``.
        during: What to do meanwhile, with the running machine. When it returns, the machine is ended. None: the
            program runs to its own end.
        machine: ``microvm``, whose devices are found in memory, or ``q35``, whose are found on the PCI bus.
        deadline: Seconds.
        options: As for ``start``: disks, network, entropy, ...

    Returns:
        By QEMU's name of the device (``virtio-blk``), what was said. Of several of one type, the first.

    Raises:
        CourseError: The machine has no virtio devices, or an option makes no sense.
        Unavailable: This QEMU does not trace.
        GuestPanic, MachineError, DeadlineExceeded: As for ``start``.
    """
    with (
        tempfile.TemporaryDirectory(prefix="unilab-") as folder,
        # Emulated: with KVM, notifications go past what is traced.
        start(
            program,
            "unikernel",
            machine=machine,
            accelerator="tcg",
            stop_at="main",
            deadline=deadline,
            **options,
        ) as guest,
    ):
        assert isinstance(guest, VirtualMachine)
        log = Path(folder) / "log"
        _trace_into(guest, log)
        with bounded(log, guest):
            guest.resume()
            if during is None:
                guest.wait()
            else:
                during(guest)
                guest.quit()
        origin = f"{guest.image.program.stem}, QEMU {machine}, tcg"
        with log.open(encoding="ascii", errors="replace") as lines:
            found = trace.parse(lines, origin)
    talks: dict[str, DeviceTalk] = {}
    for talk in found:
        talks.setdefault(talk.device, talk)
    if not talks:
        raise CourseError(
            f"{guest.image.program.name} spoke to no virtio device", remedy="give it a disk, a network or entropy=True"
        )
    return talks


def device_states(machine: Machine) -> dict[str, DeviceState]:
    """How each virtio device of a guest stands now: what QEMU itself says of it.

    Raises:
        CourseError: It is no guest.
        Unavailable: QEMU is older than 7.2, and does not say.
        MachineError: It has ended.
    """
    if not isinstance(machine, VirtualMachine):
        raise CourseError(f"a {machine.architecture} has no virtio devices", remedy='start it on="unikernel"')
    try:
        devices = machine.query("x-query-virtio")
    except MachineError as error:
        machine.registers()  # or it has ended, which this says
        raise Unavailable(
            f"QEMU does not say how its devices stand: {error.message}", remedy="install QEMU 7.2 or newer"
        ) from error
    states: dict[str, DeviceState] = {}
    for device in devices:
        said = machine.query("x-query-virtio-status", path=device["path"])
        states.setdefault(
            device["name"],
            DeviceState(
                device["name"],
                _features(said["host-features"]),
                _features(said["guest-features"]),
                tuple(_status(text) for text in said["status"]["statuses"]),
                bool(said["broken"]),
            ),
        )
    return states


def _trace_into(machine: VirtualMachine, log: Path) -> None:
    # The file exists from the first line on.
    log.touch()
    for command in (f"logfile {log}", *(f"trace-event {event} on" for event in trace.EVENTS)):
        if said := machine.monitor_text(command).strip():
            raise Unavailable(f"QEMU does not trace its devices: {said}", remedy="install a QEMU with its trace events")
    # Events go into the log while its mask says "trace", which this sets.
    machine.monitor_text("log trace:virtio_notify")
    if machine.state is not State.PAUSED:
        raise MachineError("the machine ran before its devices were traced")


def _features(said: dict[str, Any]) -> tuple[str, ...]:
    names = [*said["dev-features"], *said["transports"]]
    return tuple(name.partition(":")[0].replace("VIRTIO_RING_F_", "VIRTIO_F_") for name in names)


def _status(text: str) -> str:
    name = text.partition(":")[0].removeprefix(_STATUS_PREFIX)
    return f"DEVICE_{name}" if name == _NEEDS_RESET else name
