"""A power cut: QEMU is killed in the middle of what its guest does, and the disk is what it is then."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from unilab.errors import MachineError
from unilab.machines.network import LOOPBACK, Forward, UserNetwork
from unilab.machines.result import State
from unilab.machines.run import start
from unilab.machines.virtual_machine import VirtualMachine
from unilab.machines.web import wait_until_it_speaks
from unilab.toolchain import Image

_PORT, _PATIENCE, _LOOK_SECONDS = 8080, 30.0, 0.01
_DEADLINE = 120.0
#: Values lie in their directory's block, or take a block of their own, or several.
_SIZES = (40, 600, 5000)
#: Seconds at most between the last request and the cut: about as long as a request takes.
_LONGEST_DELAY = 0.01
_NOTHING: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PowerCut:
    """What a client knows after the power was cut.

    Attributes:
        acknowledged: Each key whose value the store said it had, and that value.
        under_way: The key of the last request, and its value.
        answered: Whether that one was acknowledged, too, just before the cut.
    """

    acknowledged: dict[str, bytes]
    under_way: tuple[str, bytes]
    answered: bool

    def explains(self, found: Mapping[str, bytes], before: Mapping[str, bytes] = _NOTHING) -> bool:
        """Whether nothing that was acknowledged is lost: the last request may have been carried out, or not.

        Args:
            found: What the disk has now.
            before: What it had before the store was started.
        """
        key, value = self.under_way
        expected = {**before, **self.acknowledged}
        return found in (expected, {**expected, key: value})

    def __str__(self) -> str:
        """In a line."""
        after = "acknowledged just before" if self.answered else "not acknowledged"
        return f"power cut: {len(self.acknowledged)} keys acknowledged, the request for {self.under_way[0]} {after}"

    __repr__ = __str__


def store_until_power_cut(
    image: Image, disk: str | Path, *, puts: int = 30, seed: int | None = None, sizes: Sequence[int] = _SIZES
) -> PowerCut:
    """Run a key-value store such as ``kv.c`` on a disk, store values over HTTP, and kill QEMU during the last request.

    Args:
        image: The store, which listens on port 8080 and keeps its values in ``/data``.
        disk: Its disk.
        puts: Requests to make; the power is cut during the last.
        seed: Chooses keys, values and the moment; None: others each time.
        sizes: Bytes of a value; one of these.

    Raises:
        MachineError: The store does not answer, or refuses a value.
    """
    chance = random.Random(seed)
    acknowledged: dict[str, bytes] = {}
    network = UserNetwork((Forward(0, _PORT),))
    with start(image, disks=[disk], network=network, deadline=_DEADLINE) as machine:
        assert isinstance(machine, VirtualMachine)
        _until_it_answers(machine)
        connection = http.client.HTTPConnection(LOOPBACK, machine.host_port(_PORT), timeout=_PATIENCE)
        with contextlib.closing(connection):
            for last in [*[False] * (puts - 1), True]:
                key = f"key-{chance.randrange(8)}"
                value = chance.randbytes(chance.choice(sizes))
                connection.request("PUT", f"/{key}", value)
                if last:
                    # Nothing is waited for: the disk may be anywhere in its work.
                    time.sleep(chance.random() * _LONGEST_DELAY)
                    os.kill(machine.pid, signal.SIGKILL)
                try:
                    response = connection.getresponse()
                    response.read()
                except (OSError, http.client.HTTPException):
                    if not last:
                        raise
                    return PowerCut(acknowledged, (key, value), answered=False)
                if response.status != http.client.OK:
                    raise MachineError(f"the store answers {response.status} {response.reason}")
                acknowledged[key] = value
    return PowerCut(acknowledged, (key, value), answered=True)


def fetch_all(image: Image, disk: str | Path) -> dict[str, bytes]:
    """Boot the store anew on a disk, and ask it for everything it has.

    Raises:
        MachineError: It does not answer.
    """
    network = UserNetwork((Forward(0, _PORT),))
    with start(image, disks=[disk], network=network, deadline=_DEADLINE) as machine:
        assert isinstance(machine, VirtualMachine)
        _until_it_answers(machine)
        port = machine.host_port(_PORT)
        return {key: _get(port, key) for key in _get(port, "").decode().split()}


def _get(port: int, key: str) -> bytes:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", f"/{key}", headers={"Connection": "close"})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise MachineError(f"the store answers {response.status} {response.reason}")
        return response.read()


def _until_it_answers(machine: VirtualMachine) -> None:
    wait_until_it_speaks(machine)
    end = time.monotonic() + _PATIENCE
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            _get(machine.host_port(_PORT), "")
            return
        if machine.state is State.ENDED or time.monotonic() > end:
            raise MachineError("the store does not answer", command=machine.command, console=machine.console.text)
        time.sleep(_LOOK_SECONDS)
