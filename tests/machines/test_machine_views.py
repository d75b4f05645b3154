"""Consoles and remote controls of machines that are there, without a browser."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.machines.conftest import LONG, BuildProgram
from unilab import machines
from unilab.errors import CourseError
from unilab.machines import Machine
from unilab.views import ConsoleView, MachineControl

each_architecture = pytest.mark.parametrize("on", ["unikernel", "process"])


def _until(true: Callable[[], object]) -> None:
    end = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if "view of" in thread.name or "typing to" in thread.name:
            thread.join(LONG)
            assert not thread.is_alive(), thread.name


@each_architecture
def test_what_is_typed_is_sent_and_shown_and_the_end_is_seen(on: str, program: BuildProgram) -> None:
    with machines.start(program("counter", on), deadline=LONG) as machine:
        view = ConsoleView(machine, task="Type.")
        _until(lambda: "visit 1\n" in view.text)
        assert (view.state, view.error) == ("running", "")
        view.type("x <y>")
        machine.wait()
        _until(lambda: view.state == "ended")
        assert view.text.splitlines()[:2] == ["visit 1", "x <y>"]
        assert view.get_state()["_ending"] == "exit, exit status 5"
        assert not view.get_state()["_can_type"]
        assert "x &lt;y&gt;" in view.static_html()
        assert view.static_text().startswith(
            f"Type.\nConsole of counter as a {on}, ended: exit, exit status 5 when the cell ran\nvisit 1\n"
        )
        view.type("too late")  # nobody is left to type it, and nothing hangs


@each_architecture
def test_the_end_of_the_input_is_sent(on: str, program: BuildProgram) -> None:
    with machines.start(program("counter", on), deadline=LONG) as machine:
        view = ConsoleView(machine)
        view._asked(view, {"do": "end"}, [])
        assert machine.wait().exit_status == 6
        assert not view.get_state()["_can_type"]


def test_a_flood_is_shown_by_its_end(program: BuildProgram) -> None:
    with machines.start(program("much_output", "process"), deadline=LONG) as machine:
        view = ConsoleView(machine, scrollback=50)
        machine.wait()
        _until(lambda: view.state == "ended")
        lines = machine.console.text.split("\n")
        assert len(lines) > 1000
        assert view.text.split("\n") == lines[-50:]
        assert view.get_state()["_dropped"] == len(lines) - 50


def test_a_machine_that_does_not_read_keeps_nobody_waiting(program: BuildProgram) -> None:
    with machines.start(program("endless", "process"), deadline=LONG) as machine:
        view = ConsoleView(machine)
        begin = time.monotonic()
        for _ in range(40):
            view.type("x" * 10_000)
        assert time.monotonic() - begin < LONG / 2
        machine.quit()
        _until(lambda: view.state == "ended")
        assert view.get_state()["_ending"] == "it was told to"


def test_a_crash_is_told_in_words(program: BuildProgram) -> None:
    with machines.start(program("null_dereference"), deadline=LONG) as machine:
        view, control = ConsoleView(machine), MachineControl(machine)
        _until(lambda: view.state == control.state == "ended")
        for each in (view, control):
            assert each.get_state()["_ending"].startswith("panic, exit status ")
        assert "null pointer" in view.text


def test_a_machine_that_is_killed_under_its_views_is_told_in_words(program: BuildProgram) -> None:
    with machines.start(program("endless"), deadline=LONG) as machine:
        view, control = ConsoleView(machine), MachineControl(machine)
        os.kill(machine.pid, signal.SIGKILL)
        _until(lambda: view.state == control.state == "ended")
        for each in (view, control):
            assert each.get_state()["_ending"].startswith("QEMU was ended by SIGKILL")
        view.end_input()
        assert "has ended" in view.error or view.error == ""
        control.do("resume")
        assert "has ended" in control.error


def test_a_machine_is_controlled(program: BuildProgram) -> None:
    with machines.start(program("stations"), stop_at="main", deadline=LONG) as machine:
        view = MachineControl(machine)
        state = view.get_state()
        assert state["state"] == "paused"
        assert state["_controls"] == ["pause", "registers", "reset", "resume", "step"]
        assert state["_place"].startswith("main+0x0 (stations.c:")
        names = [row[0] for row in state["_registers"]]
        assert names[:4] == ["RIP", "RFLAGS", "CPL", "RAX"]
        assert {row[3] for row in state["_registers"]} == {""}
        view.do("step")
        state = view.get_state()
        assert (state["_steps"], state["error"]) == (1, "")
        fresh = {row[0] for row in state["_registers"] if row[3]}
        assert "RIP" in fresh
        assert "CR3" not in fresh
        assert "RIP" in view.static_html()
        assert "main+" in view.static_text()
        view.do("resume")
        assert machine.wait().exit_status == 3
        _until(lambda: view.state == "ended")
        view.do("pause")
        assert "has ended" in view.error
        assert "To mend it:" in view.error


def test_what_cannot_be_done_is_said_and_nothing_else_happens(program: BuildProgram) -> None:
    with machines.start(program("endless", "process"), deadline=LONG) as machine:
        view = MachineControl(machine)
        assert view.get_state()["_controls"] == ["pause", "resume"]
        view.do("pause")
        assert (view.state, view.get_state()["_registers"]) == ("paused", [])
        view.do("step")
        assert view.error.startswith("a process is not stepped here")
        view.do("resume")
        assert (view.state, view.error) == ("running", "")
        with pytest.raises(CourseError, match="no button 'explode'"):
            view.do("explode")
        for nonsense in (None, {}, {"do": "explode"}, {"do": ["pause"]}, "pause"):
            view._asked(view, nonsense, [])
        assert view.state == "running"
        view.do("quit")
        _until(lambda: view.get_state()["_ending"] == "it was told to")


def test_what_others_do_is_seen(program: BuildProgram) -> None:
    with machines.start(program("endless"), deadline=LONG) as machine:
        console, control = ConsoleView(machine), MachineControl(machine)
        assert machine.console.wait_for("running\n", LONG)
        machine.pause()
        _until(lambda: console.state == control.state == "paused")
        _until(lambda: control.get_state()["_place"].startswith("main+"))
        machine.resume()
        _until(lambda: console.state == control.state == "running")


def test_reset_starts_the_machine_over(program: BuildProgram) -> None:
    with machines.start(program("counter"), deadline=LONG) as machine:
        console, control = ConsoleView(machine), MachineControl(machine)
        _until(lambda: "visit 1\n" in console.text)
        control.do("reset")
        _until(lambda: console.text.count("visit 1\n") == 2 or "visit 2\n" in console.text)
        assert control.error == ""


def test_a_closed_view_leaves_its_machine_alone(program: BuildProgram) -> None:
    with machines.start(program("endless"), deadline=LONG) as machine:
        views = [ConsoleView(machine), MachineControl(machine)]
        for view in views:
            view.close()
            view._watcher.join(LONG)
            assert not view._watcher.is_alive()
        assert machine.state == "running"


@each_architecture
def test_machines_have_what_views_ask_of_them(on: str, program: BuildProgram) -> None:
    with machines.start(program("stations", on), deadline=LONG) as machine:
        assert isinstance(machine, Machine)
        assert Path(machine.image.program).stem == "stations"
        for name in ("pause", "resume", "step", "reset", "quit", "registers", "place", "send", "send_eof", "wait"):
            assert callable(getattr(machine, name))
        assert machine.controls <= {"pause", "resume", "step", "reset", "registers"}
