"""Tracing the system calls of a process."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from unilab.errors import CourseError
from unilab.machines.system_calls import names, trace_system_calls
from unilab.toolchain import build

_PROGRAMS = Path(__file__).resolve().parents[2] / "notebooks" / "programs"
_SYSCALL = b"\x0f\x05"


def test_hello_writes_once_and_ends() -> None:
    trace = trace_system_calls(_PROGRAMS / "hello.c", args=["reader"])
    assert trace.result.console == "hello, reader\n"
    *_, written, ended = trace.calls
    assert (written.name, written.text, written.result) == ("writev", b"hello, reader\n", 14)
    assert (ended.name, ended.arguments[0], ended.result) == ("exit_group", 0, None)
    assert str(ended) == "exit_group(0) = ?"


def test_each_call_comes_from_a_system_call_instruction_of_the_image() -> None:
    image = build(_PROGRAMS / "hello.c", "process")
    with image.path.open("rb") as file:
        segments = [(part["p_vaddr"], part.data()) for part in ELFFile(file).iter_segments("PT_LOAD")]
    for call in trace_system_calls(image).calls:
        at = call.instruction - len(_SYSCALL)
        assert [data[at - start :][:2] for start, data in segments if start <= at < start + len(data)] == [_SYSCALL]


def test_threads_are_followed() -> None:
    calls = trace_system_calls(_PROGRAMS / "threads.c").calls
    made = [call.result for call in calls if call.name == "clone"]
    assert len(made) == 8  # four with a lock, four without
    assert set(made) < {call.thread for call in calls}


def test_an_error_has_a_name(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text('#include <fcntl.h>\nint main(void) { return open("/not/there", O_RDONLY) < 0; }')
    trace = trace_system_calls(source)
    opened = next(call for call in trace.calls if call.name == "open")
    assert (opened.text, opened.error, trace.result.exit_status) == (b"/not/there", "ENOENT", 1)
    assert str(opened).endswith("= -1 ENOENT")


def test_a_pointer_that_leads_nowhere_is_no_trouble(tmp_path: Path) -> None:
    source = tmp_path / "wild.c"
    source.write_text("#include <unistd.h>\nint main(void) { return write(1, (void *)16, 5) < 0; }")
    call = next(call for call in trace_system_calls(source).calls if call.name == "write")
    assert (call.text, call.error) == (b"", "EFAULT")


def test_signals_reach_the_program(tmp_path: Path) -> None:
    source = tmp_path / "ring.c"
    source.write_text(
        "#include <signal.h>\n#include <unistd.h>\n"
        "static void ring(int sig) { _exit(sig); }\n"
        "int main(void) { signal(SIGUSR1, ring); raise(SIGUSR1); return 0; }"
    )
    assert trace_system_calls(source).result.exit_status == 10


def test_only_processes_are_traced() -> None:
    with pytest.raises(CourseError, match="only a process"):
        trace_system_calls(build(_PROGRAMS / "hello.c", "unikernel"))


def test_names_are_linux_s() -> None:
    assert (names()[0], names()[1], names()[60], names()[231]) == ("read", "write", "exit", "exit_group")
