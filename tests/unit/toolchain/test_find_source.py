"""Where a name is defined."""

from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import CourseError
from unilab.toolchain import find_source, libos
from unilab.toolchain.symbols import SymbolTable


def _text(found: find_source.Found) -> list[str]:
    lines = (libos.tree() / found.file).read_text().split("\n")
    return lines[found.first - 1 : found.last]


@pytest.mark.parametrize(
    ("name", "kind", "file", "begins", "ends"),
    [
        ("tcp_input", "function", "net/tcp_input.c", "void tcp_input(", "}"),
        ("libos_sys_write", "function", "posix/read_write.c", "long libos_sys_write(", "}"),
        ("exception_name", "function", "core/panic.c", "static const char *exception_name(", "}"),
        ("panic_exception", "function", "core/panic.c", "_Noreturn void panic_exception(", "}"),
        ("libos_paging_map", "function", "arch/x86_64/paging.c", "int paging_map(", "}"),
        ("struct tcp", "type", "include/tcp_connection.h", "struct tcp {", "};"),
        ("thread_state", "type", "include/current.h", "enum thread_state {", "};"),
        ("pvh_start", "label", "arch/x86_64/boot.S", '    .section .text.image_entry, "ax"', "    call start"),
        ("libos_pvh_start", "label", "arch/x86_64/boot.S", '    .section .text.image_entry, "ax"', "    call start"),
        ("GUARDED", "macro", "include/stacks.h", "/* This is assembly. */", ".endm"),
        ("SELF_MAP_SLOT", "macro", "include/memory_map.h", "#define SELF_MAP_SLOT 510", "510"),
        ("EFER_LME_NXE", "macro", "arch/x86_64/boot.S", "#define EFER_LME_NXE", "0x900"),
        ("POOL", "macro", "include/pool.h", "/* A pool of at most", "}"),
        ("fault_signal", "variable", "arch/x86_64/traps.c", "bool (*fault_signal)", ";"),
        ("THREAD_WAITING", "constant", "include/current.h", "enum thread_state {", "};"),
    ],
)
def test_each_kind_of_definition(name: str, kind: str, file: str, begins: str, ends: str) -> None:
    found = find_source.find(name, libos.tree())
    assert (found.kind, found.file) == (kind, file)
    lines = _text(found)
    assert lines[0].startswith(begins)
    assert lines[-1].endswith(ends)


def test_a_function_that_others_see_goes_before_static_ones() -> None:
    assert find_source.find("start", libos.tree()).file == "core/start.c"


def test_one_of_several_is_chosen_by_its_file() -> None:
    with pytest.raises(CourseError, match=r"defined in \d+ files: .*dev/virtio_pci\.c") as caught:
        find_source.find("interrupt", libos.tree())
    assert 'file="' in str(caught.value)
    found = find_source.find("interrupt", libos.tree(), file="dev/virtio_pci.c")
    assert found.file == "dev/virtio_pci.c"


def test_a_name_that_is_not_there_has_neighbours() -> None:
    with pytest.raises(CourseError, match=r"did you mean .*tcp_input"):
        find_source.find("tcp_inptu", libos.tree())
    with pytest.raises(CourseError, match="is no name"):
        find_source.find("1 + 1", libos.tree())


def test_what_an_image_holds_of_the_library_os_is_found(hello: dict[str, object]) -> None:
    """Every function of the image by the name it has there."""
    symbols = SymbolTable(hello["unikernel"].debug)  # type: ignore[attr-defined]
    functions = [n for n in symbols.names() if n.startswith("libos_") and symbols.function(symbols.address(n)) == n]
    assert len(functions) > 50
    missing = []
    for name in functions:
        try:
            find_source.find(name, libos.tree())
        except CourseError as error:
            if "is defined in" not in str(error):
                missing.append(name)
    assert missing == []


def test_it_looks_into_an_overlays_tree(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "mine.c").write_text("/* mine */\nint mine(void)\n{\n    return 1;\n}\n")
    assert find_source.find("mine", tmp_path) == find_source.Found("mine", "function", "core/mine.c", 1, 5)
