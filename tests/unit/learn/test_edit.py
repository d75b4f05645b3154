"""A learner's copy of a file: changed, changed twice, shown, and given back."""

from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import CourseError
from unilab.learn.edit import OVERLAY, edit
from unilab.toolchain import libos

_BOOT = "arch/x86_64/boot.S"


@pytest.fixture(autouse=True)
def _beside_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_copy_is_made_once_and_kept() -> None:
    file = edit("boot.S")
    assert file.path == Path(OVERLAY) / _BOOT
    assert file.text == (libos.tree() / _BOOT).read_text()
    file.replace("call start", "call  start")
    assert "call  start" in edit(_BOOT).text
    assert edit(_BOOT).reset().text == (libos.tree() / _BOOT).read_text()


def test_a_change_is_chained_shown_and_made_once() -> None:
    file = edit(_BOOT)
    changed = file.replace("xor %ebp, %ebp", "mov $0, %ebp").replace("call start", "call start /* on */")
    assert changed is file
    assert [line for line in file.diff().lines if line[0] in "+-"][1::2][-1].endswith("call start /* on */")
    assert "+    call start /* on */" in repr(file)
    assert "uv-ins" in str(file._repr_html_())
    before = file.text
    # The cell is run again.
    edit(_BOOT).replace("xor %ebp, %ebp", "mov $0, %ebp").replace("call start", "call start /* on */")
    assert file.text == before


def test_a_text_that_is_not_there_has_a_neighbour() -> None:
    with pytest.raises(
        CourseError, match=r"does not have this text: mov %eax, %cr5\nThe nearest is line \d+: mov %eax"
    ):
        edit(_BOOT).replace("mov %eax, %cr5", "nop")


def test_a_text_that_is_there_twice_has_its_lines() -> None:
    with pytest.raises(CourseError, match=r"2 times, in lines \d+, \d+: enter") as caught:
        edit("core/panic.c").replace("enter();\n", "")
    assert "more of the text around it" in str(caught.value)


def test_nothing_is_no_text() -> None:
    with pytest.raises(CourseError, match="needs the text"):
        edit(_BOOT).replace("", "x")


def test_a_new_file_comes_and_goes() -> None:
    file = edit(new="posix/my_call.c", text="\nint x;\n")
    assert file.text == "int x;\n"
    assert repr(file).startswith("scratch/libos/posix/my_call.c, a new file")
    assert edit("posix/my_call.c").text == "int x;\n"
    file.reset()
    assert not file.path.exists()
    assert "taken away" in repr(file) and file._repr_html_() is None
    with pytest.raises(CourseError, match="is not there any more"):
        _ = file.text


@pytest.mark.parametrize("name", ["../x.c", "posix/x.py", "x.c", "/tmp/x.c"])
def test_a_new_file_cannot_be_elsewhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(CourseError):
        edit(new=name, text="int x;\n")
    assert not list(tmp_path.rglob("x.*"))


def test_mistakes_are_told() -> None:
    with pytest.raises(CourseError, match=r"did you mean arch/x86_64/boot\.S"):
        edit("arch/x86_64/boots.S")
    with pytest.raises(CourseError, match="takes the name of a file"):
        edit()
    with pytest.raises(CourseError, match=r"has a file core/panic\.c already"):
        edit(new="core/panic.c", text="")


def test_a_file_that_was_ruined_can_be_reset() -> None:
    file = edit(_BOOT)
    file.path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CourseError, match="is not text"):
        _ = file.text
    assert file.reset().text == (libos.tree() / _BOOT).read_text()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "scratch").write_text("in the way")
    with pytest.raises(CourseError, match="cannot be written"):
        edit(_BOOT)
