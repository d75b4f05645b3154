"""What machines that ended leave behind: nothing."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import CourseError, MachineError
from unilab.measure.starts import KINDS, held
from unilab.toolchain import Image

Program = Callable[..., Image]

#: The full count for every kind is `./course bench --only starts`.
_TIMES = {("process", None): 200, ("container", None): 200, ("unikernel", "microvm"): 200}
#: What leaves something behind does so each time.
_FEW = 1


def _held() -> frozenset[str]:
    """What a run could leave behind in this process."""
    return held(Path(tempfile.gettempdir()))


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.mark.parametrize(("on", "machine"), KINDS)
def test_runs(on: str, machine: str | None, program: Program) -> None:
    image = program("silent", on)

    def run_all(times: int) -> None:
        for _ in range(times):
            assert machines.run(image, machine=machine, deadline=60).exit_status == 0

    run_all(1)
    before = _held()
    run_all(_TIMES.get((on, machine), _FEW))
    assert _held() == before


@pytest.mark.parametrize("on", ["unikernel", "process", "container"])
def test_machines_that_were_looked_at_stopped_and_never_quit(on: str, program: Program) -> None:
    def look() -> None:
        machine = machines.start(program("echo", on), stop_at="main", deadline=60)
        machine.address_space()
        machine.resume()
        machine.send("text\n")
        machine.send_eof()
        machine.wait()

    look()
    before = _held()
    for _ in range(10):
        look()
    assert _held() == before


@pytest.mark.parametrize("on", ["unikernel", "process", "container", "xen"])
def test_machines_that_failed(on: str, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, short = program("endless", on), program("silent", on)

    def fail(**options: object) -> None:
        with pytest.raises(CourseError):
            machines.run(image, **options)  # type: ignore[arg-type]

    def fail_when(thing: object, name: str, error: Exception) -> None:
        def refuse(*_: object) -> None:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(thing, name, refuse)
            fail()

    def fail_all() -> None:
        fail(deadline=0.2)
        fail(args=["x" * 200_000])
        fail_when(os, "pipe", OSError(errno.EMFILE, "Too many open files"))
        fail_when(threading.Thread, "start", RuntimeError("can't start new thread"))
        with pytest.raises(MachineError):
            machines.start(short, stop_at="exit", deadline=0.001)

    fail_all()
    before = _held()
    fail_all()
    assert _held() == before


def test_no_machine_can_be_reached_over_a_network(program: Program) -> None:
    """No socket of QEMU's, or of the process's, is one of the network's."""
    for on in ("unikernel", "process"):
        options = [{"machine": "microvm"}, {"machine": "q35", "stop_at": "main"}] if on == "unikernel" else [{}]
        for option in options:
            with machines.start(program("endless", on), deadline=60, **option) as machine:  # type: ignore[arg-type]
                if "stop_at" not in option:
                    assert machine.console.wait_for("running\n", 60)
                proc = Path(f"/proc/{machine.pid}")
                links = [str(path.readlink()) for path in (proc / "fd").iterdir()]
                sockets = {link[8:-1] for link in links if link.startswith("socket:[")}
                listed = {
                    line.split()[9]
                    for table in ("tcp", "tcp6", "udp", "udp6", "udplite", "raw", "raw6")
                    if (proc / "net" / table).exists()
                    for line in (proc / "net" / table).read_text().splitlines()[1:]
                }
                assert not sockets & listed
                assert len(sockets) == {"unikernel": 1 + ("stop_at" in option), "process": 0}[on]
