"""Guests followed from a call to the device: a unikernel step by step, Linux and Xen by QEMU's log."""

from __future__ import annotations

from collections.abc import Callable
from itertools import dropwhile

from unilab.errors import MachineError
from unilab.machines import execution_log
from unilab.machines.linux_guest import LinuxGuest
from unilab.machines.stepper import Moment, Stepper
from unilab.machines.unikernel import Unikernel
from unilab.machines.virtual_machine import VirtualMachine
from unilab.machines.xen_guest import XenGuest
from unilab.spaces.executed import Executed, Place
from unilab.spaces.folding import Folder
from unilab.spaces.journey import Ring, Step
from unilab.spaces.kernel_places import KernelPlaces
from unilab.spaces.program_places import ProgramPlaces

#: The data register of the first serial line: the console of every guest here.
_CONSOLE_PORT = "out 0x3f8"
_PORTS = 0x1_0000
#: More than any call here takes; a call that waits for something would go on for ever.
_MOST_INSTRUCTIONS = 300_000
_USER_LEVEL = 3
#: All that is known of privilege level 0 under Xen: its symbols are in none of Debian's packages.
_XEN = Place("Xen", "Xen")
#: The library OS's scheduler: where it goes on with another stack, and who runs when nobody else can.
SWITCH, IDLE = "libos_context_switch", Place("idle", "library OS")
#: How Linux is interrupted by what keeps its time. Source: Linux, arch/x86/include/asm/idtentry.h.
TIMERS = frozenset({"asm_sysvec_apic_timer_interrupt", "asm_sysvec_irq_work"})


def unikernel(machine: Unikernel, places: ProgramPlaces, *, until: str, vm_exits: bool) -> tuple[Step, ...]:
    """Step a unikernel from the entry of a function, where its stub has stopped it.

    Args:
        machine: The unikernel.
        places: What its addresses are.
        until: ``device`` or ``return``, as for ``journey``.
        vm_exits: As for ``journey``.

    Raises:
        MachineError: The call does not end.
    """
    stepper = Stepper(machine)
    first = stepper.now()
    end = _End(first.rsp, Ring.KERNEL, _back(stepper, first), until)
    folder = _folder(lambda address, _: places.at(address), end, vm_exits)
    for count, now in enumerate(stepper.moments()):
        if end.reached(folder, Executed(now.rip, stepper.code(now.rip), Ring.KERNEL, now.rdx), now.rsp):
            return folder.steps
        if count > _MOST_INSTRUCTIONS:
            raise MachineError(
                f"the call had not ended after {count:,} instructions", remedy="follow a call that waits for nothing"
            )
    raise AssertionError("moments never end by themselves")


def waiting(machine: Unikernel, places: ProgramPlaces, *, vm_exits: bool) -> tuple[Step, ...]:
    """Follow a unikernel's call that may wait for a device, by QEMU's log, to its return.

    What the idle thread and interrupts do meanwhile is part of it; the program has one thread.

    Arguments and errors are those of ``unikernel``.
    """
    stepper = Stepper(machine)
    first = stepper.now()
    end = _End(first.rsp, Ring.KERNEL, _back(stepper, first), "return")
    logged = execution_log.record(machine, lambda: stepper.run_to_return(first, end.back))
    caller = places.at(end.back)
    folder = Folder(
        lambda address, _: places.at(address),
        callers=(Step(caller.function, caller.owner, Ring.KERNEL, 0),),
        vm_exits=vm_exits,
        switch=SWITCH,
        waiting=[IDLE],
    )
    for entry in dropwhile(lambda entry: entry.address != first.rip, logged):
        port = entry.device if entry.device is not None and entry.device < _PORTS else 0
        folder.add(Executed(entry.address, stepper.code(entry.address), Ring.KERNEL, port))
    folder.add(Executed(end.back, stepper.code(end.back), Ring.KERNEL))
    return folder.steps


def linux(machine: LinuxGuest, places: ProgramPlaces, *, until: str, vm_exits: bool) -> tuple[Step, ...]:
    """Have a Linux guest run from the entry of a function, where its stub has stopped it, and read QEMU's log of that.

    Stepped, it would do nothing but answer its timers. Even so some come: what they do is left out.

    Arguments and errors are those of ``unikernel``.
    """
    kernel = KernelPlaces(machine.kernel().symbols)
    return _from_log(machine, places, Ring.KERNEL, kernel.at, TIMERS, until=until, vm_exits=vm_exits)


def xen(machine: XenGuest, places: ProgramPlaces, *, until: str, vm_exits: bool) -> tuple[Step, ...]:
    """The same for a domain of Xen. Xen's own functions have no names here; what interrupts the domain is left out.

    Arguments and errors are those of ``unikernel``.
    """
    return _from_log(
        machine, places, Ring.HYPERVISOR, lambda _: _XEN, frozenset({_XEN.function}), until=until, vm_exits=vm_exits
    )


def _from_log(
    machine: VirtualMachine,
    places: ProgramPlaces,
    privileged: Ring,
    inside: Callable[[int], Place],
    left_out: frozenset[str],
    *,
    until: str,
    vm_exits: bool,
) -> tuple[Step, ...]:
    """Run and read the log.

    Args:
        machine: The guest.
        places: What the addresses of its programs are.
        privileged: What privilege level 0 is.
        inside: What the addresses there are.
        left_out: As for ``Folder``.
        until: As for ``journey``.
        vm_exits: As for ``journey``.
    """

    def ring(privilege_level: int) -> Ring:
        return Ring.USER if privilege_level == _USER_LEVEL else privileged

    def place(address: int, at: Ring) -> Place:
        return places.at(address) if at is Ring.USER else inside(address)

    stepper = Stepper(machine)
    first = stepper.now()
    end = _End(first.rsp, ring(first.privilege_level), _back(stepper, first), until)
    logged = execution_log.record(machine, lambda: stepper.run_to_return(first, end.back))
    folder = _folder(place, end, vm_exits, left_out)
    # What was due before comes before.
    for entry in dropwhile(lambda entry: entry.address != first.rip, logged):
        port = entry.device if entry.device is not None and entry.device < _PORTS else 0
        if end.reached(folder, Executed(entry.address, stepper.code(entry.address), ring(entry.privilege_level), port)):
            return folder.steps
    # The log ends before the instruction that it was stopped at.
    folder.add(Executed(end.back, stepper.code(end.back), end.ring))
    return folder.steps


class _End:
    """Where a journey that began at a function's entry ends."""

    def __init__(self, stack: int, ring: Ring, back: int, until: str) -> None:
        self.back = back
        self.ring = ring
        self._stack = stack
        self._device = until == "device"

    def reached(self, folder: Folder, now: Executed, stack: int | None = None) -> bool:
        """Add an instruction; whether the journey is over."""
        port = folder.add(now)
        if port == _CONSOLE_PORT and self._device:
            folder.end_at_device(port)
            return True
        return stack is not None and now.address == self.back and stack > self._stack and now.ring is self.ring


def _back(stepper: Stepper, first: Moment) -> int:
    """Where a function returns to that is about to be entered."""
    return int.from_bytes(stepper.memory(first.rsp, 8), "little")


def _folder(
    place: Callable[[int, Ring], Place], end: _End, vm_exits: bool, left_out: frozenset[str] = frozenset()
) -> Folder:
    caller = place(end.back, end.ring)
    callers = (Step(caller.function, caller.owner, end.ring, 0),)
    return Folder(place, callers=callers, vm_exits=vm_exits, left_out=left_out, unnamed=frozenset({_XEN.function}))
