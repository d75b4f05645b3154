from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import CompileError, ProgramNotFound
from unilab.hypervisor import ENTRY, GUESTS, assemble, guest, source


def test_every_guest_of_the_package_assembles() -> None:
    for name in GUESTS:
        assert 0 < len(guest(name)) < 100, name
        assert f"{name}.S" in source(name)
    assert guest("fault64") == b"\x0f\x0b"  # ud2


def test_labels_are_addresses_where_the_guest_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "label.S").write_text("    .code16\n    mov $here, %ax\nhere:\n    hlt\n")
    assert assemble(tmp_path / "label.S") == b"\xb8" + (ENTRY + 3).to_bytes(2, "little") + b"\xf4"


def test_a_mistake_is_told_in_the_assemblers_words(tmp_path: Path) -> None:
    (tmp_path / "wrong.S").write_text("    mvo $1, %eax\n")
    with pytest.raises(CompileError, match=r"wrong\.S:1:5: error: invalid instruction mnemonic 'mvo'"):
        assemble(tmp_path / "wrong.S")
    (tmp_path / "undefined.S").write_text("    jmp nowhere\n")
    with pytest.raises(CompileError, match="undefined symbol: nowhere"):
        assemble(tmp_path / "undefined.S")


def test_what_is_no_assembly_file(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFound, match=r"does not end in \.S"):
        assemble(tmp_path / "hello.c")
    with pytest.raises(ProgramNotFound, match="there is no file"):
        assemble(tmp_path / "none.S")
    with pytest.raises(ProgramNotFound, match="there is no guest 'hello'"):
        guest("hello")
