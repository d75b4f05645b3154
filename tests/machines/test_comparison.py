"""A service as process, container, Linux guest and unikernel: started, asked, loaded, counted, compared, stopped."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from unilab import build, progress
from unilab.errors import CompileError, CourseError, MachineError, Unavailable
from unilab.machines import HostNetwork, Machine, UserNetwork, container_host, start
from unilab.measure import comparison, request_cost, service, surface
from unilab.measure.least_memory import least_memory
from unilab.measure.update import update
from unilab.spaces.comparison import Comparison, Executes

_PROGRAMS = Path(__file__).resolve().parents[2] / "notebooks" / "programs"
WAYS = comparison.ARCHITECTURES
QUICK = ("process", "unikernel")


def _children() -> set[str]:
    """The processes that this one has started, and that are there."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


@pytest.mark.parametrize("on", WAYS)
def test_it_serves_and_is_loaded(on: str) -> None:
    with service.serve(service.web(), on) as server:
        assert b'"program": "httpd"' in service.fetch(server.port)
        load = service.load(server.port, 4, 0.2)
        assert load.requests > 10 and 0 < load.p50 <= load.p99
        with pytest.raises(MachineError, match="404"):
            service.fetch(server.port, path="/nothing")
        with pytest.raises(MachineError, match="requests failed"):
            service.load(server.port, 1, 0.05, path="/nothing")
        assert server.machine.shipped_bytes >= server.machine.image.size

    def nobody_answers() -> bool:
        try:
            service.fetch(server.port)
        except MachineError:
            return True
        return False

    # The kernel ends what is in a container a moment after the process that we have waited for.
    _until(nobody_answers)


def test_whoever_does_not_serve_is_said(tmp_path: Path) -> None:
    silent = tmp_path / "silent.c"
    silent.write_text('#include <stdio.h>\nint main(void) { puts("no"); }\n')
    with pytest.raises(MachineError, match="ended before it served"), service.serve(service.web(silent), "unikernel"):
        pass
    with pytest.raises(MachineError, match=r"does not answer|Connection refused"):
        service.load(service.free_port(), 1, 0.05)


@pytest.mark.parametrize("where", ["", "guest"])
def test_a_container_has_the_host_s_network_if_asked(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the Linux guest of hosts that forbid containers, that guest's; its port is led to one of this host's."""
    monkeypatch.setenv(container_host.OVERRIDE, where)
    port = service.free_port()
    words = {"args": [str(port), "/"], "deadline": 60.0}
    with start(_PROGRAMS / "httpd.c", "container", network=HostNetwork((port,)), **words) as machine:  # type: ignore[arg-type]
        assert machine.console.wait_for("serving", 60)
        assert b"uptime" in service.fetch(machine.host_port(port))
    if container_host.forbidden():
        return
    with start(_PROGRAMS / "httpd.c", "container", **words) as machine:  # type: ignore[arg-type]
        assert machine.console.wait_for("serving", 60)
        with pytest.raises(MachineError):
            service.fetch(port)
        with pytest.raises(CourseError, match="HostNetwork"):
            machine.host_port(port)


def test_a_guest_cannot_have_the_host_s_network() -> None:
    with pytest.raises(CourseError, match="a machine of its own"):
        start(_PROGRAMS / "httpd.c", "unikernel", network=HostNetwork((80,)))


def test_a_restricted_network_lets_in_and_not_out() -> None:
    """A program that calls this host, as the network's gateway: it gets through, or, restricted, it does not."""
    caller = Path(__file__).parent / "programs" / "calls_out.c"
    with service.serve(service.web(), "process") as server:
        for restricted, expected in ((False, "through"), (True, "refused")):
            network = UserNetwork(restricted=restricted)
            with start(caller, args=[str(server.port)], network=network, deadline=60) as machine:
                machine.wait()
                assert machine.console.text.strip() == expected
    with service.serve(service.web(), "unikernel") as server:  # reached, which the labs rely on
        assert service.fetch(server.port)


def test_a_request_costs_the_program_the_same_everywhere_and_linux_more() -> None:
    costs = {on: request_cost.request_cost(service.web(), on) for on in request_cost.GUESTS}
    linux, ours = costs["linux"], costs["unikernel"]
    assert linux.each("program") == pytest.approx(ours.each("program"), rel=0.05)
    assert linux.each("C library") == pytest.approx(ours.each("C library"), rel=0.1)
    assert linux.each("kernel") > 2 * ours.each("library OS") > 0
    assert ours.crossings == 0 < linux.crossings
    assert linux.functions > ours.functions > 50
    assert ours.accesses > 0


def test_the_least_memory_of_a_unikernel() -> None:
    least = least_memory(service.web(), "unikernel", machine="microvm")
    with service.serve(service.web(), "unikernel", machine="microvm", memory=least) as server:
        assert service.fetch(server.port)
    with (
        pytest.raises(CourseError),
        service.serve(service.web(), "unikernel", machine="microvm", memory=least - 1, patience=5),
    ):
        pass


def test_what_an_intruder_would_find() -> None:
    found = {}
    for on in ("process", "container", "unikernel"):
        with service.serve(service.web(), on) as server:
            found[on] = {each.quantity: each.count for each in surface.surface(server.machine)}
    assert found["unikernel"]["reach"] == 0 and found["unikernel"]["programs"] == 1
    assert 0 < (found["unikernel"]["code"] or 0) < 300_000
    assert (found["process"]["reach"] or 0) > 200
    if not container_host.forbidden():
        assert (found["container"]["reach"] or 0) < (found["process"]["reach"] or 0)
        assert found["container"]["programs"] == 1
    assert (found["process"]["ports"] or 0) >= 1


def test_a_comparison_has_everything_that_was_asked_for() -> None:
    before = _children()
    seen = comparison.compare(
        _PROGRAMS / "httpd.c", QUICK, rounds=2, seconds=0.1, machine="microvm", only=("boot", "rate", "image")
    )
    assert [each.name for each in seen.quantities] == ["image", "boot", "rate"]
    assert seen.rounds == seen.wanted == 2
    assert all(len(seen.of("boot", on).samples) == len(seen.of("rate", on).samples) == 2 for on in QUICK)
    assert seen.of("image", "unikernel").samples == (build(_PROGRAMS / "httpd.c").size,)
    assert seen.contender("process").executes is Executes.HOST is not seen.contender("unikernel").executes
    with pytest.raises(CourseError, match="processor"):
        seen.ratio("rate", "process", "unikernel")
    assert _children() == before


@pytest.mark.parametrize(
    "wrong",
    [{"on": ["xen"]}, {"on": []}, {"rounds": 0}, {"seconds": -1}, {"only": ["speed"]}],
    ids=["architecture", "none", "rounds", "seconds", "quantity"],
)
def test_what_makes_no_sense_is_said_before_anything_starts(wrong: dict[str, object]) -> None:
    with pytest.raises(CourseError):
        comparison.compare(**wrong)  # type: ignore[arg-type]


def test_what_does_not_compile_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken.c"
    broken.write_text("int main(void) { return x; }\n")
    with pytest.raises(CompileError, match=r"broken\.c"):
        comparison.compare(broken, QUICK)


def test_an_interrupt_stops_it_keeps_what_there_is_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _children()
    begun: list[str] = []
    real_load = service.load

    def load(port: int, connections: int, seconds: float) -> service.Load:
        if len(begun) == 4:
            # In the middle of a step, as the toolbar's button does it: a server runs, and is asked.
            threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
        return real_load(port, connections, seconds)

    monkeypatch.setattr(service, "load", load)

    class Interrupting(comparison._Run):
        def _round(self, name: str) -> None:
            begun.append(name)
            super()._round(name)

    run = Interrupting(service.web(), QUICK, 5, 0.3, "microvm", "auto", ("boot", "rate"))
    seen = run.measure()
    assert begun == ["process", "unikernel", "unikernel", "process"]
    assert (seen.rounds, seen.wanted) == (1, 5)
    assert "stopped after 1 of 5 rounds" in repr(seen)
    assert len(seen.of("rate", "unikernel").samples) == 2
    _until(lambda: _children() == before)


def test_a_press_of_the_button_stops_it_at_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    from unilab.views.experiment import ExperimentView  # noqa: PLC0415

    views: list[ExperimentView] = []
    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", views.append)
    steps = 0

    def step(_: comparison._Run, name: str) -> None:
        nonlocal steps
        steps += 1
        if steps == 3:
            views[0].stop = True  # what the browser sends

    monkeypatch.setattr(comparison._Run, "_round", step)
    seen = comparison.compare(_PROGRAMS / "httpd.c", QUICK, rounds=5, only=("boot",))
    assert (steps, views[0].done, views[0].state) == (3, 3, "stopped")
    assert seen.rounds == 0 and "stopped" in repr(seen)
    assert views[0].static_text() == "Comparing httpd.c: 10 steps, with a button that stops it."


def test_what_this_host_cannot_do_is_taken_from_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    serve = service.serve

    def without_linux(made: service.Service, on: str, **options: object) -> object:
        if on == "linux":
            raise Unavailable("there is no kernel to be had")
        return serve(made, on, **options)  # type: ignore[arg-type]

    recorded = comparison.load()
    assert recorded is not None
    monkeypatch.setattr(service, "serve", without_linux)
    seen: Comparison = comparison.compare(on=("linux", "process"), rounds=1, seconds=0.05, only=("boot",))
    boot = seen.of("boot", "linux")
    assert boot.samples == recorded.of("boot", "linux").samples
    assert boot.source == "RECORDED" and boot.note == "there is no kernel to be had"
    assert seen.of("boot", "process").source == "LIVE"


def test_an_update_is_the_next_version(tmp_path: Path) -> None:
    newer = tmp_path / "newer.c"
    newer.write_text((_PROGRAMS / "httpd.c").read_text().replace(r"\"httpd\"", r"\"newer\""))
    done = update(_PROGRAMS / "httpd.c", newer, "unikernel")
    assert b'"httpd"' in done.before and b'"newer"' in done.after
    assert done.down_seconds > 0


@pytest.mark.parametrize("on", WAYS)
def test_a_crash_in_a_process_of_its_own_leaves_the_server(on: str) -> None:
    with service.serve(service.web(_PROGRAMS / "workers.c"), on) as server:
        with pytest.raises(MachineError):
            service.fetch(server.port, path="/crash")
        if on != "unikernel":
            assert service.fetch(server.port).startswith(b"served by process")
            return
        with pytest.raises(MachineError):
            service.fetch(server.port)
        machine: Machine = server.machine
        with pytest.raises(MachineError, match="crashed"):
            machine.wait(30)
        assert "fork() fails with ENOSYS" in machine.console.text


def _until(what: object) -> None:
    until = time.monotonic() + 30
    while not what():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.05)
