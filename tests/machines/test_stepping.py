"""Machines that are stepped, stopped again and again, and looked into."""

from __future__ import annotations

import shutil
import signal
import threading
from pathlib import Path

import pytest

from tests.machines.conftest import LONG, BuildProgram
from unilab import machines
from unilab.errors import CourseError, MachineError
from unilab.machines import State
from unilab.machines.unikernel import Unikernel


def _start(program: BuildProgram, name: str, **options: object) -> Unikernel:
    machine = machines.start(program(name), deadline=LONG, **options)  # type: ignore[arg-type]
    assert isinstance(machine, Unikernel)
    return machine


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_a_paused_machine_is_stepped_and_runs_on(machine: str, program: BuildProgram) -> None:
    with _start(program, "stations", stop_at="second", machine=machine) as running:
        seen = [running.registers().rip]
        for _ in range(5):
            running.step()
            seen.append(running.registers().rip)
        assert running.place(seen[0]).startswith("second+0x0 (stations.c:")
        assert len(set(seen)) > 3
        assert running.state is State.PAUSED
        running.resume()
        assert running.wait().exit_status == 3


def test_one_that_was_started_without_a_place_to_stop_is_stepped_too_and_again(tmp_path: Path) -> None:
    source = tmp_path / "counts.c"
    source.write_text(
        '#include <stdio.h>\nint main(void)\n{\n    puts("?");\n    for (volatile int i = 0;; i++)\n        ;\n}\n'
    )
    with machines.start(source, deadline=LONG) as running:
        assert running.console.wait_for("?\n", LONG)
        for _ in range(3):
            running.pause()
            before = running.registers()
            running.step()
            assert running.registers() != before
            assert running.state is State.PAUSED
            running.resume()
            assert running.state is State.RUNNING


def test_it_is_run_from_place_to_place(program: BuildProgram) -> None:
    with _start(program, "stations", stop_at="main") as running:
        first, second = (running.symbols.address(name) for name in ("first", "second"))
        assert running.run_to(second, first) == first
        assert running.look(first, 4) == running.memory(first, 4)  # the image is where it says
        assert running.run_to(second, first) == second
        assert running.console.wait_for("first\n", LONG)
        with pytest.raises(MachineError, match="ended before it reached"):
            running.run_to(second, first)
        assert running.wait().exit_status == 3


def test_an_interrupt_on_the_way_stops_it_where_it_is(program: BuildProgram) -> None:
    with _start(program, "endless", stop_at="main") as running:
        main = threading.main_thread().ident
        assert main is not None
        threading.Timer(0.5, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            running.run_to(running.symbols.address("main"))
        assert running.state is State.PAUSED
        assert running.console.text == "running\n"
        running.step()
        assert running.place(running.registers().rip).startswith("main+")


def test_a_processor_that_is_halted_steps_when_an_interrupt_comes_and_says_so_when_none_does(tmp_path: Path) -> None:
    source = tmp_path / "waits.c"
    source.write_text('#include <stdio.h>\nint main(void) { puts("?"); return getchar(); }\n')
    with machines.start(source, deadline=LONG) as running:
        assert running.console.wait_for("?\n", LONG)
        while True:
            running.pause()
            if running.registers().halted:
                break
            running.resume()
        with pytest.raises(MachineError, match="halted until an interrupt comes"):
            running.step()
        assert running.state is State.PAUSED
        running.send("x\n")
        running.step()
        assert not running.registers().halted
        running.step()
        running.resume()
        assert running.wait().exit_status == ord("x")


def test_what_runs_or_has_ended_is_not_stepped(program: BuildProgram) -> None:
    with _start(program, "endless") as running:
        with pytest.raises(MachineError, match="only a paused machine"):
            running.step()
        running.quit()
        with pytest.raises(MachineError, match="has ended"):
            running.step()


def test_a_process_says_that_it_is_not_stepped(program: BuildProgram) -> None:
    with machines.start(program("endless", "process"), "process", deadline=LONG) as running:
        assert running.controls == {"pause", "resume"}
        with pytest.raises(CourseError, match="not stepped"):
            running.step()
        with pytest.raises(CourseError, match="registers of a process"):
            running.registers()
        assert running.place(0x401000) == ""


@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
def test_gdb_and_our_own_steps_exclude_each_other(program: BuildProgram) -> None:
    with _start(program, "endless", stop_at="main") as running:
        running.step()
        running.gdb()
        with pytest.raises(CourseError, match="debugger interface is gdb's now"):
            running.step()


def test_a_guest_that_dies_under_the_debugger_is_an_error_and_no_hang(program: BuildProgram) -> None:
    with _start(program, "endless", stop_at="main") as running:
        threading.Timer(0.5, running._live_keeper().kill).start()
        with pytest.raises(MachineError):
            running.run_to(running.symbols.address("main"))
        assert running.state is State.ENDED


def test_a_register_is_set(program: BuildProgram) -> None:
    with _start(program, "stations", stop_at="second") as running:
        before = dict(running.registers().general)
        running.set_register("rdi", 0xDEADBEEF_00000001)
        after = dict(running.registers().general)
        assert after == before | {"RDI": 0xDEADBEEF_00000001}
        with pytest.raises(CourseError, match="the register cr3 is not set here"):
            running.set_register("cr3", 0)
