from __future__ import annotations

from pathlib import Path

import pytest

from unilab.spaces import marks
from unilab.toolchain import build
from unilab.toolchain.symbols import SymbolTable

_HELLO = Path(__file__).resolve().parents[3] / "notebooks" / "programs" / "hello.c"
_OF_PROGRAM = ["main", "printf", "C library write"]


@pytest.mark.parametrize(
    ("architecture", "parts"),
    [("process", _OF_PROGRAM), ("unikernel", [*_OF_PROGRAM, "write service", "console driver"])],
)
def test_a_real_image_has_the_parts_of_its_architecture(architecture: str, parts: list[str]) -> None:
    symbols = SymbolTable(build(_HELLO, architecture).debug)
    found = marks.of_names(symbols.names())
    assert [mark.name for mark in found] == parts
    for mark in found:
        assert symbols.address(mark.symbol) == mark.address


def test_what_has_no_address_is_no_mark() -> None:
    assert marks.of_names({"main": 0, "printf": 7})[0].symbol == "printf"
    assert marks.of_names({}) == ()
