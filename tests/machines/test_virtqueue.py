"""Virtqueues of devices that are at work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.machines.conftest import LONG, BuildProgram
from unilab import machines
from unilab.errors import CourseError, MachineError
from unilab.machines import State, UserNetwork
from unilab.machines.disk_image import make_disk
from unilab.machines.libos_queues import known
from unilab.machines.unikernel import Unikernel
from unilab.machines.virtqueue import virtqueue_steps, virtqueues
from unilab.spaces.virtqueue import QueueState

_PROGRAMS = Path(__file__).parent / "programs"


def _outline(steps: tuple[QueueState, ...]) -> list[tuple[int, int, int, int]]:
    """Of each step: published, given back, in the driver's notes added and taken back. From where it began."""
    first = steps[0]
    assert first.driver is not None
    found = []
    for step in steps:
        assert step.driver is not None
        numbers = (step.available_index, step.used_index, step.driver.added, step.driver.seen)
        begin = (first.available_index, first.used_index, first.driver.added, first.driver.seen)
        found.append(tuple(now - then for now, then in zip(numbers, begin, strict=True)))
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_a_read_of_the_disk_is_followed_step_by_step(machine: str) -> None:
    steps = virtqueue_steps(_PROGRAMS / "reads_disk.c", machine=machine)
    before, described, published, notified, used, taken = steps
    # Whether the device has used it when the driver has just notified it is the device's own affair.
    at_once = notified.used_index - before.used_index
    assert at_once in (0, 1)
    # And with q35, QEMU may even do that unasked, because the machine was stopped.
    unasked = published.used_index - before.used_index
    assert unasked == 0 or (machine == "q35" and "unasked" in published.caption)
    middle = [(1, unasked, 1, 0), (1, at_once, 1, 0)]
    assert _outline(steps) == [(0, 0, 0, 0), (0, 0, 1, 0), *middle, (1, 1, 1, 0), (1, 1, 1, 1)]
    head = described.available[before.available_index % before.size]
    chain = described.chain(head)
    assert [part.role for part in chain] == [
        "header: read, from sector 0",
        *["data"] * (len(chain) - 2),
        "status: not yet",
    ]
    assert [part.device_writes for part in chain] == [False, *[True] * (len(chain) - 1)]
    length = sum(part.length for part in chain[1:])
    entry = used.used[before.used_index % before.size]
    assert (entry.id, entry.length) == (head, length)
    assert used.chain(head)[-1].role == "status: OK"
    # What the device wrote is there: the beginning of the file system.
    assert b"littlefs" in used.chain(head)[1].preview
    assert b"littlefs" not in described.chain(head)[1].preview
    assert taken.driver is not None
    assert before.driver is not None
    assert taken.driver.free == before.driver.free
    assert all(step.caption and "QEMU " + machine in step.origin for step in steps)


def test_a_frame_is_followed_out_and_another_in() -> None:
    program = _PROGRAMS / "sends_datagram.c"
    out = virtqueue_steps(program, "transmit")
    assert len(out) == 6
    assert [each[0] for each in _outline(out)] == [0, 0, 1, 1, 1, 1]
    head = out[1].available[out[1].available_index % out[1].size]
    assert [part.role for part in out[1].chain(head)] == ["frame: IPv4 UDP from port 68 to 67"]
    used, taken, described, published, _ = came = virtqueue_steps(program, "receive")
    entry = used.used[0]
    assert used.chain(entry.id)[0].role == "frame: IPv4 UDP from port 67 to 68"
    assert [each[2:] for each in _outline(came)] == [(0, 0), (0, 1), (1, 1), (1, 1), (1, 1)]
    assert published.available_index == described.available_index + 1
    assert taken.outstanding == used.outstanding


def test_the_queues_of_a_running_machine(program: BuildProgram, tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk", 1 << 20, {"motd": b"hello\n"})
    source = tmp_path / "waits.c"
    source.write_text(
        (_PROGRAMS / "reads_disk.c").read_text().replace("return length", "getchar();\n    return length")
    )
    with machines.start(source, disks=[disk], deadline=LONG) as running:
        assert running.console.wait_for("hello\n", LONG)
        (queue,) = virtqueues(running)
        assert running.state is State.RUNNING
        assert queue.name == "virtio-blk, requests"
        assert queue.available_index == queue.used_index == queue.device_index >= 1
        assert queue.outstanding == 0
        assert queue.driver is not None
        assert queue.driver.added == queue.driver.seen == queue.used_index
        assert queue.driver.free == queue.size
        running.pause()
        assert virtqueues(running)[0].used == queue.used
        assert running.state is State.PAUSED
    with pytest.raises(MachineError, match="has ended"):
        virtqueues(running)


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_qemu_and_the_library_os_say_the_same_of_where_the_queues_are(machine: str, tmp_path: Path) -> None:
    disks = [make_disk(tmp_path / f"disk{i}", 1 << 20, {"motd": b"hello\n"}) for i in range(2)]
    source = tmp_path / "waits.c"
    source.write_text(
        (_PROGRAMS / "reads_disk.c")
        .read_text()
        .replace("return length", "socket(2, 2, 0);\n    getchar();\n    return length")
        .replace("#include <unistd.h>", "#include <sys/socket.h>\n#include <unistd.h>")
    )
    options = {"disks": disks, "network": UserNetwork(), "entropy": True, "second_console": True}
    with machines.start(source, machine=machine, deadline=LONG, **options) as running:  # type: ignore[arg-type]
        assert isinstance(running, Unikernel)
        assert running.console.wait_for("hello\n", LONG)
        while not running.registers().halted:  # it waits for a key: every device that it uses has been started
            pass
        running.pause()
        told = [(q.device, q.size, q.table, q.available_ring, q.used_ring) for q in virtqueues(running)]
        notes = [(k.device, k.size, k.table, k.available_ring, k.used_ring) for k in known(running)]
        # The firmware of q35 has started the disks before, and left the one that nobody uses as it was.
        assert set(notes) <= set(told)
        assert len(set(told) - set(notes)) == (1 if machine == "q35" else 0)
        assert {device for device, *_ in notes} >= {"virtio-blk", "virtio-net"}

        def too_old(command: str, **arguments: object) -> object:
            if command == "x-query-virtio":
                raise MachineError("QEMU refused x-query-virtio: The command x-query-virtio has not been found")
            return Unikernel.query(running, command, **arguments)

        running.query = too_old  # type: ignore[method-assign]
        older = virtqueues(running)
        assert sorted((q.device, q.size, q.table, q.available_ring, q.used_ring) for q in older) == sorted(notes)
        assert {q.device_index for q in older} == {None}
        assert {q.queue for q in older if q.device == "virtio-net"} == {"receive", "transmit"}


def test_what_has_no_virtqueues_says_so(program: BuildProgram) -> None:
    with (
        machines.start(program("endless", "process"), "process", deadline=LONG) as running,
        pytest.raises(CourseError, match="a process has no virtqueues"),
    ):
        virtqueues(running)
    with (
        machines.start(program("endless"), network=UserNetwork(), deadline=LONG) as running,
        pytest.raises(CourseError, match="no virtio device is in use"),
    ):
        virtqueues(running)


@pytest.mark.parametrize(
    ("name", "way", "request_", "said"),
    [
        ("reads_disk", "wire", 0, "no way 'wire'"),
        ("reads_disk", "disk", 1000, "no request number 1000 of its disk queue"),
        ("stations", "disk", 0, "has no drivers linked into it|no request number 0"),
    ],
)
def test_a_request_that_is_never_made_is_a_clear_error(name: str, way: str, request_: int, said: str) -> None:
    with pytest.raises(CourseError, match=said):
        virtqueue_steps(_PROGRAMS / f"{name}.c", way, request=request_)
