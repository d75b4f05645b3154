from __future__ import annotations

import re
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from unilab.errors import LayoutError
from unilab.toolchain import Image, build
from unilab.toolchain.symbols import SymbolTable


def _functions(image: Image) -> list[tuple[int, int, str]]:
    """Address, size and name of every function, read as nm(1) does. Names of local ones may occur twice."""
    with image.debug.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return [
            (symbol["st_value"], symbol["st_size"], symbol.name)
            for symbol in table.iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_size"]
        ]


@pytest.mark.parametrize("on", ["unikernel", "process"])
def test_every_address_of_a_function_is_located_in_it(on: str, hello: dict[str, Image]) -> None:
    symbols, functions = SymbolTable(hello[on].debug), _functions(hello[on])
    assert len(functions) > 50
    for start, size, _ in functions:
        names = {name for address, _, name in functions if address == start}
        for address in (start, start + size // 2, start + size - 1):
            location = symbols.locate(address)
            assert location is not None
            assert location.function in names
            assert location.offset == address - start


def test_nothing_is_located_outside_the_text(hello: dict[str, Image]) -> None:
    symbols = SymbolTable(hello["unikernel"].debug)
    for section in symbols.sections():
        located = symbols.locate(section.start) is not None
        assert located == ("x" in section.flags)
    assert symbols.locate(0) is None
    assert symbols.locate(1 << 63) is None


def test_lines_are_those_of_the_source(tmp_path: Path) -> None:
    program = tmp_path / "lines.c"
    program.write_text(
        "__attribute__((noinline)) int first(int n)\n"  # 1
        "{\n"
        "    return n * 3;\n"
        "}\n"
        "\n"
        "int main(int argc, char **argv)\n"  # 6
        "{\n"
        "    return first(argc);\n"
        "}\n"
    )
    symbols = SymbolTable(build(program).debug)
    for name, line in (("first", 1), ("main", 6)):
        location = symbols.locate(symbols.address(name))
        assert location is not None
        assert location.file == "lines.c"
        assert location.line is not None
        assert line <= location.line <= line + 1  # the name, or its opening brace
        assert re.fullmatch(rf"{name}\+0x0 \(lines\.c:\d+\)", str(location))


def test_lines_inside_the_library_os_name_its_files(hello: dict[str, Image]) -> None:
    symbols = SymbolTable(hello["unikernel"].debug)
    location = symbols.locate(symbols.address("libos_panic_exception"))
    assert location is not None
    assert location.file == "panic.c"


def test_a_symbol_that_is_not_there_is_a_key_error(hello: dict[str, Image]) -> None:
    with pytest.raises(KeyError):
        SymbolTable(hello["unikernel"].debug).address("no_such_function")


def test_a_file_that_is_no_elf_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not an image")
    for path in (tmp_path / "text", tmp_path / "missing"):
        with pytest.raises(LayoutError, match="not an ELF file"):
            SymbolTable(path)
