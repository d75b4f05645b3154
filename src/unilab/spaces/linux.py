"""A running Linux, as its memory shows it: symbols, types, tasks and their address spaces.

Nothing in the guest helps: a machine that is paused cannot answer, and a helper inside would be one more process to
see. What tells how to read the memory lies in it: the kernel's notes, its symbols and its types.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from unilab.errors import LayoutError
from unilab.spaces import kallsyms, vmcoreinfo
from unilab.spaces.btf import Btf
from unilab.spaces.virtual_memory import ReadMemory, VirtualMemory

_NAME_BYTES = 16
#: arch/x86/include/asm/cpufeatures.h, X86_FEATURE_PTI: word 7, bit 11.
_PTI_WORD, _PTI_BIT = 7, 11
#: include/linux/sched/signal.h, SIGNAL_GROUP_EXIT.
_GROUP_EXIT = 4
#: With page-table isolation, the table that user code runs with is the page after the kernel's.
_USER_TABLE = 0x1000
_MOST_TASKS = 4096
#: arch/x86/include/asm/vdso/vsyscall.h, __VDSO_PAGES: so many lie before the vdso.
_DATA_PAGES = 6
#: What of mm_struct says where its parts are.
_PARTS = ("start_code", "end_code", "start_brk", "brk", "start_stack", "env_end", "context.vdso")


@dataclass(frozen=True, slots=True)
class Task:
    """A process, or a thread of the kernel.

    Attributes:
        address: Of its task_struct.
        pid: Its number.
        name: As ps shows it, at most 15 characters.
        stack: Where the stack begins that it has in the kernel; grows down towards it.
        table: Physical address of its top page table, bytes; None for a thread of the kernel, which has none.
        user_table: The one it runs its own code with, where the kernel keeps two (page-table isolation); else None.
        parts: Where its parts are, by their names in struct mm_struct: ``start_brk``, ``context.vdso``; 0 for none.
    """

    address: int
    pid: int
    name: str
    stack: int
    table: int | None
    user_table: int | None
    parts: dict[str, int]


class LinuxKernel:
    """The kernel in a guest's memory. What does not change while it runs is read once.

    Args:
        ram: The guest's whole RAM.
        extents: Ranges of it that are not empty.
        memory: Reads the guest's RAM.

    Raises:
        LayoutError: There is no kernel in it yet, or none that can be read.
    """

    def __init__(self, ram: mmap.mmap | bytes, extents: Iterable[tuple[int, int]], memory: ReadMemory) -> None:
        self.notes = vmcoreinfo.find(ram, extents)
        self._memory = memory
        self.symbols = kallsyms.read(self._now(), self.notes)
        self._by_name = {symbol.name: symbol.address for symbol in reversed(self.symbols)}
        start, end = self.symbol("__start_BTF"), self.symbol("__stop_BTF")
        self.types = Btf(self._now().read(start, end - start))

    def symbol(self, name: str) -> int:
        """The address of a symbol: the first, where several have the name.

        Raises:
            LayoutError: There is none.
        """
        try:
            return self._by_name[name]
        except KeyError as error:
            raise LayoutError(f"this kernel has no symbol {name}") from error

    def symbol_or_none(self, name: str) -> int | None:
        """The address of a symbol; None where there is none."""
        return self._by_name.get(name)

    def value(self, name: str) -> int:
        """The 64-bit number in a variable.

        Raises:
            LayoutError: There is no such variable.
        """
        return self._now().unsigned(self.symbol(name))

    @cached_property
    def isolated(self) -> bool:
        """Whether processes have two page tables, one without most of the kernel."""
        at = self.symbol("boot_cpu_data") + self.types.offset("cpuinfo_x86", "x86_capability") + 4 * _PTI_WORD
        return bool(self._now().unsigned(at, 4) >> _PTI_BIT & 1)

    def tasks(self) -> list[Task]:
        """Every process and every thread of the kernel, the idle one first; not the other threads of processes.

        Raises:
            LayoutError: The list of tasks makes no sense, as in the middle of a change.
        """
        memory, link = self._now(), self.types.offset("task_struct", "tasks")
        first = self.symbol("init_task")
        found, at = [self._task(memory, first)], memory.unsigned(first + link) - link
        while at != first:
            if len(found) > _MOST_TASKS:
                raise LayoutError("the kernel's list of tasks has no end")
            found.append(self._task(memory, at))
            at = memory.unsigned(at + link) - link
        return found

    def current(self) -> Task:
        """The process whose thread the processor runs, or the thread of the kernel."""
        memory = self._now()
        thread = self._current_thread(memory)
        return self._task(memory, memory.unsigned(thread + self.types.offset("task_struct", "group_leader")))

    def parent(self, task: Task) -> Task:
        """The process that a process is a child of."""
        memory = self._now()
        return self._task(memory, memory.unsigned(task.address + self.types.offset("task_struct", "real_parent")))

    def is_program(
        self, name: str, *, ends: bool = False, parent: Callable[[Task], bool] = lambda task: task.pid == 1
    ) -> bool:
        """Whether the processor runs a child of process 1 that has this name.

        Args:
            name: As ps would show it.
            parent: Tells whether a task is its parent, where that is not process 1.
            ends: Whether, besides, the whole of it is about to end, not one thread of several.
        """
        memory, types = self._now(), self.types
        thread = self._current_thread(memory)
        leader = memory.unsigned(thread + types.offset("task_struct", "group_leader"))
        process = self._task(memory, leader)
        if process.table is None or process.name != name[: _NAME_BYTES - 1] or not parent(self.parent(process)):
            return False
        if not ends:
            return True
        signal = memory.unsigned(thread + types.offset("task_struct", "signal"))
        flags = memory.unsigned(signal + types.offset("signal_struct", "flags"), 4)
        return bool(flags & _GROUP_EXIT) or memory.unsigned(signal + types.offset("signal_struct", "live"), 4) == 1

    def modules(self) -> Iterator[tuple[str, int, int]]:
        """Name and range of addresses of each part of the drivers that were loaded."""
        memory, types = self._now(), self.types
        head, link, name = self.symbol("modules"), types.offset("module", "list"), types.offset("module", "name")
        if types.has("module", "core_layout.base"):
            places = [("core_layout.base", "core_layout.size")]
        else:
            return
        at = memory.unsigned(head)
        while at != head:
            module = at - link
            for base, size in places:
                start = memory.unsigned(module + types.offset("module", base))
                length = memory.unsigned(module + types.offset("module", size), 4)
                yield memory.text(module + name, 56), start, start + length
            at = memory.unsigned(at)

    def per_processor(self) -> tuple[int, int]:
        """The range of addresses of the first processor's variables of its own."""
        start = self._now().unsigned(self.symbol("__per_cpu_offset"))
        return start, start + self.symbol("__per_cpu_end")

    def vdso(self, task: Task) -> tuple[int, int, int] | None:
        """Where a process's vdso begins, where it ends, and where the pages of data before it begin."""
        start = task.parts.get("context.vdso", 0)
        if not start:
            return None
        memory, image = self._now(), self.symbol("vdso_image_64")
        size = memory.unsigned(image + self.types.offset("vdso_image", "size"))
        data = -_DATA_PAGES * 4096
        if self.types.has("vdso_image", "sym_vvar_start"):  # until Linux 6.14
            data = memory.signed(image + self.types.offset("vdso_image", "sym_vvar_start"))
        return start, start + size, start + data

    def _now(self) -> VirtualMemory:
        """Memory as the kernel's own tables show it now."""
        return VirtualMemory(self.notes.root, self._memory, levels=self.notes.levels)

    def _current_thread(self, memory: VirtualMemory) -> int:
        """The task_struct of the thread that the (only) processor runs."""
        area = memory.unsigned(self.symbol("__per_cpu_offset"))
        inside = self.symbol_or_none("current_task")
        if inside is None:
            inside = self.symbol("pcpu_hot") + self.types.offset("pcpu_hot", "current_task")
        return memory.unsigned(area + inside)

    def _task(self, memory: VirtualMemory, at: int) -> Task:
        def member(name: str) -> int:
            return at + self.types.offset("task_struct", name)

        space = memory.unsigned(member("mm")) or self._space_of_threads(memory, at)
        table = user_table = None
        parts: dict[str, int] = {}
        if space:
            root = memory.unsigned(space + self.types.offset("mm_struct", "pgd"))
            table = self._physical(root)
            user_table = table | _USER_TABLE if self.isolated else None
            parts = {name: memory.unsigned(space + self.types.offset("mm_struct", name)) for name in _PARTS}
        return Task(
            at,
            memory.unsigned(member("pid"), 4),
            memory.text(member("comm"), _NAME_BYTES),
            memory.unsigned(member("stack")),
            table,
            user_table,
            parts,
        )

    def _space_of_threads(self, memory: VirtualMemory, leader: int) -> int:
        """The mm_struct of a process whose first thread has ended, and left the others; 0 if there is none."""
        member, node = self.types.offset("task_struct", "mm"), self.types.offset("task_struct", "thread_node")
        signal = memory.unsigned(leader + self.types.offset("task_struct", "signal"))
        head = signal + self.types.offset("signal_struct", "thread_head")
        at = memory.unsigned(head)
        for _ in range(_MOST_TASKS):
            if at == head:
                return 0
            if space := memory.unsigned(at - node + member):
                return space
            at = memory.unsigned(at)
        raise LayoutError("the kernel's list of threads has no end")

    def _physical(self, address: int) -> int:
        """Of an address in the kernel's map of all memory."""
        return address - self._map_of_memory

    @cached_property
    def _map_of_memory(self) -> int:
        return self.value("page_offset_base")
