"""Another row in the table of calls: what of the C library is bound anew, and what stays."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from unilab.toolchain import Image, build, libc, libos, overlay
from unilab.toolchain.disassembly import disassemble

ROW = b"LIBOS_CALL(mincore, 3)\n"
SERVICE = b"""
#include <stddef.h>
long libos_sys_mincore(unsigned long address, size_t len, unsigned char *vec);
long libos_sys_mincore(unsigned long address, size_t len, unsigned char *vec)
{
    *vec = 1;
    return address + len ? 0 : -1;
}
"""


def _table() -> bytes:
    return (libos.tree() / "musl" / "libos_calls.h").read_bytes()


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Of an archive as System V has them: file name and contents."""
    data, at, names = archive.read_bytes(), 8, b""
    while at < len(data):
        name, size = data[at : at + 16].rstrip(), int(data[at + 48 : at + 58])
        content = data[at + 60 : at + 60 + size]
        if name == b"//":
            names = content
        elif name != b"/" and not name.startswith(b"/SYM"):
            long = names[int(name[1:]) :].split(b"\n")[0] if name[:1] == b"/" else name
            yield Path(long.rstrip(b"/").decode()).name, content
        at += 60 + size + size % 2


def _wants(content: bytes) -> set[str]:
    """The services that an object calls."""
    table = ELFFile(io.BytesIO(content)).get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return set()
    undefined = {symbol.name for symbol in table.iter_symbols() if symbol["st_shndx"] == "SHN_UNDEF"}
    return {name.removeprefix("libos_sys_") for name in undefined if name.startswith("libos_sys_")}


def test_nothing_that_makes_a_call_is_missed() -> None:
    """What the compiler made of all of musl, against what is said to make each call."""
    callers: dict[str, set[str]] = {}
    for name, content in _members(libc.for_unikernels(libos.tree()).calls):
        for call in _wants(content):
            callers.setdefault(call, set()).add(Path(name).stem)
    assert len(callers) > 80 and "open" in callers["open"]
    ours = {path.stem for path in (libos.tree() / "musl").glob("*.c")}
    for call, names in callers.items():
        assert names - ours <= {path.stem for path in libc._that_make({call})}, call


def test_few_files_are_bound_anew() -> None:
    assert [path.name for path in libc._that_make({"mincore"})] == ["mincore.c"]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("calls") / "asks.c"
    file.write_text("#define _GNU_SOURCE\n#include <sys/mman.h>\nint main(void) { return mincore(0, 1, 0); }\n")
    return file


def test_a_new_row_binds_its_call(program: Path) -> None:
    files = {"musl/libos_calls.h": _table() + ROW, "posix/mincore.c": SERVICE}
    library = libc.for_unikernels(overlay.merged(files))
    course = libc.for_unikernels(libos.tree())
    assert library.calls == course.calls and [name for name, _ in _members(library.changed[0])] == ["mincore.o"]
    code = disassemble("mincore", program=build(program, overlay=files), follow=True)
    assert [each.name for each in code.functions] == ["mincore", "libos_sys_mincore"]


def test_without_the_row_the_call_is_unknown(program: Path) -> None:
    texts = [each.text for each in disassemble("mincore", program=program).functions[0].instructions]
    assert any("libos_unimplemented" in text for text in texts)


def test_who_does_not_make_the_call_is_not_changed(hello: dict[str, Image]) -> None:
    files, image = {"musl/libos_calls.h": _table() + ROW, "posix/mincore.c": SERVICE}, hello["unikernel"]
    assert build(image.program, overlay=files).path.read_bytes() == image.path.read_bytes()


@pytest.mark.parametrize("more", [b"#define LIBOS_MORE 1\n", b"LIBOS_CALL(mincore)\n"], ids=["a macro", "no row"])
def test_anything_but_rows_could_mean_anything(more: bytes) -> None:
    tree = overlay.merged({"musl/libos_calls.h": _table() + more})
    assert libc._differs_in_calls_only(tree) is None


def test_comments_mean_nothing() -> None:
    tree = overlay.merged({"musl/libos_calls.h": _table() + b"/* nothing */\n"})
    assert libc._differs_in_calls_only(tree) == libos.tree()
    assert libc.for_unikernels(tree) == libc.for_unikernels(libos.tree())
