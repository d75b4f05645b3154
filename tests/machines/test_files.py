"""Files that a program finds where it starts: the same ones, however it runs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import CourseError
from unilab.machines import files
from unilab.toolchain import Image

Program = Callable[..., Image]
needs_linux = pytest.mark.skipif(shutil.which("apt-get") is None, reason="a Linux guest's kernel comes through apt-get")


def _folder(parent: Path) -> Path:
    folder = parent / "www"
    (folder / "deep").mkdir(parents=True)
    (folder / "index.html").write_text("hello")
    (folder / "deep" / "b").write_bytes(b"\0\1")
    return folder


def test_a_folder_is_there_by_its_name(tmp_path: Path) -> None:
    assert files.read(_folder(tmp_path)) == {"www/index.html": b"hello", "www/deep/b": b"\0\1"}
    assert files.read(str(tmp_path / "www" / "deep" / ".." / "deep")) == {"deep/b": b"\0\1"}


def test_a_single_file_is_there_by_its_name(tmp_path: Path) -> None:
    assert files.read(_folder(tmp_path) / "index.html") == {"index.html": b"hello"}


def test_text_and_bytes_are_files() -> None:
    assert files.read({"a": "é", "b/c": b"\xff"}) == {"a": "é".encode(), "b/c": b"\xff"}


@pytest.mark.parametrize("name", ["/a", "../a", "a/../b", "a//b", "a/", ".", "", "./a", "a\0b"])
def test_other_paths_are_refused(name: str) -> None:
    with pytest.raises(CourseError, match="no path of a file"):
        files.read({name: ""})


def test_a_file_is_no_folder() -> None:
    with pytest.raises(CourseError, match="'a' cannot be a file and have 'a/b' in it"):
        files.read({"a": "", "a/b": ""})


def test_a_folder_that_is_not_there_is_refused() -> None:
    with pytest.raises(CourseError, match="there is no folder missing"):
        files.read("missing")


@pytest.mark.parametrize("on", ["unikernel", "process", "container", pytest.param("linux", marks=needs_linux)])
def test_every_architecture_finds_them(on: str, program: Program, tmp_path: Path) -> None:
    args = ["www/index.html", "./www/deep/../index.html", "nothing"]
    result = machines.run(program("shows", on), args=args, files=_folder(tmp_path))
    made = "no" if on == "unikernel" else "yes"  # a unikernel's root directory is read-only
    assert result.console == (
        f"www/index.html: hello\n./www/deep/../index.html: hello\nnothing: No such file or directory\nmade: {made}\n"
    )


def test_what_a_process_makes_goes_with_it(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with machines.start(program("shows", "process"), files={"a": "x"}, args=["a"]) as running:
        running.wait()
        (scratch,) = tmp_path.iterdir()
        assert sorted(path.name for path in scratch.iterdir()) == ["a", "made"]
    assert not list(tmp_path.iterdir())


def test_they_take_the_place_of_an_initrd(program: Program, tmp_path: Path) -> None:
    initrd = tmp_path / "initrd"
    initrd.write_text("x")
    with pytest.raises(CourseError, match="only one"):
        machines.start(program("hello"), files={"a": ""}, initrd=initrd)


def test_memory_must_hold_them(program: Program) -> None:
    with pytest.raises(CourseError, match="too little"):
        machines.start(program("hello"), files={"a": b"x" * (4 << 20)}, memory=4)


@needs_linux
def test_a_linux_guest_keeps_its_own(program: Program) -> None:
    with pytest.raises(CourseError, match="has an init of its own"):
        machines.start(program("shows", "linux"), files={"init": ""})
