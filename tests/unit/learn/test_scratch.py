"""Programs that a notebook writes: C or assembly, by a plain name."""

from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import CourseError
from unilab.learn.scratch import write_program


@pytest.mark.parametrize("name", ["hello.c", "round.S"])
def test_a_program_is_written_without_empty_lines_before_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert write_program(name, "\n\n  first\nsecond\n").read_text() == "  first\nsecond\n"


@pytest.mark.parametrize("name", ["hello.py", "../hello.c", "hello", ".S/x"])
def test_other_names_are_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CourseError, match="no name for a program"):
        write_program(name, "")
    assert not list(tmp_path.iterdir())
