"""Calls of what was handed in: its own answers, and what is made of odd ones."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from unilab.labs import Limits
from unilab.labs.containment import Called, call

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="containment is Linux's")


def _call(folder: Path, source: str, *arguments: list[object]) -> Called:
    (folder / "it.py").write_text(source)
    return call("it", "answer", arguments, folder=folder, limits=Limits(seconds=5))


def test_each_call_gives_or_raises_for_itself(tmp_path: Path) -> None:
    called = _call(tmp_path, "def answer(x):\n    return 12 // x\n", [3], [0], [4])
    assert called.answers == (4, None, 3)
    assert called.raised == ("", "it.py, line 2: ZeroDivisionError: integer division or modulo by zero", "")
    assert called.trouble == called.raised[1]


def test_a_function_that_is_missing_is_told(tmp_path: Path) -> None:
    called = _call(tmp_path, "def answers(x): pass\n", [1])
    assert called.answers == (None,)
    assert "has no attribute 'answer'" in called.trouble


def test_what_json_has_not_is_told(tmp_path: Path) -> None:
    assert "not JSON serializable" in _call(tmp_path, "def answer(x): return {1, 2}\n", [1]).trouble


def test_leaving_in_the_middle_is_no_answer(tmp_path: Path) -> None:
    called = _call(tmp_path, "import os\ndef answer(x):\n    return x if x else os._exit(0)\n", [1], [0], [2])
    assert called.answers == (1, None, None)
    assert called.raised[1:] == ("it ended before this call was made",) * 2


def test_leaving_through_an_exception_that_is_no_error(tmp_path: Path) -> None:
    called = _call(tmp_path, "import sys\ndef answer(x): sys.exit(0)\n", [1])
    assert called.answers == (None,) and called.trouble


@pytest.mark.parametrize("line", ["[1]", "7", "nonsense", '{"raised": 3}', '{"raised": "x"}'])
def test_nonsense_where_answers_go_is_no_answer(tmp_path: Path, line: str) -> None:
    written = f"{line}\n".encode()
    source = f"import os\nos.write(9, {written!r})\ndef answer(x): return x\n"
    called = _call(tmp_path, source, [1])
    assert called.answers == (None,) and called.trouble


def test_links_and_pipes_do_not_hold_the_grader(tmp_path: Path) -> None:
    (tmp_path / "endless").symlink_to("/dev/zero")
    (tmp_path / "nowhere").symlink_to("missing")
    (tmp_path / "calls.json").symlink_to(tmp_path / "mine")
    os.mkfifo(tmp_path / "pipe")
    called = _call(tmp_path, "import os\ndef answer(x): return sorted(os.listdir())\n", [1])
    assert called.answers == (["calls.json", "it.py"],)
    assert not (tmp_path / "mine").exists()


def test_a_number_too_large_to_write_does_not_break_the_grader(tmp_path: Path) -> None:
    called = _call(tmp_path, "def answer(x): return 10 ** 5000\n", [1])
    assert called.answers == (None,) and called.trouble


def test_a_folder_where_the_grader_puts_a_file_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "calls.json" / "deep").mkdir(parents=True)
    assert _call(tmp_path, "def answer(x): return x\n", [1]).answers == (1,)


@pytest.mark.parametrize("status", [128, 200, 255])
def test_a_status_that_is_no_signal_is_told(tmp_path: Path, status: int) -> None:
    called = _call(tmp_path, f"import os\ndef answer(x): os._exit({status})\n", [1])
    assert called.trouble == f"it ended with status {status}"
