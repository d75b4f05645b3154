from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from unilab.errors import CompileError, CourseError, ProgramNotFound
from unilab.toolchain import ARCHITECTURES, Image, build, cache, libos
from unilab.toolchain.instructions import system_calls
from unilab.toolchain.symbols import SymbolTable

each_architecture = pytest.mark.parametrize("on", ARCHITECTURES)


def _loaded(path: Path) -> list[tuple[int, int, bytes]]:
    """Where each segment goes, with which rights, and what is in it; but not where in the file it lies."""
    with path.open("rb") as file:
        segments = [each for each in ELFFile(file).iter_segments() if each["p_type"] == "PT_LOAD"]
        # The first of a process's begins with the file's own header, which says where the sections are.
        return [(each["p_vaddr"], each["p_flags"], each.data()[64 * (each["p_offset"] == 0) :]) for each in segments]


def test_the_same_object_file_becomes_a_process_and_a_unikernel(hello: dict[str, Image]) -> None:
    assert hello["unikernel"].object == hello["process"].object


def _loaded(elf: Path) -> list[tuple[int, int, int, int]]:
    """What is loaded where: addresses, sizes in the file and in memory, and rights."""
    with elf.open("rb") as file:
        segments = [segment.header for segment in ELFFile(file).iter_segments("PT_LOAD")]
    return [(each.p_vaddr, each.p_filesz, each.p_memsz, each.p_flags) for each in segments]


def test_only_a_domain_of_xen_asks_somebody_else(hello: dict[str, Image]) -> None:
    assert hello["xen"].object == hello["unikernel"].object
    counts = {on: system_calls(hello[on].debug)["syscall"] for on in ("unikernel", "xen", "process")}
    assert counts["unikernel"] == 0
    assert 0 < counts["xen"] < counts["process"]


def test_a_domain_of_xen_has_no_devices(hello: dict[str, Image]) -> None:
    with pytest.raises(CourseError, match="no devices here yet"):
        build(hello["xen"].program, "xen", services=["disk"])


def test_an_image_without_symbols_is_the_one_with_symbols_cut_short(hello: dict[str, Image]) -> None:
    for image in hello.values():
        assert _loaded(image.path) == _loaded(image.debug)
        assert not SymbolTable(image.path).names()
        assert "main" in SymbolTable(image.debug).names()
        assert image.size == image.path.stat().st_size < image.debug.stat().st_size


def test_the_first_program_fits_in_24_kib(hello: dict[str, Image]) -> None:
    assert hello["unikernel"].size <= 24 * 1024


def test_building_again_gives_the_same_files(hello: dict[str, Image]) -> None:
    for on, image in hello.items():
        again = build(image.program, on)
        assert (again.path, again.debug, again.map) == (image.path, image.debug, image.map)


@each_architecture
def test_an_edit_and_an_edited_header_are_noticed(on: str, tmp_path: Path) -> None:
    program, header = tmp_path / "program.c", tmp_path / "header.h"
    header.write_text("#define STATUS 1\n")
    program.write_text('#include "header.h"\nint main(void) { return STATUS; }\n')
    first = build(program, on)
    header.write_text("#define STATUS 2\n")
    second = build(program, on)
    program.write_text('#include "header.h"\nint main(void) { return STATUS + 1; }\n')
    third = build(program, on)
    assert len({first.path.read_bytes(), second.path.read_bytes(), third.path.read_bytes()}) == 3


def test_a_traced_image_tells_of_calls_and_no_other_image_could(
    hello: dict[str, Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = hello["unikernel"]
    traced = build(image.program, trace=True)
    assert {"libos_trace_call", "libos_trace_result"} <= set(SymbolTable(traced.debug).names())
    assert not [name for name in SymbolTable(image.debug).names() if name.startswith("libos_trace")]
    # Without the file that tells, every byte is the same.
    sources = libos.sources
    monkeypatch.setattr(
        libos, "sources", lambda *of, **how: [each for each in sources(*of, **how) if each.name != "trace.c"]
    )
    without = build(image.program)
    assert without.path != image.path
    assert without.path.read_bytes() == image.path.read_bytes()


def test_a_process_is_not_traced(hello: dict[str, Image]) -> None:
    with pytest.raises(CourseError, match="only a unikernel can be traced"):
        build(hello["process"].program, "process", trace=True)


def test_compiler_options_count(tmp_path: Path) -> None:
    program = tmp_path / "program.c"
    program.write_text("int main(void) { return N; }\n")
    assert build(program, cflags=["-DN=1"]).path != build(program, cflags=["-DN=2"]).path


@each_architecture
def test_a_missing_file_is_named(on: str, tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFound, match=r"there is no file .*nowhere\.c"):
        build(tmp_path / "nowhere.c", on)


def test_a_file_that_is_no_c_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("")
    with pytest.raises(ProgramNotFound, match=r"does not end in \.c"):
        build(tmp_path / "program.py")


def test_an_unknown_architecture_is_refused_with_the_known_ones(hello: dict[str, Image]) -> None:
    with pytest.raises(CourseError, match=r"process, container, linux, xen, unikernel, not as 'mainframe'"):
        build(hello["process"].program, "mainframe")


@each_architecture
def test_a_syntax_error_is_the_compilers_own_message(on: str, tmp_path: Path) -> None:
    program = tmp_path / "wrong.c"
    program.write_text("int main(void)\n{\n    return 0\n}\n")
    with pytest.raises(CompileError) as caught:
        build(program, on)
    lines = str(caught.value).splitlines()
    assert lines[0] == "wrong.c:3:13: error: expected ';' after return statement"
    assert "    return 0" in lines[1]
    assert str(cache.root()) not in str(caught.value)
    # What Jupyter shows is this and nothing else.
    assert caught.value._render_traceback_() == lines


@each_architecture
def test_a_missing_function_is_named_with_its_line(on: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "unlinked.c"
    program.write_text("int missing(void);\nint main(void)\n{\n    return missing();\n}\n")
    with pytest.raises(CompileError) as caught:
        build(program, on)
    assert "undefined symbol: missing" in str(caught.value)
    assert "unlinked.c:4" in str(caught.value)
    assert str(cache.root()) not in str(caught.value)


def test_a_name_that_the_library_os_has_taken_is_told_apart(tmp_path: Path) -> None:
    program = tmp_path / "taken.c"
    program.write_text("void libos_sys_write(void) {}\nint main(void)\n{\n    return 0;\n}\n")
    with pytest.raises(CompileError, match="duplicate symbol: libos_sys_write") as caught:
        build(program, cflags=["-fno-function-sections"])
    assert str(cache.root()) not in str(caught.value)


def test_a_path_with_spaces_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "my program.c").write_text("int main(void) { return 0; }\n")
    monkeypatch.chdir(folder)
    assert build("my program.c").path.is_file()
