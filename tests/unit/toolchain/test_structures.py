from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import LayoutError
from unilab.toolchain import build
from unilab.toolchain.structures import structure, variable
from unilab.toolchain.symbols import SymbolTable

_PROGRAM = """
#include <stdio.h>
struct shape { char first; long second; short third[3]; struct { int x, y; } fourth[2]; struct shape *next; };
static struct shape hidden;
int main(void) { hidden.first = 1; printf("%p", (void *)&hidden); return 0; }
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("structures") / "shapes.c"
    source.write_text(_PROGRAM)
    return build(source, "unikernel").debug


def test_a_structure_has_the_shape_that_the_compiler_gave_it(image: Path) -> None:
    shape = structure(image, "shape")
    assert shape.size == 48
    assert dict(shape.fields) == {
        "first": (0, 1),
        "second": (8, 8),
        "third": (16, 6),
        "fourth": (24, 16),
        "next": (40, 8),
    }
    assert (shape.offset("next"), shape.field_size("third")) == (40, 6)
    with pytest.raises(LayoutError, match="struct shape has no field fifth"):
        shape.offset("fifth")


def test_a_variable_of_one_file_is_found(image: Path) -> None:
    assert variable(image, "shapes.c", "hidden") == SymbolTable(image).address("hidden")


def test_what_is_not_there_is_an_error(image: Path, tmp_path: Path) -> None:
    for wanted in (lambda: structure(image, "shapeless"), lambda: variable(image, "shapes.c", "main_")):
        with pytest.raises(LayoutError, match="says nothing of"):
            wanted()
    with pytest.raises(LayoutError, match="says nothing of"):
        variable(image, "another.c", "hidden")
    (tmp_path / "no.elf").write_bytes(b"no")
    with pytest.raises(LayoutError, match="is not an ELF file"):
        structure(tmp_path / "no.elf", "shape")
