from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.spaces.boots import boot, state
from unilab.spaces.boot_steps import Run, caption, runs
from unilab.spaces.paging import Mapping
from unilab.spaces.segments import Mode

_LONG = (Path(__file__).parent / "registers" / "64-bit.txt").read_text()


def test_a_state_is_found_by_its_name() -> None:
    assert boot()["64-bit mode"].mode is Mode.LONG
    assert boot()["PVH entry"].mode is Mode.PROTECTED
    with pytest.raises(KeyError, match="'nowhere'; there are 'reset', 'PVH entry'"):
        boot()["nowhere"]


def test_its_text_has_a_line_for_each_state_and_the_end() -> None:
    lines = repr(boot("It reset.")).splitlines()
    assert lines[0] == "hello as a unikernel [LIVE: QEMU 7.2 microvm, tcg]"
    assert [line.split(".")[0].strip() for line in lines[1:6]] == ["1", "2", "3", "4", "5"]
    assert lines[-1] == "It reset."


@pytest.mark.parametrize(
    ("name", "was", "becomes", "says"),
    [
        ("paging on", "", "", "long mode is active"),
        ("paging on", "EFER=0000000000000d00", "EFER=0000000000000900", "EFER.LMA is 0"),
        ("paging on", "CR0=80010013", "CR0=00010013", "paging is still off"),
        ("CR4 set", "", "", "64 bits, is what long mode asks for"),
        ("CR4 set", "CR4=00000620", "CR4=00000600", "lacks"),
        ("EFER set", "", "", "it will be long mode's"),
        ("EFER set", "EFER=0000000000000d00", "EFER=0000000000000c00", "without LME"),
        ("64-bit mode", "", "", "has the L bit"),
        ("64-bit mode", "00209a00 DPL=0 CS64", "00cf9a00 DPL=0 CS32", "no 64-bit code"),
    ],
)
def test_a_caption_says_what_the_registers_say(name: str, was: str, becomes: str, says: str) -> None:
    assert was in _LONG
    there = state(name, _LONG.replace(was, becomes))
    assert says in caption(name, there.registers, there.segments)


def test_pages_are_joined_where_they_are_alike() -> None:
    page = 0x1000
    mappings = [
        Mapping(0x100000, 0x102000, 0x100000, "r--", False, page),
        Mapping(0x102000, 0x103000, 0x102000, "r-x", False, page),
        # A hole, then frames that lie anywhere.
        Mapping(0x200000, 0x201000, 0x900000, "rw-", False, page),
        Mapping(0x201000, 0x202000, 0x500000, "rw-", False, page),
        # The tables themselves, in the upper half.
        Mapping(0xFFFF_FF00_0000_0000, 0xFFFF_FF00_0000_1000, 0x10A000, "rw-", False, page),
    ]
    assert runs(mappings) == (
        Run(0x100000, 0x102000, 0x100000, "r--", page, 2),
        Run(0x102000, 0x103000, 0x102000, "r-x", page, 1),
        Run(0x200000, 0x202000, 0x900000, "rw-", page, 2),
    )


def test_what_leads_to_itself_is_not_joined_with_what_does_not() -> None:
    page = 0x1000
    both = runs(
        [Mapping(0x1000, 0x2000, 0x1000, "rw-", False, page), Mapping(0x2000, 0x3000, 0x9000, "rw-", False, page)]
    )
    assert [run.identity for run in both] == [True, False]
