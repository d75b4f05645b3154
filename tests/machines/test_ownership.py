"""A machine dies with its owner, whatever happens to that, and for no other reason."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.machines import State
from unilab.toolchain import Image

Program = Callable[..., Image]
each_architecture = pytest.mark.parametrize("on", ["unikernel", "process", "container"])
LONG = 120.0

# Starts a machine that never ends, says its number, waits to be told to go on, and then does what the test asks for.
_OWNER = """
import os, sys, threading
from unilab import machines
machine = machines.start(sys.argv[1], sys.argv[2], deadline=600)
machine.console.wait_for("running", 120)
print(machine.pid, flush=True)
sys.stdin.readline()
"""


def _owner(program: Path, on: str, then: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OWNER + then, str(program), on],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Watched:
    """A process that is not our child, held by a descriptor so that its number cannot become another's."""

    def __init__(self, pid: int) -> None:
        self._fd = os.pidfd_open(pid)

    def has_ended(self, timeout: float = LONG) -> bool:
        return bool(select.select([self._fd], [], [], timeout)[0])

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def _started(owner: subprocess.Popen[str]) -> Watched:
    assert owner.stdout is not None
    said = owner.stdout.readline()
    assert said, owner.communicate()[1]
    return Watched(int(said))


@pytest.mark.parametrize("on", ["unikernel", "process", "container", "xen"])
def test_killed(on: str, program: Program) -> None:
    with _owner(program("endless").program, on) as owner, _started(owner) as machine:
        assert not machine.has_ended(0)
        os.kill(owner.pid, signal.SIGKILL)
        assert machine.has_ended()


@each_architecture
@pytest.mark.parametrize(
    ("then", "code", "complaint"),
    [
        ("", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("os._exit(4)", 4, ""),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("machine.address_space(); machine.pause()", 0, ""),
        ("machine.quit()", 0, ""),
    ],
)
def test_ended_on_its_own(on: str, then: str, code: int, complaint: str, program: Program) -> None:
    with _owner(program("endless").program, on, then) as owner, _started(owner) as machine:
        _, errors = owner.communicate("go on\n", timeout=LONG)
        assert machine.has_ended()
    assert owner.returncode == code
    # Nothing of our own is said on the way out: no thread's traceback, no warning.
    assert errors.splitlines()[-1:] == ([complaint] if complaint else [])
    assert "Exception ignored" not in errors
    assert "Task" not in errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ended_by_a_signal(number: signal.Signals, program: Program) -> None:
    with _owner(program("endless").program, "unikernel") as owner, _started(owner) as machine:
        os.kill(owner.pid, number)
        assert machine.has_ended()


def test_killed_while_a_tracer_holds_the_process(program: Program) -> None:
    script = _OWNER.replace("deadline=600", "stop_at='main'").replace('machine.console.wait_for("running", 120)', "")
    owner = subprocess.Popen(
        [sys.executable, "-c", script, str(program("endless").program), "process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with owner, _started(owner) as machine:
        assert not machine.has_ended(0)
        os.kill(owner.pid, signal.SIGKILL)
        assert machine.has_ended()


def test_a_forked_copy_of_the_owner_takes_nothing_along(program: Program) -> None:
    forks = "child = os.fork() or sys.exit(0)\nos.waitpid(child, 0)\nprint('forked', flush=True)\nsys.stdin.readline()"
    with _owner(program("endless").program, "unikernel", forks) as owner, _started(owner) as machine:
        assert owner.stdin is not None
        assert owner.stdout is not None
        owner.stdin.write("go on\n")
        owner.stdin.flush()
        assert owner.stdout.readline() == "forked\n"
        assert not machine.has_ended(0)
        owner.kill()
        assert machine.has_ended()


@each_architecture
def test_a_machine_outlives_the_thread_that_started_it(on: str, program: Program) -> None:
    started: list[machines.Machine] = []
    starter = threading.Thread(target=lambda: started.append(machines.start(program("endless", on), deadline=LONG)))
    starter.start()
    starter.join(LONG)
    with started[0] as machine:
        assert machine.console.wait_for("running\n", LONG)
        with pytest.raises(TimeoutError):
            machine.wait(0.1)
        assert machine.state is State.RUNNING
        assert machine.address_space().regions


def test_a_terminals_interrupt_does_not_reach_it(program: Program) -> None:
    with machines.start(program("endless"), deadline=LONG) as machine:
        assert os.getpgid(machine.pid) == os.getsid(machine.pid) == machine.pid != os.getpgid(0)


# Machines that end and are killed at every moment of a conversation with them, and are forgotten without a quit().
_FORGETFUL = """
import contextlib, gc, os, sys
from unilab import machines
from unilab.errors import MachineError
for n in range(20):
    machine = machines.start(sys.argv[1], deadline=120)
    with contextlib.suppress(MachineError, ProcessLookupError):  # it may have ended already
        for _ in range(n % 5):
            machine.pause()
            machine.resume()
        if n % 2:
            os.kill(machine.pid, 9)
        machine.wait()
    del machine
    gc.collect()
"""


def test_of_machines_that_were_forgotten_nothing_is_said(program: Program) -> None:
    command = [sys.executable, "-c", _FORGETFUL, str(program("hello").program)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
