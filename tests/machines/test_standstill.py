"""Guests that wait for their device for ever, for three different reasons; and a device that is played by Python."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.machines.conftest import LONG, BuildProgram
from unilab import machines
from unilab.errors import CourseError, MachineError
from unilab.learn.edit import edit
from unilab.machines.disk_image import make_disk
from unilab.machines.guest_memory import GuestMemory
from unilab.machines.played_device import PlayedDevice
from unilab.machines.standstill import standstill

_READS = Path(__file__).parent / "programs" / "reads_disk.c"
_KICK = """    if (virtqueue_publish(device->queues[queue]) && device->work)
        device->transport->notify(device, queue);
"""
_ASK = "    if (device->work)\n        work_ask(device->work);\n"
_WAIT = """    virtio_publish(disk->device, REQUESTS);
    while (virtio_works(disk->device) && !request->done)
        wait_through_signals(&disk->waiters);
"""
_LOOK = """    virtqueue_publish(queue);
    while (virtio_works(disk->device) && !request->done)
        work_run();
"""
#: What is broken -> the file, what is there, what is put in its place; and what is said of it.
_BROKEN = {
    "no kick": ("dev/virtio.c", _KICK, "    virtqueue_publish(device->queues[queue]);\n", "it was never told"),
    "wrong flag": ("dev/virtqueue.c", "(i < readable ? 0 : DESCRIPTOR_WRITE)", "0", "virtio-blk missing headers"),
    "deaf": ("dev/virtio_mmio.c", _ASK, "", "1 request is back from the device"),
    "not published": (
        "dev/virtqueue.c",
        "    queue->memory->available.index = queue->added;\n",
        "",
        "the available index was never moved",
    ),
}


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return make_disk(tmp_path / "disk", 1 << 20, {"motd": b"hello\n"})


@pytest.mark.parametrize("what", _BROKEN)
def test_a_hang_is_explained_by_the_rings(what: str, disk: Path, tmp_path: Path) -> None:
    name, old, new, said = _BROKEN[what]
    edit(name, overlay_folder=tmp_path / "libos").replace(old, new)
    with machines.start(_READS, disks=[disk], overlay=tmp_path / "libos", deadline=LONG) as guest:
        found = standstill(guest)
    assert found.hopeless
    assert said in found.why()
    assert found.device.broken == (what == "wrong flag") == ("DEVICE_NEEDS_RESET" in found.device.status)


def test_who_ends_does_not_stand_still(disk: Path, program: BuildProgram) -> None:
    with (
        machines.start(_READS, disks=[disk], deadline=LONG) as guest,
        pytest.raises(MachineError, match="did not wait for ever"),
    ):
        standstill(guest)
    with (
        machines.start(program("endless", "process"), "process", deadline=LONG) as guest,
        pytest.raises(CourseError, match="only a unikernel"),
    ):
        standstill(guest)


def _play(disk: Path, overlay: Path, *, head: int | None = None, more: int = 0, ahead: int = 1) -> tuple[str, int]:
    """Serve a disk from a copy in our memory; what was printed, and how many requests that took."""
    content = disk.read_bytes()
    with machines.start(_READS, disks=[disk], overlay=overlay, deadline=LONG) as guest:
        device = PlayedDevice(guest)
        for request in device.requests():
            header, *data, status = request.parts
            kind, _, sector = struct.unpack("<IIQ", header.read())
            assert kind == 0 and not header.device_writes and status.device_writes
            at, written = sector * 512, more
            for part in data:
                written += part.write(content[at : at + part.length])
                at += part.length
            written += status.write(b"\0")
            device.give_back(request.head if head is None else head, written, ahead=ahead)
        guest.wait()
        return guest.console.text, device.taken


def test_a_disk_of_python(disk: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "libos"
    edit("dev/virtio_blk.c", overlay_folder=overlay).replace(_WAIT, _LOOK)
    printed, taken = _play(disk, overlay)
    assert printed == "hello\n" and taken > 0


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ({"head": 99}, "it used a request that it did not have"),
        ({"more": 1 << 20}, "it wrote more than there was room for"),
        ({"ahead": 1000}, "its used index ran ahead of the requests it has"),
    ],
    ids=str,
)
def test_a_device_that_lies_is_found_out(lie: dict[str, int], said: str, disk: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "libos"
    edit("dev/virtio_blk.c", overlay_folder=overlay).replace(_WAIT, _LOOK)
    printed, taken = _play(disk, overlay, **lie)
    assert f"libos: the virtio disk is stopped: {said}\n" in printed and taken == 1


def test_memory_that_is_not_there_is_not_written(program: BuildProgram) -> None:
    with machines.start(program("hello"), stop_at="main", deadline=LONG) as guest:
        assert isinstance(guest, GuestMemory)
        guest.write_memory(0x9000, b"written")
        assert guest.memory(0x9000, 7) == b"written"
        with pytest.raises(MachineError, match="is not RAM"):
            guest.write_memory(64 << 20, b"x")
