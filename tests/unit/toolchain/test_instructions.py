from __future__ import annotations

from pathlib import Path

import pytest

from unilab.toolchain import Image, libc, libos, zig
from unilab.toolchain.instructions import SYSTEM_CALLS, system_calls


def _assembled(tmp_path: Path, text: str) -> Path:
    (tmp_path / "text.S").write_text(f".globl _start\n_start:\n{text}\n")
    clang = ["clang", f"--target={zig.TARGET}", "-c", "text.S", "-o", "text.o"]
    zig.must(clang, doing="assembling", cwd=tmp_path)
    zig.must(["ld.lld", "-static", "text.o", "-o", "text.elf"], doing="linking", cwd=tmp_path)
    return tmp_path / "text.elf"


def test_each_instruction_is_counted_by_name(tmp_path: Path) -> None:
    elf = _assembled(tmp_path, "syscall\nsyscall\nsysenter\nint $0x80\nint $0x81\nint3\nsysretq")
    assert system_calls(elf) == {"syscall": 2, "sysenter": 1, "int 0x80": 1}


@pytest.mark.parametrize("inside", ["mov $0x050f, %eax", "lea 0x050f(%rip), %rax", "movabs $0x80cd340f050f, %rax"])
def test_bytes_inside_other_instructions_do_not_count(inside: str, tmp_path: Path) -> None:
    elf = _assembled(tmp_path, inside)
    assert b"\x0f\x05" in elf.read_bytes()
    assert not any(system_calls(elf).values())


def test_data_in_the_text_misleads_for_one_function_at_most(tmp_path: Path) -> None:
    elf = _assembled(tmp_path, ".byte 0x48, 0xb8\n.type after, @function\nafter:\nsyscall\nret")
    assert system_calls(elf)["syscall"] == 1


def test_the_unikernel_has_none_and_the_process_has_some(hello: dict[str, Image]) -> None:
    assert system_calls(hello["unikernel"].debug) == dict.fromkeys(SYSTEM_CALLS, 0)
    assert system_calls(hello["process"].debug)["syscall"] > 0


def test_no_function_of_the_unikernels_c_library_has_one(hello: dict[str, Image], tmp_path: Path) -> None:
    """Not only what one program happens to link: the whole of it."""
    tree = libos.tree()
    library = libc.for_unikernels(tree)
    image = tmp_path / "everything.elf"
    words = ["-m", "elf_x86_64", "-static", "-n", "-T", str(tree / "arch" / "x86_64" / "image.ld"), "-o", str(image)]
    whole = ["--whole-archive", str(library.calls), "--no-whole-archive", str(library.common)]
    others = [*libos.objects(tree), library.crt1, hello["unikernel"].object, libc.compiler_runtime()]
    zig.must(["ld.lld", *words, *map(str, others), *whole], doing="linking everything")
    assert image.stat().st_size > 10 * hello["unikernel"].size
    assert system_calls(image) == dict.fromkeys(SYSTEM_CALLS, 0)
