"""Boots made of what a real QEMU said of its registers, for tests of values and views."""

from __future__ import annotations

from pathlib import Path

from unilab.spaces.boot_steps import BootState, BootSteps, Line, Run, caption
from unilab.spaces.model import Source
from unilab.spaces.registers import parse_info_registers
from unilab.spaces.segments import parse_segments

_TEXTS = Path(__file__).parent / "registers"
GIB = Run(0, 1 << 30, 0, "rwx", 1 << 21, 512)
TEXT = Run(0x101000, 0x103000, 0x101000, "r-x", 1 << 12, 2)
STACK = Run(0x7FFF_FFFF_A000, 0x7FFF_FFFF_F000, 0x119000, "rw-", 1 << 12, 5)


def state(name: str, text: str, tables: tuple[Run, ...] = (), file: str = "boot.S") -> BootState:
    """A state with the registers of one of the texts, or of a text itself."""
    said = (_TEXTS / f"{text}.txt").read_text() if len(text) < len("16-bit.") else text
    now, kept = parse_info_registers(said), parse_segments(said)
    lines = (Line(64, "    mov %eax, %cr0", True), Line(65, "    fninit      /* <x87> */"))
    return BootState(
        name=name,
        caption=caption(name, now, kept),
        place=f"libos_pvh_start+0x72 ({file}:65)" if file else "",
        file=file,
        lines=lines if file else (),
        next_line=65 if file else 0,
        instruction="fninit",
        registers=now,
        segments=kept,
        tables=tables,
        table_pages=3 if tables else 0,
    )


def boot(ended: str = "") -> BootSteps:
    """From reset to main in five states."""
    states = (
        state("reset", "16-bit", file=""),
        state("PVH entry", "32-bit"),
        state("tables built", "32-bit", (GIB,)),
        state("64-bit mode", "64-bit", (GIB,)),
        state("main", "64-bit", (TEXT, STACK)),
    )
    return BootSteps("hello as a unikernel", states, ended, Source.LIVE, "QEMU 7.2 microvm, tcg")
