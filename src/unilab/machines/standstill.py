"""``standstill(machine)``: waits until a unikernel and its device wait for each other, and says how they stand."""

from __future__ import annotations

from unilab.errors import CourseError, MachineError
from unilab.machines.device_log import device_states
from unilab.machines.lifecycle import PATIENCE
from unilab.machines.machine import Machine
from unilab.machines.result import State
from unilab.machines.unikernel import Unikernel
from unilab.machines.virtqueue import virtqueues
from unilab.spaces.standstill import Standstill
from unilab.spaces.virtqueue import QueueState

#: So many looks in a row must find the same, with the guest running in between.
_LOOKS = 3


def standstill(machine: Machine) -> Standstill:
    """Wait until a unikernel is halted for good: nothing under way can end its wait for a device.

    A device that is only slow is waited for.

    Args:
        machine: A running unikernel with a virtio device. It runs on.

    Raises:
        CourseError: It is no unikernel.
        MachineError: It ended, so it did not wait for ever.
        DeadlineExceeded: It did not come to a standstill before the machine's deadline.
        Unavailable: QEMU is older than 7.2.
    """
    if not isinstance(machine, Unikernel):
        raise CourseError("only a unikernel's rings are known well enough", remedy='start it on="unikernel"')
    before: tuple[object, ...] = ()
    alike = 0
    while True:
        found = _look(machine)
        now = tuple(_outline(each.queue) for each in found)
        hopeless = [each for each in found if each.hopeless]
        alike = alike + 1 if hopeless and now == before else 0
        before = now
        if alike >= _LOOKS:
            return hopeless[0]
        if machine.state is State.ENDED:
            machine.wait()  # which raises, if it was its deadline
            raise MachineError("the machine has ended: it did not wait for ever")


def now(machine: Machine) -> tuple[Standstill, ...]:
    """How each queue in use and its device stand at this moment, hopeless or not; empty if no device is in use.

    Raises:
        MachineError: The machine has ended.
        Unavailable: QEMU is older than 7.2.
    """
    assert isinstance(machine, Unikernel)
    try:
        queues = virtqueues(machine)
    except MachineError:
        raise
    except CourseError:
        return ()  # none is in use yet
    states, said = device_states(machine), machine.complaints
    return tuple(Standstill(queue, states[queue.device], said) for queue in queues if queue.device in states)


def _look(machine: Unikernel) -> tuple[Standstill, ...]:
    """The same of a machine that is halted; empty while it is not, or when it has ended."""
    try:
        return now(machine) if machine.registers().halted else ()
    except MachineError:
        # It may have ended between two questions.
        if not machine._live_keeper().ended.wait(PATIENCE):
            raise
        return ()


def _outline(queue: QueueState) -> tuple[object, ...]:
    return (queue.name, queue.available_index, queue.device_index, queue.used_index, queue.driver)
