"""Functions of real images, with the names of what they call."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from unilab.errors import CourseError
from unilab.spaces.code import Flow
from unilab.toolchain import Image
from unilab.toolchain.disassembly import disassemble


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("disassembly") / "caller.c"
    file.write_text(
        "#include <unistd.h>\n"
        '__attribute__((noinline)) void doors(void) { __asm__ volatile("syscall; sysenter; int $0x80; int $0x81"); }\n'
        "int main(int n, char **a) { if (n > 99) doors(); return write(1, a, getppid()) + sleep(n); }\n"
    )
    return file


def test_getppid_is_a_door_in_one_and_a_jump_in_the_other(program: Path) -> None:
    process, unikernel = (
        disassemble("getppid", program=program, on=on, follow=True) for on in ("process", "unikernel")
    )
    assert [each.flow for each in process.functions[0].instructions].count(Flow.ENTERS) == 1
    assert [each.name for each in unikernel.functions] == ["getppid", "libos_sys_getppid"]
    (jump,) = unikernel.functions[0].instructions
    assert (jump.flow, jump.target, jump.text) == (Flow.JUMPS, "libos_sys_getppid", "jmp libos_sys_getppid")
    assert unikernel.functions[1].owner == "library OS" and unikernel.functions[1].file == "posix/identity.c"
    assert process.doors > 1 and unikernel.entering == 0


@pytest.mark.parametrize(
    ("on", "way"),
    [
        ("process", ["sleep", "nanosleep", "clock_nanosleep", "__syscall_cp", "sccp"]),
        ("unikernel", ["sleep", "nanosleep", "clock_nanosleep", "libos_sys_clock_nanosleep"]),
    ],
)
def test_the_way_out_ends_at_a_door_or_in_the_library_os(on: str, way: list[str], program: Path) -> None:
    code = disassemble("sleep", program=program, on=on, follow=True)
    assert [each.name for each in code.functions] == way
    for caller, callee in zip(code.functions, code.functions[1:], strict=False):
        assert callee.name in {each.target for each in caller.instructions}


def test_a_function_without_a_way_out_stands_alone(program: Path) -> None:
    name = "__errno_location"
    assert [f.name for f in disassemble(name, program=program, on="process", follow=True).functions] == [name]


@pytest.mark.parametrize("on", ["process", "unikernel"])
def test_every_byte_of_a_function_is_shown_once(on: str, hello: dict[str, Image]) -> None:
    names = ["main", "printf", "vfprintf"]
    code = disassemble(*names, program=hello[on])
    with hello[on].debug.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        sizes = [table.get_symbol_by_name(name)[0]["st_size"] for name in names]
    assert [each.size for each in code.functions] == sizes
    for function in code.functions:
        at = 0
        for each in function.instructions:
            assert each.offset == at
            at += len(each.code)


def test_every_kind_of_door_is_one(program: Path) -> None:
    code = disassemble("doors", program=program, on="process")
    found = [each.text for each in code.functions[0].instructions if each.flow is Flow.ENTERS]
    assert found == ["syscall", "sysenter", "int $0x80"]


def test_a_weak_function_that_nobody_linked_is_nowhere(program: Path) -> None:
    texts = [each.text for each in disassemble("write", program=program).functions[0].instructions]
    assert "callq nowhere (not linked)" in texts


def test_a_name_that_is_not_there_is_told_with_those_near_to_it(hello: dict[str, Image]) -> None:
    with pytest.raises(CourseError, match=r"no function 'printff' in hello as a unikernel.*\n.*printf"):
        disassemble("printff", program=hello["unikernel"])


def test_assembly_without_sizes_ends_at_the_next_label(hello: dict[str, Image]) -> None:
    code = disassemble("libos_pvh_start", program=hello["unikernel"])
    assert 0 < code.functions[0].size < 1000
