from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.machines import backtrace
from unilab.machines.backtrace import Symboliser
from unilab.toolchain import build
from unilab.toolchain.symbols import SymbolTable

HELLO = Path(__file__).resolve().parents[3] / "notebooks" / "programs" / "hello.c"
MARK = "libos: backtrace, innermost first\n"


@pytest.fixture(scope="module", autouse=True)
def _tables_are_read_once() -> Iterator[None]:
    """Hundreds of examples ask for the same one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtrace, "SymbolTable", cache(SymbolTable))
        yield


@cache
def _debug() -> Path:
    return build(HELLO).debug


@cache
def _address(function: str) -> int:
    return SymbolTable(_debug()).address(function)


def _frame(number: int, function: str, offset: int) -> str:
    return f"  #{number} {_address(function) + offset:#018x}\n"


def _report() -> str:
    return f"before\nlibos: panic: why\n{MARK}{_frame(0, 'printf', 4)}{_frame(1, 'main', 9)}"


def _fed(text: str, cuts: Sequence[int] = ()) -> list[str]:
    symboliser = Symboliser(_debug())
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [symboliser(text[low:high], False) for low, high in pairwise(edges)] + [symboliser("", True)]


# Pieces that a real report is made of, whole and broken, and what may stand around them.
_parts = st.one_of(
    st.builds(_report),
    st.sampled_from([MARK, "libos: backtrace, inner", "libos: libos: backtrace, innermost first\n", "\n", "  ", "  #"]),
    st.builds(_frame, st.integers(0, 40), st.sampled_from(["main", "printf", "_start"]), st.integers(0, 8)),
    st.sampled_from(
        ["  #0 0x12345\n", "  #1 0x0000000000000000\n", "  #2 0x0000000000101000 \n", "  #x 0x", "plain\n"]
    ),
    st.text(alphabet=" #0x1ab\nlibos:", max_size=12),
)


@given(st.lists(_parts, max_size=12).map("".join), st.lists(st.integers(0, 2000), max_size=12))
def test_chunks_give_the_same_as_the_whole(text: str, cuts: list[int]) -> None:
    assert "".join(_fed(text, cuts)) == "".join(_fed(text))


@given(st.lists(_parts, max_size=12).map("".join))
def test_names_are_all_that_is_added(text: str) -> None:
    named = "".join(_fed(text))
    for before, after in zip(text.split("\n"), named.split("\n"), strict=True):
        assert after == before or after.startswith(before + " ")


def test_the_first_address_is_an_instruction_and_the_others_are_returned_to() -> None:
    lines = "".join(_fed(_report())).splitlines()
    assert lines[:3] == ["before", "libos: panic: why", MARK.rstrip()]
    assert lines[3].endswith(" printf+0x4")
    assert " main+0x8 (hello.c:" in lines[4]


def test_a_report_that_ends_without_a_newline_is_named_too() -> None:
    assert " main+0x8" in "".join(_fed(_report().rstrip("\n")))


def test_a_second_report_is_named_like_the_first() -> None:
    assert "".join(_fed(_report() * 2)) == "".join(_fed(_report())) * 2


def test_addresses_outside_a_report_are_left_alone() -> None:
    text = _frame(0, "main", 4)
    assert "".join(_fed(text)) == text
    assert "".join(_fed(_report() + "and then\n" + text)).endswith("and then\n" + text)


def test_a_prompt_is_not_kept_back() -> None:
    symboliser = Symboliser(_debug())
    assert symboliser("name? ", False) == "name? "
    assert symboliser(_report(), False).endswith(")\n")
    assert symboliser("name? ", False) == "name? "


def test_an_address_that_is_none_of_the_programs_gets_no_name() -> None:
    text = f"{MARK}  #0 0x0000000000000000\n"
    assert "".join(_fed(text)) == text
