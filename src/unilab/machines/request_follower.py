"""One connection of a guest's server, followed through QEMU's log.

A stretch of it begins with the interrupt that told of a frame, when the guest had nothing to do, and ends when the
driver notifies the card of the frame that goes out for it. In between, whatever the processor does belongs to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from unilab.architectures import in_words
from unilab.errors import CourseError, MachineError, Unavailable
from unilab.machines import execution_log, qemu
from unilab.machines.capture import Capture, capture
from unilab.machines.execution_log import Logged
from unilab.machines.guest_journey import SWITCH, TIMERS
from unilab.machines.linux_guest import LinuxGuest
from unilab.machines.request_client import Client, Patience
from unilab.machines.result import State
from unilab.machines.stepper import Stepper
from unilab.machines.unikernel import Unikernel
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces.exchange import CLOSE, CONNECT, REQUEST, Exchange, Stretch
from unilab.spaces.executed import Executed, Place
from unilab.spaces.folding import Folder
from unilab.spaces.journey import Journey, Ring, Step
from unilab.spaces.kallsyms import KernelSymbol
from unilab.spaces.kernel_places import KernelPlaces
from unilab.spaces.packets import Packet, conversation
from unilab.spaces.program_places import ProgramPlaces
from unilab.spaces.virtual_memory import VirtualMemory
from unilab.toolchain.structures import structure

#: The port of the guest's server.
PORT = 80
_T = TypeVar("_T")
#: Callers on a stack, at most.
_DEEPEST = 32
_USER_LEVEL = 3
#: Physical addresses of interrupt controllers and timers of every PC: what is written there is no frame.
#: Source: Intel SDM, volume 3A, "Local APIC"; QEMU, hw/i386.
_CONTROLLERS = range(0xFEC0_0000, 0xFEF0_0000)
_PORTS = 0x1_0000
#: The number of a card's transmit queue, which is what its driver writes to notify the card.
#: Source: Virtio 1.2, section "Network Device", "Virtqueues".
_TRANSMIT_QUEUE = 1


@dataclass(frozen=True, slots=True)
class _Landmarks:
    """Functions by which a stretch is found in the log.

    Attributes:
        interrupt: Where an interrupt of a device begins.
        received: Where a segment arrives in TCP.
        answered: Where the server's answer arrives in TCP.
        sent: By where each frame goes out.
        switch: Where the processor goes on with another stack.
    """

    interrupt: str
    received: str
    answered: str
    sent: str
    switch: str


@dataclass(frozen=True, slots=True)
class _Stacks:
    """Functions on stacks, outermost first.

    Attributes:
        idle: Of the idle thread, without the one that halted the processor.
        waiting: Of the program's thread, which waits.
    """

    idle: tuple[Place, ...]
    waiting: tuple[Place, ...]


_LANDMARKS = {
    "unikernel": _Landmarks(
        "libos_interrupt_stubs", "libos_tcp_input", "libos_tcp_send", "libos_ethernet_send", SWITCH
    ),
    "linux": _Landmarks("irq_entries_start", "tcp_v4_rcv", "tcp_sendmsg", "dev_hard_start_xmit", "__switch_to_asm"),
}


class Follower:
    """Follows one connection of a server that waits for one."""

    def __init__(self, machine: VirtualMachine, architecture: str, path: str) -> None:
        self._machine = machine
        self._architecture = architecture
        self._path = path
        self._landmarks = _LANDMARKS[architecture]
        self._places = ProgramPlaces.of(machine.image.debug, machine.image.map)
        self._kernel = KernelPlaces(_kernel_symbols(machine)) if isinstance(machine, LinuxGuest) else None

    def exchange(self, *, whole: bool) -> Exchange:
        """Follow it: the request, and with ``whole`` the connection's beginning and end."""
        journeys: dict[str, Journey] = {}
        with capture(self._machine) as seen:

            def has_sent(wanted: Callable[[Packet], object]) -> Callable[[], bool]:
                return lambda: any(p.outgoing and wanted(p) for p in _of_connection(seen))

            def step(named: str, act: Callable[[], _T], over: Callable[[], bool], *, follow: bool) -> _T:
                if not follow:
                    result = act()
                    self._until(over)
                    return result
                result, journeys[named] = self._followed(named, act, over)
                return result

            port = self._machine.host_port(PORT)
            client = step(CONNECT, lambda: Client(port, self._path), has_sent(lambda p: "SYN" in p.flags), follow=whole)
            with contextlib.closing(client):
                step(REQUEST, client.send, has_sent(lambda p: p.length), follow=True)
                answer = client.answer()
                self._until(lambda: any(not p.outgoing and p.flags == ("ACK",) for p in _tail(seen)))
                step(CLOSE, client.close, has_sent(lambda p: "FIN" in p.flags), follow=whole)
            self._until(lambda: _is_closed(_of_connection(seen)))
            packets = _of_connection(seen)
        return Exchange(packets, tuple(_stretches(packets, journeys)), answer)

    def _until(self, over: Callable[[], bool]) -> None:
        patience = Patience("the server has sent less than was expected")
        while not over():
            patience.wait(self._machine)

    def _followed(self, named: str, act: Callable[[], _T], over: Callable[[], bool]) -> tuple[_T, Journey]:
        """Have something sent to the guest that has nothing to do, and follow it to its first frame."""
        machine = self._machine
        self._pause_idle()
        # Behind the instruction that halted it, which is where the interrupt will come.
        halt = machine.registers().rip - 1
        stacks = self._stacks()
        result = act()

        def run() -> None:
            machine.resume()
            self._until(over)
            machine.pause()

        logged = [Logged(halt, 0), *execution_log.record(machine, run)]
        machine._stub()
        stepper = Stepper(machine)
        steps = self._folded(logged, stepper, stacks, answers=named == REQUEST)
        machine.resume()
        return result, Journey(
            name=f"{named} of {machine.image.program.stem} {in_words(self._architecture)}",
            architecture=self._architecture,
            steps=steps,
            method=self._method(),
            origin=datetime.now().astimezone().isoformat(timespec="seconds"),
        )

    def _pause_idle(self) -> None:
        patience = Patience("the guest never has nothing to do")
        while True:
            self._machine.pause()
            registers = self._machine.registers()
            if registers.halted and self._machine.state is State.PAUSED:
                return
            self._machine.resume()
            patience.wait(self._machine)

    def _place(self, address: int, ring: Ring) -> Place:
        if ring is Ring.KERNEL and self._kernel is not None:
            return self._kernel.at(address)
        return self._places.at(address)

    def _ring(self, logged: Logged) -> Ring:
        return Ring.USER if logged.privilege_level == _USER_LEVEL else Ring.KERNEL

    def _folded(self, logged: list[Logged], stepper: Stepper, stacks: _Stacks, *, answers: bool) -> tuple[Step, ...]:
        """The steps between the interrupt of the first segment and the card's notification of the first frame."""
        names = [self._place(each.address, self._ring(each)).function for each in logged]
        marks = self._landmarks

        def first(name: str, start: int) -> int:
            try:
                return names.index(name, start)
            except ValueError:
                raise MachineError(
                    f"the guest did not come by {name} on its way", remedy="follow a server that answers by itself"
                ) from None

        received = first(marks.received, 0)
        interrupt = received
        while interrupt and not names[interrupt].startswith(marks.interrupt):
            interrupt -= 1
        while interrupt and names[interrupt - 1].startswith(marks.interrupt):
            interrupt -= 1
        sent = first(marks.sent, first(marks.answered, received) if answers else received)
        end = next((i for i in range(sent, len(logged)) if _is_notification(logged[i])), len(logged) - 2)
        folder = Folder(
            self._place,
            left_out=TIMERS,
            switch=marks.switch,
            waiting=stacks.waiting,
            callers=tuple(Step(p.function, p.owner, Ring.KERNEL, depth) for depth, p in enumerate(stacks.idle)),
        )
        for each in [logged[0], *logged[interrupt : end + 2]]:
            port = each.device if each.device is not None and each.device < _PORTS else 0
            folder.add(Executed(each.address, stepper.code(each.address), self._ring(each), port))
        return folder.steps

    def _stacks(self) -> _Stacks:
        """What is on the stacks of a unikernel that has nothing to do; nothing for Linux, whose stacks say less."""
        machine = self._machine
        if not isinstance(machine, Unikernel):
            return _Stacks((), ())
        registers = machine.registers()
        memory = VirtualMemory(registers.cr3 & ~0xFFF, machine.memory, levels=registers.levels)
        thread = memory.unsigned(machine.symbols.address("libos_all_threads"))
        shape = structure(machine.image.debug, "thread")
        if memory.unsigned(thread + shape.offset("all_next")):
            raise CourseError(
                "a server with several threads cannot be followed",
                remedy="follow one that has a single one, such as httpd.c",
            )
        frame, saved = memory.unsigned(thread + shape.offset("rsp")), structure(machine.image.debug, "switch_frame")
        waits_in = memory.unsigned(frame + saved.offset("rip"))
        waiting = [waits_in, *_return_addresses(memory, memory.unsigned(frame + saved.offset("rbp")))]
        callers = _return_addresses(memory, dict(registers.general)["RBP"])
        return _Stacks(self._outermost_first(callers), self._outermost_first(waiting))

    def _outermost_first(self, addresses: Sequence[int]) -> tuple[Place, ...]:
        places = [self._places.at(address) for address in reversed(addresses)]
        return tuple(place for place in places if place.owner)

    def _method(self) -> str:
        version = ".".join(map(str, qemu.find().version))
        how = "every instruction from its log, with a clock that counts these"
        running = f"emulated by QEMU {version}, {self._machine.machine}: {how}"
        if isinstance(self._machine, LinuxGuest):
            return f"Linux {self._machine.kernel().notes.release} {running}; what timers did is left out"
        return running


def _return_addresses(memory: VirtualMemory, base: int) -> list[int]:
    """Along the chain of frame pointers, innermost first. System V AMD64 ABI, section 3.2.2."""
    found: list[int] = []
    while base and len(found) < _DEEPEST:
        found.append(memory.unsigned(base + 8))
        base = memory.unsigned(base)
    return [address for address in found if address]


def _is_notification(logged: Logged) -> bool:
    device = logged.device
    return device is not None and device >= _PORTS and device not in _CONTROLLERS and logged.written == _TRANSMIT_QUEUE


def _kernel_symbols(guest: LinuxGuest) -> list[KernelSymbol]:
    """Those of the kernel, and those of its modules, which only the running kernel tells."""
    modules = []
    with contextlib.suppress(Unavailable):
        for line in guest.shell("grep -F [ /proc/kallsyms").splitlines():
            address, kind, name, *_ = line.split()
            modules.append(KernelSymbol(int(address, 16), kind, name))
    return [*guest.kernel().symbols, *modules]


def _of_connection(seen: Capture) -> tuple[Packet, ...]:
    """The packets of the first connection that began in the capture, numbered by themselves."""
    packets = conversation(seen.packets, PORT)
    begins = next((p for p in packets if p.flags == ("SYN",)), None)
    if begins is None:
        return ()
    ends = {begins.sender, begins.receiver}
    own = [p for p in packets if p.number >= begins.number and {p.sender, p.receiver} == ends]
    return tuple(replace(p, number=number, seconds=p.seconds - begins.seconds) for number, p in enumerate(own, 1))


def _tail(seen: Capture) -> Sequence[Packet]:
    """What came after the answer's first frame."""
    packets = _of_connection(seen)
    first = next((i for i, p in enumerate(packets) if p.outgoing and p.length), len(packets))
    return packets[first + 1 :]


def _is_closed(packets: Sequence[Packet]) -> bool:
    """Whether both sides have said that they are done, and have been told so."""
    ends = [i for i, p in enumerate(packets) if "FIN" in p.flags]
    return len({packets[i].outgoing for i in ends}) == 2 and ends[-1] < len(packets) - 1


def _stretches(packets: Sequence[Packet], journeys: Mapping[str, Journey]) -> Iterator[Stretch]:
    """Each journey between the packets that it is about."""
    wanted: dict[str, tuple[Callable[[Packet], object], Callable[[Packet], object]]] = {
        CONNECT: (lambda p: "SYN" in p.flags, lambda p: "SYN" in p.flags),
        REQUEST: (lambda p: p.length, lambda p: p.length),
        CLOSE: (lambda p: "FIN" in p.flags, lambda p: True),
    }
    for named, journey in journeys.items():
        begins, ends = wanted[named]
        arrives = next(p for p in packets if not p.outgoing and begins(p))
        leaves = next(p for p in packets[arrives.number :] if p.outgoing and ends(p))
        yield Stretch(journey, arrives.number, leaves.number, named)
