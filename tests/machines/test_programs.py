"""The course's programs, as a process and as a unikernel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from unilab import run, start
from unilab.machines.network import Forward, UserNetwork

_PROGRAMS = Path(__file__).resolve().parents[2] / "notebooks" / "programs"

_WAYS = ("fork", "vfork", "posix_spawn", "popen", "execve")


def _report(console: str) -> dict[str, str]:
    """What came of each way to a second process."""
    return {name: text for name, text in re.findall(r"^(\w+): +(.*)$", console, re.MULTILINE) if name in _WAYS}


def test_forks_gets_a_second_process_from_linux() -> None:
    result = run(_PROGRAMS / "forks.c", "process")
    assert result.exit_status == 0
    ran = "a child ran, and ended with status"
    # The last way ends the program that says so.
    assert _report(result.console) == {
        "fork": f"{ran} 1",
        "vfork": f"{ran} 2",
        "posix_spawn": f"{ran} 3",
        "popen": "a shell ran, and ended with status 4",
    }


def test_forks_is_told_once_why_a_unikernel_has_one_process() -> None:
    result = run(_PROGRAMS / "forks.c")
    assert result.exit_status == 0
    assert _report(result.console) == dict.fromkeys(_WAYS, "Function not implemented")
    (notice,) = re.findall(r"^libos: .*$", result.console, re.MULTILINE)
    assert notice.startswith("libos: fork() fails with ENOSYS")
    assert "one address space" in notice
    assert "pthread_create" in notice


@pytest.mark.parametrize("on", ["process", "unikernel"])
def test_threads_loses_nothing_with_a_lock(on: str) -> None:
    result = run(_PROGRAMS / "threads.c", on, args=["300000"])
    assert result.exit_status == 0
    assert re.fullmatch(
        "4 threads, 300000 rounds each\nwith a lock:    nothing lost\nwithout a lock: \\d+ of 1200000 lost\n",
        result.console,
    )


@pytest.mark.parametrize("on", ["process", "unikernel"])
def test_pipes_passes_everything_on(on: str) -> None:
    result = run(_PROGRAMS / "pipes.c", on, args=["2000"])
    assert result.exit_status == 0
    assert result.console == f"1000 numbers, sum {sum(n * n for n in range(1, 2001, 2))}\n"


@pytest.mark.parametrize("on", ["process", "unikernel"])
def test_race_loses_additions(on: str) -> None:
    """By yielding between load and store; how many, only a unikernel's queue decides."""
    counted = int(run(_PROGRAMS / "race.c", on).console)
    assert 100 <= counted <= 400
    assert on == "process" or counted < 300


_ROUNDS = r"400 rounds, \d+\.\d microseconds each\n"


@pytest.mark.parametrize(("on", "how"), [("process", "fork"), ("process", "threads"), ("unikernel", "threads")])
def test_pingpong_through_pipes(on: str, how: str) -> None:
    assert re.fullmatch(_ROUNDS, run(_PROGRAMS / "pingpong.c", on, args=[how]).console)


def test_pingpong_between_two_unikernels() -> None:
    doors = UserNetwork((Forward(0, 7),))
    with start(_PROGRAMS / "pingpong.c", args=["serve", "7"], network=doors) as server:
        server.console.wait_for("waiting", 60)
        caller = ["ask", "10.0.2.2", str(server.host_port(7))]
        asked = run(_PROGRAMS / "pingpong.c", args=caller, network=UserNetwork(), deadline=120)
        assert re.fullmatch(_ROUNDS, asked.console)
        assert server.wait().exit_status == 0


def test_pingpong_needs_two_processes_to_fork() -> None:
    result = run(_PROGRAMS / "pingpong.c", args=["fork"])
    assert result.exit_status == 1
    assert "fork: Function not implemented" in result.console
