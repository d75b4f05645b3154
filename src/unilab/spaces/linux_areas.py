"""What the parts of a Linux process's address space are: the kernel's half by its areas, its own half by its parts.

Source: Linux, Documentation/arch/x86/x86_64/mm.rst. Where an area begins is, for most, a variable of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unilab.spaces.labels import Label
from unilab.spaces.linux import LinuxKernel, Task
from unilab.toolchain.linkmap import PROGRAM

_KERNEL = "kernel"
_TIB = 1 << 40
#: arch/x86/include/asm/page_64_types.h: THREAD_SIZE without KASAN.
_KERNEL_STACK = 16 << 10
#: Fixed ranges of the upper half, the same for 4 and 5 levels.
_FIXED = (
    (0xFFFF_FE00_0000_0000, 0xFFFF_FE80_0000_0000, "cpu entry area", "mapping"),
    (0xFFFF_FF00_0000_0000, 0xFFFF_FF80_0000_0000, "espfix stacks", "stack"),
    (0xFFFF_FFEF_0000_0000, 0xFFFF_FFFF_0000_0000, "EFI region", "mapping"),
    (0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_FF00_0000, "modules and BPF programs", "mapping"),
    (0xFFFF_FFFF_FF00_0000, 0xFFFF_FFFF_FF80_0000, "fixmap", "device"),
    (0xFFFF_FFFF_FF60_0000, 0xFFFF_FFFF_FF60_1000, "vsyscall", "vdso"),
)
#: Where the tables for a process's own segments are, with page-table isolation; and how large the kernel's areas are.
_LDT = {4: (0xFFFF_8800_0000_0000, 0xFFFF_8880_0000_0000), 5: (0xFF10_0000_0000_0000, 0xFF11_0000_0000_0000)}
_VMALLOC_TIB = {4: 32, 5: 12800}
_VMEMMAP_TIB = {4: 1, 5: 512}
#: Parts of the kernel's image by the symbols at their edges. The widest first: the shortest counts.
_IMAGE = (
    ("_text", "_end", "kernel image", ""),
    ("_text", "_etext", "kernel text", "text"),
    ("__start_rodata", "__end_rodata", "kernel read-only data", "read-only data"),
    ("_sdata", "_edata", "kernel data", "data"),
    ("__init_begin", "__init_end", "kernel start-up code and data, given back", ""),
    ("__bss_start", "__bss_stop", "kernel bss", "bss"),
    ("__brk_base", "__brk_limit", "kernel early heap", "heap"),
)
#: In pages of this size is the image mapped, to the end of the last.
_LARGE_PAGE = 2 << 20
_USER_HALF = 1 << 47
#: How much a stack may grow where nobody has said otherwise.
_STACK_LIMIT = 8 << 20


def kernel_labels(kernel: LinuxKernel, tasks: Sequence[Task]) -> list[Label]:
    """The kernel's half, the same in every process."""
    levels = kernel.notes.levels
    direct, vmalloc, vmemmap = (kernel.value(name) for name in ("page_offset_base", "vmalloc_base", "vmemmap_base"))
    ranges = [
        (*_LDT[levels], "LDT remap", "data"),
        (direct, vmalloc, "direct map of all memory", "mapping"),
        (vmalloc, vmalloc + _VMALLOC_TIB[levels] * _TIB, "vmalloc area", "mapping"),
        (vmemmap, vmemmap + _VMEMMAP_TIB[levels] * _TIB, "vmemmap: a struct page for each frame", "mapping"),
        *_FIXED,
        *_image(kernel),
        (*kernel.per_processor(), "per-processor data", "data"),
        *((start, -(-end // 4096) * 4096, f"module {name}", "") for name, start, end in kernel.modules()),
        *(
            (task.stack, task.stack + _KERNEL_STACK, f"kernel stack of {task.name}", "stack")
            for task in tasks
            # The idle task's is part of the kernel's data.
            if task.pid
        ),
    ]
    return [Label(start, end, text, kind, _KERNEL) for start, end, text, kind in ranges]


def process_labels(kernel: LinuxKernel, task: Task, image: Sequence[Label] = ()) -> list[Label]:
    """A process's own half.

    Args:
        kernel: The kernel it runs on.
        task: The process.
        image: What the parts of its image are, from ``labels.of_image``; empty where that is not known.
    """
    parts = task.parts
    found = [Label(0, _USER_HALF, "anonymous mapping", "mapping", PROGRAM), *image]
    if not image and parts["start_code"]:
        found.append(Label(parts["start_code"] & -4096, parts["start_brk"], f"image of {task.name}", "", PROGRAM))
    if parts["brk"] > parts["start_brk"]:
        found.append(Label(parts["start_brk"] & -4096, -(-parts["brk"] // 4096) * 4096, "heap", "heap", PROGRAM))
    if parts["start_stack"]:
        # It grows down from here; what lies above are arguments and environment.
        top = -(-parts["env_end"] // 4096) * 4096
        found.append(Label(parts["start_stack"] - _STACK_LIMIT, top + 4096, "main stack", "stack", PROGRAM))
    if (vdso := kernel.vdso(task)) is not None:
        start, end, data = vdso
        found += [Label(start, end, "vdso", "vdso", _KERNEL), Label(data, start, "vvar", "vdso", _KERNEL)]
    return found


def _image(kernel: LinuxKernel) -> Iterator[tuple[int, int, str, str]]:
    for first, last, text, kind in _IMAGE:
        start, end = kernel.symbol_or_none(first), kernel.symbol_or_none(last)
        if start is not None and end is not None:
            page = _LARGE_PAGE if first == "_text" and last == "_end" else 4096
            yield start & -4096, -(-end // page) * page, text, kind
