"""The least memory with which a service still answers, found by trying."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from unilab.errors import CourseError, MachineError, Unavailable
from unilab.machines import Forward, UserNetwork
from unilab.machines.console import Console
from unilab.machines.devices import Devices
from unilab.machines.linux_guest import LinuxGuest
from unilab.measure.service import Listens, Server, Service, arguments, first_response, serve
from unilab.toolchain import Image, build

#: MiB between two amounts that are tried, and the most that is: a whole Linux is not weighed to the MiB.
STEP = {"linux": 16}
MOST = {"linux": 128}
_MOST = 64
_PORT = 80
_DEADLINE = 60.0
#: Seconds that each has for its answer: these, or so many times as long as it took with plenty of memory.
_PATIENCE, _TIMES = 2.0, 5


class FrugalLinux(LinuxGuest):
    """A Linux guest that may have less memory than it can boot with: to see where that is."""

    _least_memory = 1


def least_memory(service: Service, on: str, *, machine: str = "q35", accelerator: str = "tcg") -> int:
    """MiB, tried between two amounts of which the smaller was too little and the larger was enough.

    For a process and a container, it is the address space that they may fill.

    Args:
        service: What has to answer.
        on: As for ``serve``.
        machine: QEMU's machine type, for guests.
        accelerator: For guests.

    Raises:
        MachineError: It does not serve with the most that is tried.
    """

    def serves(memory: int) -> bool:
        try:
            with _serve(service, on, memory, machine=machine, accelerator=accelerator, patience=patience):
                return True
        except Unavailable:
            raise
        except CourseError:
            return False

    step, most = STEP.get(on, 1), MOST.get(on, _MOST)
    patience = None
    begin = time.monotonic()
    if not serves(most):
        raise MachineError(f"{service.program} does not serve as a {on} with {most} MiB of memory")
    # With too little, some boot, and wait for ever. How long to wait for them depends on how busy this host is.
    patience = max(_PATIENCE, _TIMES * (time.monotonic() - begin))
    return search(serves, step, most)


def search(serves: Callable[[int], bool], step: int, most: int) -> int:
    """The least multiple of a step with which something works, if it works with all that are larger.

    Args:
        serves: Whether it does, with that much.
        step: What is tried are multiples of this.
        most: One with which it does.
    """
    low, high = 0, most // step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if serves(middle * step) else (middle, high)
    return high * step


@contextlib.contextmanager
def _serve(
    service: Service, on: str, memory: int, *, machine: str, accelerator: str, patience: float | None
) -> Iterator[Server]:
    if on != "linux":
        with serve(
            service,
            on,
            machine=machine,
            accelerator=accelerator,
            memory=memory,
            deadline=_DEADLINE,
            patience=patience,
        ) as server:
            yield server
        return
    image = service.program if isinstance(service.program, Image) else build(service.program, "linux")
    listens = Listens(service.ready)
    guest = FrugalLinux(
        image,
        Console(listener=listens),
        args=arguments(service, _PORT),
        env={},
        machine=machine,
        accelerator=accelerator,
        memory=memory,
        deadline=_DEADLINE,
        stop_at=None,
        devices=Devices(network=UserNetwork((Forward(0, _PORT),))),
    )
    with guest as running:
        running.start()
        yield first_response(running, _PORT, service, listens, patience)
