"""The address spaces of a Linux guest, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from unilab.errors import MachineError
from unilab.machines.guest_memory import GuestMemory
from unilab.spaces import guest, labels, linux_areas
from unilab.spaces.linux import LinuxKernel, Task
from unilab.spaces.model import AddressSpace

#: Characters of a process's name that the kernel keeps.
_NAME_LIMIT = 15


def read(
    machine: GuestMemory,
    kernel: LinuxKernel,
    program: str,
    image: Sequence[labels.Label],
    *,
    called: str,
    is_parent: Callable[[Task], bool],
) -> Iterator[AddressSpace]:
    """From the page tables of each process, which the kernel's list of tasks leads to; last the kernel's own.

    Args:
        machine: The guest, which stands still.
        kernel: The kernel in its memory.
        program: The program's name inside.
        image: What the parts of the program's image are.
        called: What to call its address space.
        is_parent: Whether a task is the one that started it: others may have its name.

    Raises:
        MachineError: The program does not run in the guest.
    """
    registers, tasks = machine.registers(), kernel.tasks()
    kernels = linux_areas.kernel_labels(kernel, tasks)

    def space(name: str, root: int, own: Sequence[labels.Label], where: str) -> AddressSpace:
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        origin = f"QEMU {machine.machine}, {machine.accelerator}, Linux {kernel.notes.release}, {where}, {now}"
        return guest.labelled(registers, machine.memory, [*own, *kernels], name=name, origin=origin, root=root)

    def is_program(task: Task) -> bool:
        return task.table is not None and task.name == program[:_NAME_LIMIT] and is_parent(kernel.parent(task))

    first = next((task for task in tasks if is_program(task)), None)
    if first is None:
        raise MachineError("the program does not run in the guest, or not yet", remedy="look while it runs")
    for task in (first, *(task for task in tasks if task is not first)):
        if task.table is None:
            continue
        name = f"{task.name}, process {task.pid} of the Linux guest"
        if task is first:
            name = called
        own = linux_areas.process_labels(kernel, task, image if task is first else ())
        where = f"page tables of process {task.pid}"
        yield space(name, task.table, own, where)
        if task.user_table is not None:
            yield space(f"{name}, while its own code runs", task.user_table, own, where)
    yield space("the kernel of the Linux guest by itself", kernel.notes.root, (), "page tables at swapper_pg_dir")
