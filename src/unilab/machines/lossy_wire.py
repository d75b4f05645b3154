"""A guest's cable led through Python, which may lose frames on purpose. The network behind it stays what it was.

Source: QEMU, "-object filter-redirector": frames of a netdev, in one direction, go out by one character device and
come in again by another, each behind its length in four bytes.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count

from unilab.errors import CourseError, MachineError
from unilab.machines.capture import CARD
from unilab.machines.machine import Machine
from unilab.machines.network import UserNetwork, Wire
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces.packets import Packet, read_frames

_LOOK_SECONDS = 0.2
_numbers = count(1)
#: The directions of a netdev's filters, by QEMU's names: rx is what the guest sends.
_DIRECTIONS = ("rx", "tx")


class LossyWire:
    """What has passed, and what has not.

    Args:
        loses: Whether a packet is to be lost. Asked of each, in order, on another thread.
    """

    def __init__(self, loses: Callable[[Packet], object]) -> None:
        self._loses = loses
        self._frames: list[tuple[float, bytes, bool]] = []
        self._turn = threading.Lock()
        self._cut = threading.Event()

    @property
    def packets(self) -> tuple[Packet, ...]:
        """Every packet so far; those that were lost say so."""
        with self._turn:
            frames = list(self._frames)
        return read_frames(frames, CARD)

    def _carry(self, comes: Wire, goes: Wire) -> None:
        """Carry frames one way until the wire is cut."""
        with contextlib.suppress(EOFError, OSError, MachineError):
            while not self._cut.is_set():
                # A thread that sleeps on a socket may sleep on when that is closed, so it looks up now and then.
                with contextlib.suppress(TimeoutError):
                    self._pass(comes.receive(_LOOK_SECONDS), goes)

    def _pass(self, frame: bytes, goes: Wire) -> None:
        with self._turn:
            now = time.monotonic()
            packet = read_frames([*self._frames, (now, frame, False)], CARD)[-1]
            lost = bool(self._loses(packet))
            self._frames.append((now, frame, lost))
        if not lost:
            goes.send(frame)


@contextlib.contextmanager
def lossy_wire(machine: Machine, loses: Callable[[Packet], object]) -> Iterator[LossyWire]:
    """Lead a guest's cable through this process, for as long as the ``with`` statement lasts.

    Args:
        machine: A guest with a user network.
        loses: Asked of each packet: whether to lose it.

    Yields:
        The wire, with its packets.

    Raises:
        CourseError: It has no cable that could be led so.
        MachineError: It has ended.
    """
    if not isinstance(machine, VirtualMachine) or not isinstance(machine._devices.network, UserNetwork):
        raise CourseError("only a guest with a network has a cable", remedy="start it with network=UserNetwork(...)")
    carried, carriers = LossyWire(loses), list[threading.Thread]()

    def end() -> None:
        for carrier in carriers:
            carrier.join()

    with contextlib.ExitStack() as undo:
        undo.callback(end)  # last of all
        for direction in _DIRECTIONS:
            number = next(_numbers)
            ends = {way: _character_device(machine, f"{way}{number}", undo) for way in ("out", "in")}
            name = f"wire{number}"
            machine.query(
                "object-add",
                **{"qom-type": "filter-redirector", "id": name, "netdev": "net", "queue": direction},
                outdev=f"out{number}",
                indev=f"in{number}",
            )
            undo.callback(_remove, machine, name)
            carrier = threading.Thread(
                target=carried._carry, args=(ends["out"], ends["in"]), name="lossy wire", daemon=True
            )
            carriers.append(carrier)
            carrier.start()
        undo.callback(carried._cut.set)
        yield carried


def _character_device(machine: VirtualMachine, name: str, undo: contextlib.ExitStack) -> Wire:
    """Our end of a socket pair whose other end QEMU has as a character device."""
    ours, theirs = socket.socketpair()
    wire = Wire(ours)
    undo.callback(wire.close)
    with theirs:
        machine._give(theirs.fileno(), name)
    address = {"type": "fd", "data": {"str": name}}
    machine.query("chardev-add", id=name, backend={"type": "socket", "data": {"addr": address, "server": False}})
    undo.callback(_forget, machine, name)
    return wire


def _remove(machine: VirtualMachine, name: str) -> None:
    with contextlib.suppress(CourseError):  # it may have ended
        machine.query("object-del", id=name)


def _forget(machine: VirtualMachine, name: str) -> None:
    with contextlib.suppress(CourseError):
        machine.query("chardev-remove", id=name)
