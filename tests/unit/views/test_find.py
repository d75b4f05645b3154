from __future__ import annotations

from dataclasses import replace

import pytest

from unilab.spaces.model import AddressSpace, Mark
from unilab.views import show
from unilab.views.find import find, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0x7fff_ffff_f000", 0x7FFFFFFFF000),
        ("7FFFFFFFF000", 0x7FFFFFFFF000),
        (" #4096 ", 4096),
        ("", None),
        ("stack", None),
        ("0x1_0000_0000_0000_0000", None),
        ("-1", None),
    ],
)
def test_addresses_are_read_as_they_are_written(text: str, address: int | None) -> None:
    assert parse_address(text) == address


def test_an_address_is_found_where_it_is_mapped(process: AddressSpace, unikernel: AddressSpace) -> None:
    spaces = [process, unikernel]
    assert find(spaces, "0x401fff") == (0, 1)
    assert find(spaces, "0x103000") == (1, 1)
    assert find(spaces, "0x9") is None


def test_the_same_name_again_finds_the_next_and_comes_around(process: AddressSpace, unikernel: AddressSpace) -> None:
    spaces = [process, unikernel]
    found, after = [], ""
    for _ in range(4):
        place = find(spaces, "STACK", after=after)
        assert place is not None
        found.append(place)
        after = f"{place[0]}:{place[1]}"
    assert found == [(0, 4), (1, 4), (1, 3), (0, 4)]


def test_a_mark_is_found_by_its_part_and_by_its_symbol(unikernel: AddressSpace) -> None:
    space = replace(unikernel, marks=(Mark("write service", 0x104000, "libos_sys_writev"),))
    assert find([space], "write service") == find([space], "sys_writev") == (0, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "Write an address"), ("0x9", "0x9 is unmapped"), ("nonsense", "Nothing is called nonsense")],
)
def test_what_is_nowhere_is_said(process: AddressSpace, text: str, words: str) -> None:
    view = show(process, task="")
    view.selected = "0:1"
    view._question = {"find": text, "number": "1"}
    assert words in view._answer["error"]
    assert view.selected == ""
