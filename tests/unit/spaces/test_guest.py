from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import LayoutError
from unilab.spaces import guest
from unilab.spaces.model import AddressSpace, Privilege, Source
from unilab.spaces.registers import Registers
from unilab.toolchain import build
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import SymbolTable

HELLO = Path(__file__).resolve().parents[3] / "notebooks" / "programs" / "hello.c"
_LONG_MODE, _PAGING, _NXE, _LA57 = 1 << 10, 1 << 31, 1 << 11, 1 << 12


def _registers(*, cr0: int = _PAGING, cr4: int = 0, efer: int = _LONG_MODE | _NXE) -> Registers:
    return Registers(0, 0, 0, cr0, 0, 0x1005, cr4, efer, 0)


def _read_with(memory: dict[int, bytes]) -> guest.ReadMemory:
    return lambda physical, length: memory.get(physical, bytes(length))


def _space(registers: Registers, memory: dict[int, bytes]) -> AddressSpace:
    image = build(HELLO)
    return guest.unikernel(
        registers,
        _read_with(memory),
        SymbolTable(image.debug),
        LinkMap.read(image.map),
        name="hello as a unikernel",
        origin="a test",
    )


def _table(**entries: int) -> bytes:
    words = [0] * 512
    for slot, entry in entries.items():
        words[int(slot[1:])] = entry
    return b"".join(word.to_bytes(8, "little") for word in words)


@pytest.mark.parametrize("levels", [4, 5])
def test_page_tables_become_named_regions(levels: int) -> None:
    image = build(HELLO)
    text = next(s for s in SymbolTable(image.debug).sections() if s.name == ".text")
    page = text.start >> 12
    tables = {n * 0x1000: _table(_0=(n + 1) * 0x1000 | 3) for n in range(1, levels)}
    tables[levels * 0x1000] = _table(**{f"_{page}": 0x7000 | 1})
    space = _space(_registers(cr4=_LA57 if levels == 5 else 0), tables)
    mapped = [region for region in space.regions if region.permissions != "---"]
    assert {(region.kind, region.permissions, region.privilege) for region in mapped} == {
        ("text", "r-x", Privilege.KERNEL)
    }
    assert (mapped[0].start, mapped[-1].end) == (page << 12, page + 1 << 12)
    assert (space.translation.scheme, space.translation.root) == (f"x86-64, {levels} levels", 0x1000)
    assert (space.translation.table_pages, space.address_bits) == (levels, {4: 48, 5: 57}[levels])
    assert (space.source, space.origin) == (Source.LIVE, "a test")


@pytest.mark.parametrize("registers", [_registers(cr0=0), _registers(efer=0)])
def test_a_guest_that_still_boots_has_no_page_tables_to_walk(registers: Registers) -> None:
    with pytest.raises(LayoutError, match="still booting"):
        _space(registers, {})


@pytest.mark.parametrize(("cr4", "stays"), [(0, False), (1 << 7, True)])
def test_global_pages_count_where_the_processor_heeds_them(cr4: int, stays: bool) -> None:
    tables = {n * 0x1000: _table(_0=(n + 1) * 0x1000 | 3) for n in range(1, 4)}
    tables[0x4000] = _table(_7=0x9000 | 0x101, _8=0xA000 | 1)
    space = guest.labelled(_registers(cr4=cr4), _read_with(tables), [], name="", origin="")
    assert [region.stays for region in space.regions] == ([True, False] if stays else [False])
    assert sum(region.size for region in space.regions) == 0x2000


def test_one_page_that_is_mapped_very_often_is_one_region() -> None:
    tables = {n * 0x1000: _table(_0=(n + 1) * 0x1000 | 3) for n in range(1, 4)}
    often = {f"_{slot}": 0x9000 | 1 for slot in range(100, 300, 2)}
    tables[0x4000] = _table(_1=0x8000 | 3, **often, _400=0x9000 | 3)
    space = guest.labelled(_registers(), _read_with(tables), [], name="", origin="")
    assert [(region.start >> 12, region.end >> 12, region.backing) for region in space.regions] == [
        (1, 2, "physical 0x8000"),
        (100, 299, "physical 0x9000, 100 times, with gaps"),
        (400, 401, "physical 0x9000"),
    ]


def test_another_root_than_the_processors_can_be_walked() -> None:
    tables = {n * 0x1000: _table(_0=(n + 1) * 0x1000 | 3) for n in range(11, 14)}
    tables[0xE000] = _table(_5=0x20000 | 3)
    space = guest.labelled(_registers(), _read_with(tables), [], name="", origin="", root=0xB000)
    assert [(region.start, region.backing) for region in space.regions] == [(0x5000, "physical 0x20000")]
    assert space.translation.root == 0xB000
