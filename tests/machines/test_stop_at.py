"""Stopping a program at a place of one's choice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import DeadlineExceeded, GuestPanic, MachineError
from unilab.machines import EXIT, End, Outcome, State
from unilab.machines.container import children
from unilab.toolchain import Image
from unilab.toolchain.symbols import SymbolTable

Program = Callable[..., Image]
each_architecture = pytest.mark.parametrize("on", ["unikernel", "process", "container"])
LONG = 120.0


@each_architecture
@pytest.mark.parametrize(
    ("place", "said"), [("main", ""), ("first", ""), ("second", "first\n"), (EXIT, "first\nsecond\n")]
)
def test_it_is_paused_there_and_runs_on(on: str, place: str, said: str, program: Program) -> None:
    with machines.start(program("stations", on), stop_at=place) as machine:
        assert machine.state is State.PAUSED
        assert not said or machine.console.wait_for(said, LONG)
        assert machine.console.text == said
        assert machine.address_space().regions
        assert machine.state is State.PAUSED
        machine.resume()
        assert machine.wait() == Outcome(End.EXIT, 3)
        assert machine.console.text == "first\nsecond\n"


@pytest.mark.parametrize("machine", ["microvm", "q35", "pc"])
def test_a_unikernel_stands_at_the_very_instruction(machine: str, program: Program) -> None:
    image = program("stations")
    with machines.start(image, machine=machine, stop_at="second") as stopped:
        registers = stopped.registers()  # type: ignore[attr-defined]
        assert registers.rip == SymbolTable(image.debug).address("second")
        assert registers.privilege_level == 0


@each_architecture
def test_a_place_that_is_never_reached(on: str, program: Program) -> None:
    with pytest.raises(MachineError, match="ended before it reached the place to stop at") as caught:
        machines.start(program("stations", on), stop_at="never")
    assert caught.value.console == "first\nsecond\n"


def test_a_crash_on_the_way_is_what_is_reported(program: Program) -> None:
    with pytest.raises(GuestPanic, match="null pointer"):
        machines.start(program("null_dereference"), stop_at=EXIT)


def test_a_process_that_crashes_is_stopped_while_everything_is_still_there(program: Program) -> None:
    with machines.start(program("null_dereference", "process"), stop_at=EXIT) as machine:
        assert machine.state is State.PAUSED
        assert "main stack" in {region.label for region in machine.address_space().regions}
        machine.resume()
        with pytest.raises(MachineError, match="ended by signal 11"):
            machine.wait()


@each_architecture
def test_the_deadline_counts_on_the_way(on: str, program: Program) -> None:
    with pytest.raises(DeadlineExceeded, match=r"still running after 0\.7 seconds"):
        machines.start(program("endless", on), stop_at=EXIT, deadline=0.7)


@each_architecture
@pytest.mark.parametrize("place", ["second", EXIT])
def test_the_deadline_counts_while_it_stands(on: str, place: str, program: Program) -> None:
    with (
        pytest.raises(DeadlineExceeded),
        machines.start(program("stations", on), stop_at=place, deadline=1.0) as machine,
    ):
        machine.wait()


@each_architecture
@pytest.mark.parametrize("place", ["main", "second", EXIT])
def test_it_can_be_quit_where_it_stands(on: str, place: str, program: Program) -> None:
    with machines.start(program("stations", on), stop_at=place) as machine:
        machine.quit()
        assert machine.state is State.ENDED
        assert machine.wait() == Outcome(End.QUIT, None)


@each_architecture
def test_pause_and_resume_work_from_there(on: str, program: Program) -> None:
    for _ in range(10):
        with machines.start(program("endless", on), stop_at="main", deadline=LONG) as machine:
            machine.pause()
            machine.resume()
            machine.pause()
            assert machine.state is State.PAUSED
            machine.resume()
            assert machine.console.wait_for("running\n", LONG)


def test_a_trap_of_the_programs_own_is_left_to_it(program: Program) -> None:
    with machines.start(program("own_trap", "process"), stop_at="goal") as machine:
        assert machine.console.wait_for("signal 5\n", LONG)
        machine.resume()
        assert machine.wait() == Outcome(End.EXIT, 0)
        assert machine.console.text == "signal 5\ngoal\n"


def test_a_unikernel_that_is_reset_where_it_stands_starts_over(program: Program) -> None:
    with machines.start(program("stations"), stop_at="second") as machine:
        assert machine.console.wait_for("first\n", LONG)
        machine.reset()
        assert machine.state is State.PAUSED
        machine.resume()
        assert machine.wait() == Outcome(End.EXIT, 3)
        assert machine.console.text == "first\n" + "first\nsecond\n"


@each_architecture
def test_an_interrupt_on_the_way_leaves_nothing_running(on: str, program: Program) -> None:
    image, main = program("endless", on), threading.main_thread().ident
    assert main is not None

    def runs() -> bool:
        """Not a helper that finds out about the host, or compiles."""
        commands = [Path(f"/proc/{pid}/cmdline") for pid in children(os.getpid())]
        return any(str(image.path) in each.read_text() for each in commands if each.exists())

    def interrupt() -> None:
        until = time.monotonic() + LONG
        while not runs() and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.2)
        signal.pthread_kill(main, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        machines.start(image, stop_at=EXIT, deadline=LONG)
    assert [Path(f"/proc/{pid}/stat").read_text() for pid in children(os.getpid())] == []


@pytest.mark.parametrize("on", ["unikernel", "process"])
def test_a_machine_that_stands_at_its_end_has_been_heard_to_the_end(on: str, program: Callable[..., Image]) -> None:
    """Even by one whose own work is slow: the keeper is still reading when the machine has stopped."""

    def slow(text: str) -> None:
        time.sleep(0.02)

    with machines.start(program("letters", on), stop_at=EXIT, on_output=slow, deadline=120) as machine:
        assert machine.state is State.PAUSED
        heard = machine.console.text
        machine.resume()
        machine.wait()
        assert machine.console.text == heard != ""
