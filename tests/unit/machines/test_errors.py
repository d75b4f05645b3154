from __future__ import annotations

from unilab.errors import CourseError, MachineError


def test_an_error_ends_with_what_to_do_about_it() -> None:
    assert str(CourseError("it broke")) == "it broke"
    assert str(CourseError("it broke", remedy="mend it")) == "it broke\nTo mend it: mend it"


def test_a_machines_error_carries_the_command_the_exit_code_and_the_last_lines() -> None:
    console = "".join(f"line {n}\n" for n in range(100))
    error = MachineError("it ended", command=["qemu", "-m", "2"], exit_code=-9, console=console, remedy="try again")
    lines = str(error).splitlines()
    assert lines[:4] == ["it ended", "  command: qemu -m 2", "  exit code: -9", "  last console lines:"]
    assert lines[4:-1] == [f"    line {n}" for n in range(100 - MachineError.TAIL, 100)]
    assert lines[-1] == "To mend it: try again"
    assert error.console == console


def test_what_is_not_known_is_left_out() -> None:
    assert str(MachineError("it ended")) == "it ended"


def test_a_notebook_shows_the_words_alone() -> None:
    error = MachineError("it ended", exit_code=1)
    assert error._render_traceback_() == ["it ended", "  exit code: 1"]
