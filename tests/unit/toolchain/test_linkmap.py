from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import LayoutError
from unilab.toolchain import Image
from unilab.toolchain.linkmap import C_LIBRARY, COMPILER, LIBRARY_OS, PROGRAM, LinkMap
from unilab.toolchain.symbols import SymbolTable

# What lld may leave between two functions so that the second begins where it is fetched best.
_ALIGNMENT = 32


@pytest.mark.parametrize("on", ["unikernel", "process"])
def test_contributions_cover_the_text_without_overlap(on: str, hello: dict[str, Image]) -> None:
    text = next(s for s in SymbolTable(hello[on].debug).sections() if s.name == ".text")
    inside = [c for c in LinkMap.read(hello[on].map).contributions if c.output == ".text"]
    at = text.start
    for contribution in inside:
        assert at <= contribution.start < at + _ALIGNMENT
        assert contribution.size > 0
        at = contribution.end
    assert at == text.end


@pytest.mark.parametrize("on", ["unikernel", "process"])
def test_every_byte_of_text_has_an_owner(on: str, hello: dict[str, Image]) -> None:
    owners = {c.owner for c in LinkMap.read(hello[on].map).contributions if c.output == ".text"}
    assert owners - {COMPILER} == {PROGRAM, C_LIBRARY} | ({LIBRARY_OS} if on == "unikernel" else set())


def test_symbols_lie_in_what_their_objects_contributed(hello: dict[str, Image]) -> None:
    image = hello["unikernel"]
    addresses = SymbolTable(image.debug)
    contributions = LinkMap.read(image.map).contributions
    for symbol, origin in {
        "main": ("program.o", PROGRAM),
        "printf": ("printf.o", C_LIBRARY),
        "libos_vm_brk": ("core/vm.c", LIBRARY_OS),
        "_start": ("crt1.o", C_LIBRARY),
    }.items():
        found = next(c for c in contributions if c.start <= addresses.address(symbol) < c.end)
        assert (found.object, found.owner) == origin


def test_sections_of_the_file_that_are_not_in_memory_are_left_out() -> None:
    text = (
        "     VMA      LMA     Size Align Out     In      Symbol\n"
        "  101000   101000       10    16 .text\n"
        "  101000   101000       10     1         /c/program-x-1/program.o:(.text.main)\n"
        "  101000   101000       10     1                 main\n"
        "       0        0       20     1 .debug_line\n"
        "       0        0       20     1         /c/program-x-1/program.o:(.debug_line)\n"
        "      20       20       20     1         /c/libos-core-vm.c-1/libos.o:(.debug_line)\n"
    )
    (only,) = LinkMap.parse(text).contributions
    assert (only.start, only.end, only.output, only.section) == (0x101000, 0x101010, ".text", ".text.main")


def test_a_map_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="cannot be read"):
        LinkMap.read(tmp_path / "none.map")
