"""What one request costs a guest in instructions, counted by QEMU's own log: how many, in how many functions, whose.

The same program under the same emulated processor, whose clock counts instructions, asked the same thing over a
connection that is open already. Everything that the guest executes from the first request's first byte to the last
answer's last byte counts, whoever asked for it, and is divided by the number of requests.
"""

from __future__ import annotations

import contextlib
import http.client
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise

from unilab.errors import MachineError
from unilab.machines import Forward, UserNetwork, execution_log, steady
from unilab.machines.devices import Devices
from unilab.machines.execution_log import Logged
from unilab.machines.linux_guest import LinuxGuest
from unilab.machines.network import LOOPBACK
from unilab.machines.virtual_machine import VirtualMachine
from unilab.measure.service import Listens, Service, arguments, first_response
from unilab.spaces.executed import Place
from unilab.spaces.kernel_places import KernelPlaces
from unilab.spaces.program_places import ProgramPlaces
from unilab.toolchain import Image, build

GUESTS = ("linux", "unikernel")
_PORT = 80
_WARM, _REQUESTS = 3, 8
_DEADLINE = 300.0
_PATIENCE = 20.0
#: Where Linux on x86-64 puts drivers that are modules: their functions' names are not among the kernel's own.
#: Source: Linux, Documentation/arch/x86/x86_64/mm.rst.
_MODULES = 0xFFFF_FFFF_C000_0000
_MODULE = Place("a driver that is a module", "kernel")
#: What a Linux process executes at its own level, and is none of its image's: the kernel's functions for it, vdso(7).
_VDSO = Place("a function of the vdso", "vdso")


@dataclass(frozen=True, slots=True)
class RequestCost:
    """What a guest executed, of all requests together.

    Attributes:
        architecture: ``linux`` or ``unikernel``.
        requests: How many there were.
        instructions: By whose they are: ``program``, ``C library``, ``library OS``, ``vdso``, ``kernel``.
        functions: How many different functions.
        crossings: How often the privilege level changed.
        accesses: How often a device was accessed: under virtualisation, each is a VM exit.
    """

    architecture: str
    requests: int
    instructions: tuple[tuple[str, int], ...]
    functions: int
    crossings: int
    accesses: int

    def each(self, owner: str | None = None) -> float:
        """Instructions for one request: of one owner, or of all."""
        return sum(count for name, count in self.instructions if owner in (None, name)) / self.requests


def request_cost(service: Service, on: str, *, machine: str = "q35", path: str = "/status") -> RequestCost:
    """Count what a guest executes for a request.

    Args:
        service: A web server.
        on: ``linux`` or ``unikernel``.
        machine: QEMU's machine type.
        path: What is asked for.

    Raises:
        MachineError: It does not serve.
        Unavailable: This host cannot run it so.
    """
    image = service.program if isinstance(service.program, Image) else build(service.program, on)
    listens, devices = Listens(service.ready), Devices(network=UserNetwork((Forward(0, _PORT),)))
    args = arguments(service, _PORT)
    guest: VirtualMachine
    if on == "linux":
        guest = steady.linux(
            image,
            args=args,
            env={},
            machine=machine,
            stop_at=None,
            deadline=_DEADLINE,
            devices=devices,
            on_output=listens,
        )
    else:
        guest = steady.unikernel(
            image, args=args, env={}, machine=machine, deadline=_DEADLINE, devices=devices, on_output=listens
        )
    with guest as running:
        running.start()
        server = first_response(running, _PORT, service, listens)
        with _connected(server.port, path) as ask:
            _repeat(ask, _WARM)
            logged = execution_log.record(guest, partial(_repeat, ask, _REQUESTS))
        return count(logged, _places(guest, image), on, _REQUESTS)


def count(logged: Iterable[Logged], place: Callable[[int, int], Place], on: str, requests: int) -> RequestCost:
    """Count what is in a log.

    An instruction that repeats itself, such as ``rep movsb``, is logged each time round, and counts once.

    Args:
        logged: What was executed, in order.
        place: What an address is, at a privilege level.
        on: The architecture.
        requests: How many there were.
    """
    seen: list[tuple[int, int]] = []
    accesses = 0
    for key, same in groupby(logged, key=lambda entry: (entry.address, entry.privilege_level)):
        seen.append(key)
        accesses += any(entry.device is not None for entry in same)
    known = {key: place(*key) for key in set(seen)}
    owners = Counter(known[key].owner for key in seen)
    return RequestCost(
        architecture=on,
        requests=requests,
        instructions=tuple(owners.most_common()),
        functions=len(set(known.values())),
        crossings=sum(one[1] != other[1] for one, other in pairwise(seen)),
        accesses=accesses,
    )


def _repeat(ask: Callable[[], None], times: int) -> None:
    for _ in range(times):
        ask()


def _places(guest: VirtualMachine, image: Image) -> Callable[[int, int], Place]:
    program = ProgramPlaces.of(image.debug, image.map)
    if not isinstance(guest, LinuxGuest):
        return lambda address, _: program.at(address)
    guest.pause()
    kernel = KernelPlaces(guest.kernel().symbols)

    def place(address: int, privilege_level: int) -> Place:
        if privilege_level:
            at = program.at(address)
            return at if at.owner else _VDSO
        return _MODULE if address >= _MODULES else kernel.at(address)

    return place


@contextlib.contextmanager
def _connected(port: int, path: str) -> Iterator[Callable[[], None]]:
    """A connection that stays open, as a function that asks on it once."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_PATIENCE)

    def ask() -> None:
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            raise MachineError(f"the server does not answer: {error}") from error
        if response.status != http.client.OK:
            raise MachineError(f"the server answers {response.status} to {path}")

    with contextlib.closing(connection):
        yield ask
