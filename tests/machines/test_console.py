"""What is typed on a machine's console, and what comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from unilab import machines
from unilab.errors import CourseError, MachineError
from unilab.machines import End, Machine, Outcome
from unilab.toolchain import Image

Program = Callable[..., Image]
each_architecture = pytest.mark.parametrize("on", ["unikernel", "process", "container"])
LONG = 120.0


@each_architecture
def test_a_conversation(on: str, program: Program) -> None:
    with machines.start(program("echo", on)) as machine:
        assert machine.console.wait_for("name? ", LONG)
        machine.send("Ada\n")
        assert machine.console.wait_for("<Ada>", LONG)
        machine.send("Grace ")
        machine.send("Hopper\n")
        assert machine.console.wait_for("<Grace Hopper>", LONG)
        machine.send_eof()
        assert machine.wait() == Outcome(End.EXIT, 0)
    assert machine.console.text == "name? <Ada><Grace Hopper> end\n"


@each_architecture
@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("", ""),
        ("\n", "<>"),
        ("no newline", "<no newline>"),
        ("one\n\ntwo\nno newline", "<one><><two><no newline>"),
        ("é€🐧\n", "<é€🐧>"),
    ],
)
def test_input_given_to_run(on: str, typed: str, shown: str, program: Program) -> None:
    assert machines.run(program("echo", on), input=typed).console == f"name? {shown} end\n"


@each_architecture
def test_much_input_and_output_at_once(on: str, program: Program) -> None:
    lines = [f"{n:0200d}" for n in range(200)]
    result = machines.run(program("echo", on), input="\n".join(lines), deadline=LONG)
    assert result.console == f"name? {''.join(f'<{line}>' for line in lines)} end\n"


@each_architecture
def test_input_that_nobody_reads_is_no_error(on: str, program: Program) -> None:
    assert machines.run(program("hello", on), input="x" * 1_000_000).exit_status == 0


@each_architecture
def test_typing_that_waits_for_a_reader_is_ended_by_quit(on: str, program: Program) -> None:
    errors: list[Exception] = []

    def type_much(machine: Machine) -> None:
        try:
            machine.send("x" * 10_000_000)
        except MachineError as error:
            errors.append(error)

    with machines.start(program("endless", on), deadline=LONG) as machine:
        assert machine.console.wait_for("running", LONG)
        typist = threading.Thread(target=type_much, args=(machine,))
        typist.start()
    typist.join(LONG)
    assert len(errors) == 1
    assert "has ended" in str(errors[0])


def test_the_end_of_the_input_cannot_be_typed_as_text(program: Program) -> None:
    with machines.start(program("echo")) as machine, pytest.raises(CourseError, match="control-D"):
        machine.send("text\x04")


def test_after_the_end_of_its_input_a_process_takes_no_more(program: Program) -> None:
    with machines.start(program("endless", "process")) as machine:
        machine.send_eof()
        machine.send_eof()
        with pytest.raises(CourseError, match="ended before"):
            machine.send("text")


@each_architecture
def test_letters_of_several_bytes_arrive_whole(on: str, program: Program) -> None:
    heard: list[str] = []
    result = machines.run(program("letters", on), on_output=heard.append)
    assert result.console == "".join(heard) == "aé€🐧\n" * 200


@each_architecture
def test_output_is_heard_as_it_comes(on: str, program: Program) -> None:
    heard: list[str] = []
    prompted = threading.Event()

    def listener(text: str) -> None:
        heard.append(text)
        if "name? " in "".join(heard):
            prompted.set()

    with machines.start(program("echo", on), on_output=listener) as machine:
        assert prompted.wait(LONG)  # while the program waits for us
        machine.send_eof()
        machine.wait()
    assert "".join(heard) == machine.console.text == "name?  end\n"


@each_architecture
def test_a_program_that_prints_nothing(on: str, program: Program) -> None:
    result = machines.run(program("silent", on), on_output=pytest.fail)
    assert (result.console, result.first_output_seconds, result.exit_status) == ("", None, 0)


@each_architecture
def test_a_listener_that_raises_is_reported_and_the_machine_runs_on(on: str, program: Program) -> None:
    def listener(text: str) -> None:
        raise ValueError("no room")

    with machines.start(program("hello", on), on_output=listener) as machine:
        with pytest.raises(MachineError, match=r"on_output failed: ValueError\('no room'\)") as caught:
            machine.wait()
        assert isinstance(caught.value.__cause__, ValueError)
        assert machine.console.text == "hello, world\n"


@each_architecture
def test_a_listener_may_end_its_machine(on: str, program: Program) -> None:
    machine: Machine | None = None
    ready = threading.Event()

    def listener(text: str) -> None:
        assert ready.wait(LONG)
        assert machine is not None
        machine.quit()

    machine = machines.start(program("endless", on), on_output=listener)
    with machine:
        ready.set()
        assert machine.wait() == Outcome(End.QUIT, None)


def test_a_listener_cannot_wait_for_its_machine(program: Program) -> None:
    machine: Machine | None = None
    ready = threading.Event()

    def listener(text: str) -> None:
        assert ready.wait(LONG)
        assert machine is not None
        machine.wait()

    machine = machines.start(program("hello"), on_output=listener)
    with machine:
        ready.set()
        with pytest.raises(MachineError, match="on_output cannot wait"):
            machine.wait()


def test_a_listener_that_never_returns_does_not_keep_the_machine_alive(
    program: Program, has_ended: Callable[[int], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unilab.machines.lifecycle.PATIENCE", 0.2)
    release = threading.Event()
    with machines.start(program("endless"), on_output=lambda text: release.wait(LONG), deadline=2.0) as machine:
        try:
            with pytest.raises(MachineError, match="on_output does not return"):
                machine.wait()
            assert has_ended(machine.pid)
        finally:
            release.set()
