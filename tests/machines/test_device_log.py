"""What drivers and devices say to each other, told by QEMU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.machines.conftest import LONG, BuildProgram
from unilab import machines
from unilab.errors import CourseError
from unilab.machines import Machine, UserNetwork
from unilab.machines.device_log import device_log, device_states
from unilab.machines.disk_image import make_disk
from unilab.spaces.virtio import DeviceState

_DEVICES = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "devices.c"
_QUEUES = {
    "virtio-blk": {"requests"},
    "virtio-net": {"receive", "transmit"},
    "virtio-rng": {"requests"},
    "virtio-serial": {"receive", "transmit"},
}


def _options(tmp_path: Path) -> dict[str, Any]:
    return {
        "disks": [make_disk(tmp_path / "disk", 1 << 20, {"motd": b"hello\n"})],
        "network": UserNetwork(),
        "entropy": True,
        "second_console": True,
        "cpu_without": ["rdrand", "rdseed"],
    }


@pytest.mark.parametrize(("machine", "transport"), [("microvm", "MMIO"), ("q35", "PCI")])
def test_every_device_is_negotiated_with_and_used(machine: str, transport: str, tmp_path: Path) -> None:
    talks = device_log(_DEVICES, machine=machine, deadline=LONG, **_options(tmp_path))
    assert set(talks) == set(_QUEUES)
    for device, talk in talks.items():
        assert talk.transport == transport
        assert talk.accepted & ~talk.offered == 0 and talk.accepted >> 32 & 1
        assert talk.statuses == (0, 3, 11, 15)
        assert 20 < talk.before_work <= len(talk.accesses)
        assert set(talk.queues) <= _QUEUES[device]
        for counts in talk.queues.values():
            assert (counts.kicks is None) == (machine == "q35")
    if machine == "microvm":
        disk = talks["virtio-blk"].queues["requests"]
        # Each waits for the one before.
        assert disk.requests == disk.kicks == disk.interrupts >= 2
        assert talks["virtio-net"].queues["transmit"].interrupts == 0, "frames sent are noticed without"


def test_what_is_logged_is_what_qemu_says_of_its_devices(tmp_path: Path) -> None:
    seen: dict[str, DeviceState] = {}

    def look(machine: Machine) -> None:
        assert machine.console.wait_for("done\n", LONG)
        seen.update(device_states(machine))

    waits = tmp_path / "waits.c"
    waits.write_text(_DEVICES.read_text().replace('puts("done");', 'puts("done"), getchar();'))
    talks = device_log(waits, during=look, deadline=LONG, **_options(tmp_path))
    for device, talk in talks.items():
        state = seen[device]
        assert (state.status, state.broken) == (("ACKNOWLEDGE", "DRIVER", "FEATURES_OK", "DRIVER_OK"), False)
        assert set(state.accepted) == set(talk.accepted_names)
        # QEMU 7.2 has no word for the last yet.
        named = {name for name in talk.offered_names if not name.startswith("bit ")} - {"VIRTIO_F_RING_RESET"}
        assert named <= set(state.offered)


def test_what_has_no_devices_says_so(program: BuildProgram) -> None:
    with pytest.raises(CourseError, match="spoke to no virtio device"):
        device_log(program("hello"), deadline=LONG)
    with (
        machines.start(program("endless", "process"), "process", deadline=LONG) as running,
        pytest.raises(CourseError, match="a process has no virtio devices"),
    ):
        device_states(running)
