"""A machine's life: its states, and what may be done in each."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import CourseError, DeadlineExceeded, MachineError
from unilab.machines import End, Machine, Outcome, State, accelerator, qmp
from unilab.machines.keeper import processor_seconds
from unilab.machines.virtual_machine import VirtualMachine
from unilab.toolchain import Image

Program = Callable[..., Image]
each_architecture = pytest.mark.parametrize("on", ["unikernel", "process", "container"])
LONG = 120.0


def _running(image: Image, **options: object) -> Machine:
    """An endless machine, once it says that it runs."""
    machine = machines.start(image, deadline=LONG, **options)  # type: ignore[arg-type]
    assert machine.console.wait_for("running\n", LONG)
    return machine


def _kernel_state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("machine", ["microvm", "q35", "pc"])
def test_a_unikernel_boots_on_every_machine(machine: str, program: Program) -> None:
    result = machines.run(program("hello"), machine=machine, args=["you"])
    assert (result.console, result.exit_status, result.machine) == ("hello, you\n", 0, machine)
    assert result.first_output_seconds is not None
    assert 0 < result.first_output_seconds <= result.total_seconds


def test_the_same_program_runs_as_a_process(program: Program) -> None:
    result = machines.run(program("hello", "process"), args=["you"])
    assert (result.console, result.exit_status, result.machine) == ("hello, you\n", 0, None)


def test_the_accelerator_is_the_one_that_proved_better_here(program: Program) -> None:
    found = accelerator.probe()
    assert machines.run(program("hello")).accelerator == os.environ.get("UNILAB_ACCEL", found.name)
    assert found.reason


@each_architecture
def test_from_running_to_quit(on: str, program: Program) -> None:
    with _running(program("endless", on)) as machine:
        assert machine.state is State.RUNNING
        assert repr(machine) == f"<endless.c as a {on}: running>"
        machine.quit()
        assert machine.state is State.ENDED
        assert machine.wait() == Outcome(End.QUIT, None)
        machine.quit()
        assert machine.result().exit_status is None
        assert machine.result().console == "running\n"


@each_architecture
def test_leaving_the_with_statement_ends_it(on: str, program: Program) -> None:
    with _running(program("endless", on)) as machine:
        pid = machine.pid
    assert machine.state is State.ENDED
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@each_architecture
def test_an_exception_inside_the_with_statement_ends_it_too(on: str, program: Program) -> None:
    with pytest.raises(ZeroDivisionError), _running(program("endless", on)) as machine:
        1 / 0  # noqa: B018 - for its exception
    assert machine.state is State.ENDED


@each_architecture
def test_pause_and_resume(on: str, program: Program) -> None:
    with _running(program("endless", on)) as machine:
        for _ in range(20):
            machine.pause()
            machine.pause()
            assert machine.state is State.PAUSED
            if on == "process":
                assert _kernel_state(machine.pid) == "T"
            machine.resume()
            machine.resume()
            assert machine.state is State.RUNNING
        assert _kernel_state(machine.pid) != "T"


def test_a_paused_unikernel_stands_still(program: Program) -> None:
    with _running(program("endless")) as machine:
        machine.pause()
        before = machine._monitor.execute("query-status")  # type: ignore[attr-defined]
        assert (before["running"], before["status"]) == (False, "paused")
        machine.resume()
        assert machine._monitor.execute("query-status")["running"]  # type: ignore[attr-defined]


@each_architecture
def test_a_paused_machine_can_be_quit(on: str, program: Program) -> None:
    with _running(program("endless", on)) as machine:
        machine.pause()
        machine.quit()
        assert machine.wait() == Outcome(End.QUIT, None)


@each_architecture
def test_the_deadline_ends_a_paused_machine(on: str, program: Program) -> None:
    with machines.start(program("endless", on), deadline=2.5) as machine:
        assert machine.console.wait_for("running\n", LONG)
        machine.pause()
        with pytest.raises(DeadlineExceeded):
            machine.wait()


@each_architecture
def test_waiting_for_a_while_leaves_it_running(on: str, program: Program) -> None:
    with _running(program("endless", on)) as machine:
        with pytest.raises(TimeoutError):
            machine.wait(0.01)
        assert machine.state is State.RUNNING


@each_architecture
def test_after_its_end_every_call_says_so(on: str, program: Program) -> None:
    with machines.start(program("exit_status", on)) as machine:
        assert machine.wait() == Outcome(End.EXIT, 7)
        for call in (machine.pause, machine.resume, machine.address_space, lambda: machine.send("text")):
            with pytest.raises(MachineError, match="the machine has ended"):
                call()
        with pytest.raises(MachineError):
            machine.reset()
        machine.send_eof() if on == "process" else None
        with pytest.raises(CourseError, match="started before"):
            machine.start()
    assert machine.wait() == Outcome(End.EXIT, 7)
    assert machine.result().exit_status == 7


def test_registers_and_memory_of_a_unikernel_that_has_gone(program: Program) -> None:
    with machines.start(program("exit_status")) as machine:
        machine.wait()
        with pytest.raises(MachineError, match="the machine has ended"):
            machine.registers()  # type: ignore[attr-defined]
        assert machine.memory(0x100000, 4) == b"\x7fELF"  # type: ignore[attr-defined]
    with pytest.raises(MachineError, match="after its quit"):
        machine.memory(0x100000, 4)  # type: ignore[attr-defined]


def test_memory_is_what_the_image_put_there_and_no_more(program: Program) -> None:
    image = program("endless")
    with _running(image, memory=4) as machine:
        assert machine.memory(0x100000, 256) == image.path.read_bytes()[:256]  # type: ignore[attr-defined]
        for physical, length in ((4 << 20, 1), ((4 << 20) - 1, 2), (-1, 1), (0, -1)):
            with pytest.raises(MachineError, match="is not RAM of this machine, which has 4 MiB"):
                machine.memory(physical, length)  # type: ignore[attr-defined]


@pytest.mark.parametrize("machine", ["microvm", "q35", "pc"])
def test_reset_starts_over_with_fresh_memory(machine: str, program: Program) -> None:
    with machines.start(program("counter"), machine=machine) as running:
        assert running.console.wait_for("visit 1\n", LONG)
        for times in (2, 3):
            running.reset()
            assert running.console.wait_for("visit 1\n" * times, LONG)
        assert running.state is State.RUNNING
        running.send("x\n")
        assert running.wait() == Outcome(End.EXIT, 5)
        assert running.console.text == "visit 1\n" * 3


def test_a_paused_machine_that_is_reset_stays_paused(program: Program) -> None:
    with machines.start(program("counter")) as machine:
        assert machine.console.wait_for("visit 1\n", LONG)
        machine.pause()
        machine.reset()
        assert machine.state is State.PAUSED
        machine.resume()
        assert machine.console.wait_for("visit 1\n" * 2, LONG)


def test_a_guest_that_resets_itself_still_ends_after_a_reset(program: Program) -> None:
    with machines.start(program("triple_fault"), stop_at="main") as machine:
        machine.reset()
        machine.resume()
        with pytest.raises(MachineError, match="triple fault"):
            machine.wait()


def test_a_process_has_no_reset_button(program: Program) -> None:
    with _running(program("endless", "process")) as machine, pytest.raises(MachineError, match="cannot be reset"):
        machine.reset()


@each_architecture
def test_killed_from_outside(on: str, program: Program) -> None:
    with _running(program("endless", on)) as machine:
        os.kill(machine.pid, signal.SIGKILL)
        expected = "QEMU was ended by SIGKILL" if on == "unikernel" else "ended by signal 9"
        with pytest.raises(MachineError, match=expected) as caught:
            machine.wait()
        assert caught.value.console == "running\n"
        assert machine.state is State.ENDED


def test_asked_to_end_from_outside(program: Program) -> None:
    with _running(program("endless")) as machine:
        os.kill(machine.pid, signal.SIGTERM)
        with pytest.raises(MachineError, match=r"QEMU was ended\. .*terminating on signal 15"):
            machine.wait()


def test_a_hung_qemu_makes_calls_fail_and_works_again_when_it_wakes(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _running(program("endless")) as machine:
        os.kill(machine.pid, signal.SIGSTOP)
        monkeypatch.setattr(qmp, "_TIMEOUT", 0.2)
        for call in (machine.address_space, machine.pause, machine.reset):
            with pytest.raises(MachineError, match=r"has not answered .* for 0\.2 seconds") as caught:
                call()
            assert caught.value.command
            assert caught.value.console == "running\n"
        monkeypatch.undo()
        os.kill(machine.pid, signal.SIGCONT)
        assert machine.address_space().regions
        machine.resume()
        assert machine.state is State.RUNNING
        assert machine._monitor.execute("query-status")["running"]  # type: ignore[attr-defined]


def test_a_hung_qemu_can_be_quit(program: Program) -> None:
    with _running(program("endless")) as machine:
        os.kill(machine.pid, signal.SIGSTOP)
        machine.quit()
        assert machine.wait() == Outcome(End.QUIT, None)


def test_a_hung_qemu_ends_at_its_deadline(program: Program) -> None:
    with machines.start(program("endless"), deadline=1.5) as machine:
        os.kill(machine.pid, signal.SIGSTOP)
        with pytest.raises(DeadlineExceeded):
            machine.wait()


def test_a_call_while_qemu_is_killed_is_an_error_and_no_hang(program: Program) -> None:
    with _running(program("endless")) as machine:
        machine.pause()
        os.kill(machine.pid, signal.SIGKILL)
        with pytest.raises(MachineError):
            while True:
                machine.registers()  # type: ignore[attr-defined]


@each_architecture
def test_pausing_right_at_the_end_pauses_or_says_that_it_has_ended(on: str, program: Program) -> None:
    for _ in range(15):
        with machines.start(program("silent", on)) as machine:
            try:
                while True:
                    machine.pause()
                    assert machine.state is not State.RUNNING
                    machine.resume()
            except MachineError:
                pass
            assert machine.wait() == Outcome(End.EXIT, 0)


@each_architecture
def test_many_threads_may_use_one_machine(on: str, program: Program) -> None:
    failures: list[BaseException] = []

    def use(machine: Machine) -> None:
        try:
            for _ in range(10):
                assert machine.address_space().regions
                machine.pause()
                machine.resume()
        except BaseException as error:
            failures.append(error)

    with _running(program("endless", on)) as machine:
        threads = [threading.Thread(target=use, args=(machine,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG)
        assert failures == []
        machine.resume()
        assert machine.state is State.RUNNING


def test_quitting_from_another_thread_wakes_who_waits(program: Program) -> None:
    outcomes: list[Outcome] = []
    with _running(program("endless")) as machine:
        waiter = threading.Thread(target=lambda: outcomes.append(machine.wait()))
        waiter.start()
        machine.quit()
        waiter.join(LONG)
    assert outcomes == [Outcome(End.QUIT, None)]


def test_an_interrupt_while_waiting_leaves_the_machine_usable(program: Program) -> None:
    with _running(program("endless")) as machine:
        main = threading.main_thread().ident
        assert main is not None
        threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            machine.wait()
        assert machine.state is State.RUNNING
        assert machine.address_space().regions


def test_an_interrupt_in_the_middle_of_a_call_leaves_the_machine_usable(program: Program) -> None:
    main = threading.main_thread().ident
    assert main is not None
    with _running(program("endless")) as machine:
        os.kill(machine.pid, signal.SIGSTOP)  # so that the call is still under way when the interrupt comes
        threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT)).start()
        threading.Timer(0.4, os.kill, (machine.pid, signal.SIGCONT)).start()
        with pytest.raises(KeyboardInterrupt):
            machine.address_space()
        machine.resume()
        assert machine.address_space().regions
        assert machine._monitor.execute("query-status")["running"]  # type: ignore[attr-defined]


def test_what_a_process_leaves_behind_ends_with_it(program: Program) -> None:
    with machines.start(program("leaves_child", "process")) as machine:
        assert machine.wait() == Outcome(End.EXIT, 0)
        try:
            child = os.pidfd_open(int(machine.console.text))
        except ProcessLookupError:
            return
        try:
            assert select.select([child], [], [], LONG)[0]
        finally:
            os.close(child)


def test_processor_time_of_a_guest_is_that_of_its_own_threads(program: Program) -> None:
    with machines.start(program("endless"), deadline=LONG) as machine:
        assert isinstance(machine, VirtualMachine)
        while machine.guest_processor_seconds() < 0.2:
            time.sleep(0.01)
        machine.pause()
        before = machine.guest_processor_seconds()
        time.sleep(0.3)
        assert machine.guest_processor_seconds() - before < 0.05
        whole = processor_seconds(machine.pid)
        assert whole is not None and before < whole
        machine.quit()
        with pytest.raises(MachineError, match="has ended"):
            machine.guest_processor_seconds()
