"""What a Linux kernel leaves in memory for whoever reads its memory from outside: the "vmcoreinfo" note.

It is text: where the kernel lies, where its symbols are, how deep its page tables. Crash dumps are read with it.

Source: Linux, Documentation/admin-guide/kdump/vmcoreinfo.rst.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from unilab.errors import LayoutError

_FIRST_WORD = b"OSRELEASE="
_NEEDED = ("BUILD-ID", "SYMBOL(swapper_pg_dir)", "SYMBOL(_stext)", "SYMBOL(kallsyms_names)", "NUMBER(phys_base)")
#: The kernel's text and data are mapped from here on, at a distance of phys_base from where they lie.
_KERNEL_MAP = 0xFFFF_FFFF_8000_0000
_LONGEST = 1 << 16
_LINE = re.compile(r"([A-Z-]+(?:\([\w.]+\))?)=(.*)")


@dataclass(frozen=True, slots=True)
class KernelNotes:
    """The note's lines by their names, as text.

    Attributes:
        values: ``SYMBOL(_stext)`` -> ``ffffffff81000000``; SYMBOL and KERNELOFFSET are hexadecimal.
    """

    values: Mapping[str, str]

    @property
    def release(self) -> str:
        """As ``uname -r`` has it."""
        return self.values["OSRELEASE"]

    @property
    def build_id(self) -> str:
        """Tells this build of the kernel from every other."""
        return self.values["BUILD-ID"]

    @property
    def levels(self) -> int:
        """Levels of its page tables: 4 or 5."""
        return 5 if self.values.get("NUMBER(pgtable_l5_enabled)") == "1" else 4

    @property
    def root(self) -> int:
        """Physical address of the kernel's own top table, bytes."""
        return self.symbol("swapper_pg_dir") - _KERNEL_MAP + int(self.values["NUMBER(phys_base)"])

    def symbol(self, name: str) -> int:
        """Virtual address of one of the symbols that the note names.

        Raises:
            LayoutError: It names no such symbol.
        """
        try:
            return int(self.values[f"SYMBOL({name})"], 16)
        except (KeyError, ValueError) as error:
            raise LayoutError(f"the kernel's notes do not say where {name} is") from error


def find(ram: mmap.mmap | bytes, extents: Iterable[tuple[int, int]]) -> KernelNotes:
    """Search memory for the note.

    Args:
        ram: The guest's whole RAM.
        extents: Ranges of it that are not empty, bytes, half-open.

    Raises:
        LayoutError: There is none, or it is too old to name the kernel's symbols (before Linux 6.0).
    """
    partial = False
    for start, end in extents:
        at = ram.find(_FIRST_WORD, start, end)
        while at >= 0:
            text = ram[at : at + _LONGEST].partition(b"\0")[0].decode("ascii", "replace")
            values = {found[1]: found[2] for line in text.splitlines() if (found := _LINE.fullmatch(line))}
            if all(name in values for name in _NEEDED):
                return KernelNotes(values)
            partial = partial or "SYMBOL(swapper_pg_dir)" in values
            at = ram.find(_FIRST_WORD, at + 1, end)
    if partial:
        raise LayoutError("this Linux is too old to say where its symbols are", remedy="use Linux 6.0 or newer")
    raise LayoutError("no Linux kernel has left its notes in this memory: it is still booting", remedy="look later")
