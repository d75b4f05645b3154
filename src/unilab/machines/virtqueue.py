"""The virtqueues of a running guest: as they are now, and step by step while a request goes through.

Where a queue lies, QEMU says, or the library OS; what is in it, the guest's RAM. For the steps, a unikernel is stopped
at the functions of ``libos/dev/virtqueue.c``, whose own notes on the queue are read too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from unilab.errors import CourseError, DeadlineExceeded, MachineError, Unavailable
from unilab.machines.disk_image import make_disk
from unilab.machines.libos_queues import known
from unilab.machines.machine import Machine
from unilab.machines.network import UserNetwork
from unilab.machines.result import State
from unilab.machines.run import start
from unilab.machines.unikernel import Unikernel
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces import virtqueue
from unilab.spaces.virtio import queue_name
from unilab.spaces.virtqueue import Driver, QueueState
from unilab.toolchain import Image
from unilab.toolchain.structures import structure

#: What can be followed: its device and queue, and whether the driver makes its requests before there is anything to do.
WAYS = {"disk": ("virtio-blk", 0), "transmit": ("virtio-net", 1), "receive": ("virtio-net", 0)}

_ADD, _TAKE = "libos_virtqueue_add", "libos_virtqueue_take"
_PUBLISH, _PUBLISH_AND_NOTIFY = "libos_virtqueue_publish", "libos_virtio_publish"
#: Stops after which a program that uses another queue, and not this one, is left alone.
_MOST_STOPS = 20_000
_DISK_BYTES = 1 << 20


def virtqueues(machine: Machine) -> tuple[QueueState, ...]:
    """Every virtqueue that is in use in a guest now. A running machine is paused for the moment that this takes.

    Raises:
        CourseError: It has no virtio devices: it is no guest, or was given none.
        Unavailable: It is no unikernel, and QEMU is older than 7.2 and does not say where its queues are.
        MachineError: It has ended.
    """
    if not isinstance(machine, VirtualMachine):
        raise CourseError(f"a {machine.architecture} has no virtqueues", remedy='start it on="unikernel", with a disk')
    with _standing(machine):
        notes = {each.table: each.driver for each in known(machine)} if isinstance(machine, Unikernel) else {}
        found = tuple(_now(_read(machine, where, notes.get(where.table))) for where in _queues(machine))
    if not found:
        raise CourseError(
            "no virtio device is in use in this machine",
            remedy="give it a disk or a network, and wait until its program uses it",
        )
    return found


def virtqueue_steps(
    program: str | Path | Image,
    way: str = "disk",
    *,
    request: int = 0,
    deadline: float = 30.0,
    **options: Any,
) -> tuple[QueueState, ...]:
    """Follow one request of a unikernel through a virtqueue, and give back the queue after each step.

    The unikernel is stopped before it describes the request, when it has, when it has published it, when it has
    notified the device, when the device has used it, and when the driver has taken it back. For ``receive``, the
    buffer waits already: it begins when the device has filled it, and ends when another has been lent.

    On ``q35``, and with KVM, QEMU looks into the queues whenever a machine that was stopped runs on. There it may use
    a request before it is notified, which a machine that is not stopped never shows; the caption says so.

    Args:
        program: A C file, or an image. Give it a disk or a network if ``way`` is to lead to a certain one; otherwise it
            gets an empty disk, or a network of its own.
        way: ``disk``, ``transmit`` or ``receive``.
        request: Which request to follow, from 0. A disk's first ones read its file system.
        deadline: Seconds.
        options: As for ``start``.

    Raises:
        CourseError: The program makes no such request, or an option makes no sense.
        GuestPanic, MachineError, DeadlineExceeded: As for ``start``.
    """
    if way not in WAYS:
        raise CourseError(f"there is no way {way!r} to follow", remedy=f"choose one of {', '.join(WAYS)}")
    with tempfile.TemporaryDirectory(prefix="unilab-") as folder:
        if way == "disk" and not options.get("disks"):
            options["disks"] = [make_disk(Path(folder) / "disk", _DISK_BYTES, {"motd": b"a disk of the course\n"})]
        if way != "disk" and options.get("network") is None:
            options["network"] = UserNetwork()
        with start(program, "unikernel", stop_at="main", deadline=deadline, **options) as machine:
            assert isinstance(machine, Unikernel)
            steps: list[QueueState] = []
            try:
                steps += _Watch(machine, way).follow(request)
            except DeadlineExceeded as error:
                raise CourseError(
                    f"in {deadline:g} seconds {machine.image.program.name} did not get to the end of request number "
                    f"{request} of its {way} queue",
                    remedy="give a program that makes its requests without waiting for somebody, or a larger deadline",
                ) from error
    if not steps:
        raise CourseError(
            f"{machine.image.program.name} makes no request number {request} of its {way} queue",
            remedy="give a program that does, or a lower number",
        )
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a queue is."""

    device: str
    number: int
    size: int
    table: int
    available_ring: int
    used_ring: int
    device_index: int | None

    @property
    def queue(self) -> str:
        return queue_name(self.device, self.number)


def _queues(machine: VirtualMachine) -> Iterator[_Place]:
    try:
        devices = machine.query("x-query-virtio")
    except MachineError as error:
        machine.registers()  # or it has ended, which this says
        if isinstance(machine, Unikernel):
            for each in known(machine):
                at = (each.size, each.table, each.available_ring, each.used_ring)
                yield _Place(each.device, each.number, *at, None)
            return
        raise Unavailable(
            f"QEMU does not say where its virtqueues are: {error.message}", remedy="install QEMU 7.2 or newer"
        ) from error
    for device in sorted(devices, key=lambda each: str(each["path"])):
        status = machine.query("x-query-virtio-status", path=device["path"])
        for number in range(status["num-vqs"] if status["started"] else 0):
            said = machine.query("x-query-virtio-queue-status", path=device["path"], queue=number)
            if said["vring-desc"]:
                yield _Place(
                    device["name"],
                    number,
                    said["vring-num"],
                    said["vring-desc"],
                    said["vring-avail"],
                    said["vring-used"],
                    said.get("last-avail-idx"),
                )


def _read(machine: VirtualMachine, where: _Place, driver: Driver | None = None, caption: str = "") -> QueueState:
    def memory(physical: int, length: int) -> bytes:
        # What a descriptor says may be anything: a buffer that is not in RAM has no contents to show.
        try:
            return machine.memory(physical, length)
        except MachineError:
            return b""

    now = datetime.now().astimezone().isoformat(timespec="seconds")
    return virtqueue.read(
        memory,
        device=where.device,
        queue=where.queue,
        size=where.size,
        table=where.table,
        available_ring=where.available_ring,
        used_ring=where.used_ring,
        device_index=where.device_index,
        driver=driver,
        caption=caption,
        origin=f"{machine.image.program.stem}, QEMU {machine.machine}, {machine.accelerator}, {now}",
    )


def _now(state: QueueState) -> QueueState:
    """The same, with what there is to say of any moment."""
    there = "nothing is" if not state.outstanding else f"{_count(state.outstanding, 'request')} still"
    return replace(
        state,
        caption=f"The driver has published {_count(state.available_index, 'request')}, the device has given "
        f"{state.used_index} back: {there} with the device.",
    )


@contextmanager
def _standing(machine: VirtualMachine) -> Iterator[None]:
    running = machine.state is State.RUNNING
    machine.pause()
    try:
        yield
    finally:
        if running and machine.state is not State.ENDED:
            machine.resume()


class _Watch:
    """A unikernel that is stopped wherever its driver touches one queue."""

    def __init__(self, machine: Unikernel, way: str) -> None:
        self._machine = machine
        self._device, self._number = WAYS[way]
        self._filled_by_device = way == "receive"
        self._fields = structure(machine.image.debug, "virtqueue").fields
        try:
            names = (_ADD, _TAKE, _PUBLISH_AND_NOTIFY)
            self._add, self._take, self._notify = (machine.symbols.address(name) for name in names)
            self._publish = machine.symbols.address(_PUBLISH)
        except KeyError as error:
            raise CourseError(
                f"{machine.image.program.name} has no drivers linked into it: it uses no {way} queue",
                remedy="give a program that opens a file below /data, or a socket",
            ) from error
        #: The driver's own structure, and its table's physical address, once the queue has been met.
        self._pointer: int | None = None
        self._table = 0

    def follow(self, request: int) -> Iterator[QueueState]:
        """The steps of the request of that number; none if the program ends before."""
        try:
            yield from self._received(request) if self._filled_by_device else self._requested(request)
        except MachineError:
            if self._machine.state is not State.ENDED:
                raise
            self._machine.wait()  # an end in good order only means that there is no more to see

    def _requested(self, request: int) -> Iterator[QueueState]:
        self._until(self._add)
        for _ in range(request):
            self._until(self._take, used=True)
            self._until(self._add)
        yield self._state("The driver is about to make a request.")
        yield from self._made()
        yield from self._used()

    def _received(self, request: int) -> Iterator[QueueState]:
        for _ in range(request):
            self._until(self._take, used=True)
            self._finish()
        yield from self._used()
        self._until(self._add)
        yield from self._made()

    def _made(self) -> Iterator[QueueState]:
        """From virtqueue_add() to the notification."""
        machine = self._machine
        while True:
            machine.run_to(self._notify)
            back = self._return_address()
            machine.run_to(self._publish)
            if self._is_here():
                break
        state = self._state("")
        assert state.driver is not None
        head = state.available[(state.driver.added - 1) % state.size]
        waiting = (state.driver.added - state.available_index) % (1 << 16)
        parts = len(state.chain(head))
        more = f" {waiting} requests are ready." if waiting > 1 else ""
        yield replace(
            state,
            caption=f"The driver has described it in {_count(parts, 'descriptor')}, from {head} on, and put {head} "
            f"into the available ring.{more} The available index still says {state.available_index}: the device sees "
            "nothing of it.",
        )
        machine.run_to(self._return_address())
        wanted = dict(machine.registers().general)["RAX"] & 1
        state = self._state("")
        then = "It wants to be notified." if wanted else "It is at work and wants no notification."
        if wanted and state.outstanding == 0:
            then = "It has, unasked: QEMU looks into the queues when a machine that was stopped runs on."
        yield replace(
            state,
            caption=f"The driver has moved the available index to {state.available_index}: from now on the device may "
            f"take the request. {then}",
        )
        machine.run_to(back)
        state = self._state("")
        done = state.outstanding == 0
        how = (
            "The driver has written the queue's number into the device's notification register, which left the guest. "
        )
        seen = (
            "The device has used the request already."
            if done
            else f"The device has taken {state.device_index} of {state.available_index}."
        )
        yield replace(state, caption=(how if wanted else "No notification was needed. ") + seen)

    def _used(self) -> Iterator[QueueState]:
        """From the interrupt's work to the request taken back."""
        self._until(self._take, used=True)
        state = self._state("")
        assert state.driver is not None
        entry = state.used[state.driver.seen % state.size]
        told = "" if state.available_flags & virtqueue.NO_INTERRUPT else ", and interrupted"
        yield replace(
            state,
            caption=f"The device has put {entry.id} into the used ring, with {_count(entry.length, 'byte')} written, "
            f"moved the used index to {state.used_index}{told}. The driver has not looked yet.",
        )
        self._finish()
        state = self._state("")
        assert state.driver is not None
        yield replace(
            state,
            caption=f"The driver has taken the request of descriptor {entry.id} back. In memory nothing changed; by "
            f"its own notes it has now seen {state.driver.seen} of {state.used_index}, and {state.driver.free} of "
            f"{state.size} descriptors are free.",
        )

    def _until(self, function: int, *, used: bool = False) -> None:
        """Run until a function of our queue's is entered; with ``used``, when there is something to take."""
        for _ in range(_MOST_STOPS):
            self._machine.run_to(function)
            if self._is_here() and (not used or self._driver().seen != self._state("").used_index):
                return
        raise CourseError("the program does not use this queue", remedy="follow another, or give another program")

    def _finish(self) -> None:
        """Run to the end of the function that has just been entered."""
        self._machine.run_to(self._return_address())

    def _is_here(self) -> bool:
        """Whether the queue whose function was entered is ours."""
        pointer = dict(self._machine.registers().general)["RDI"]
        if self._pointer is None:
            table = self._physical(self._field(pointer, "memory"))
            ours = [where.table for where in _queues(self._machine) if self._is_ours(where)]
            if table in ours:
                self._pointer, self._table = pointer, table
        return pointer == self._pointer

    def _physical(self, virtual: int) -> int:
        said = self._machine.query("human-monitor-command", **{"command-line": f"gva2gpa {virtual:#x}"})
        return int(said.rpartition(":")[2], 16)

    def _is_ours(self, where: _Place) -> bool:
        return (where.device, where.number) == (self._device, self._number)

    def _where(self) -> _Place:
        # By its address: there may be several disks, and a queue of the firmware's that nobody uses any more.
        return next(where for where in _queues(self._machine) if self._is_ours(where) and where.table == self._table)

    def _field(self, pointer: int, name: str) -> int:
        offset, size = self._fields[name]
        return int.from_bytes(self._machine.look(pointer + offset, size), "little")

    def _driver(self) -> Driver:
        assert self._pointer is not None
        names = ("free_count", "outstanding", "added", "seen")
        return Driver(*(self._field(self._pointer, name) for name in names))

    def _state(self, caption: str) -> QueueState:
        return _read(self._machine, self._where(), self._driver(), caption)

    def _return_address(self) -> int:
        stack = self._machine.registers().rsp
        return int.from_bytes(self._machine.look(stack, 8), "little")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
