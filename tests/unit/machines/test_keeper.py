"""The keeper with ordinary commands in QEMU's place."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from unilab.errors import StartFailed
from unilab.machines.console import Console
from unilab.machines.keeper import Keeper
from unilab.machines.limits import bounded

_LONG = 60.0


def _keeper(
    command: list[str],
    *,
    deadline: float = _LONG,
    console: Console | None = None,
    environment: dict[str, str] | None = None,
) -> Keeper:
    read, write = os.pipe()
    errors_read, errors_write = os.pipe()
    return Keeper(
        command,
        console=console or Console(),
        read_console=read,
        deadline=deadline,
        memory=4 << 30,
        stdout=write,
        stderr=errors_write,
        errors=errors_read,
        environment=environment,
    )


def _run(command: list[str], **options: object) -> Keeper:
    keeper = _keeper(command, **options)  # type: ignore[arg-type]
    keeper.launch()
    assert keeper.ended.wait(_LONG)
    return keeper


def _descriptors() -> set[str]:
    return {path.name for path in Path("/dev/fd").iterdir()}


def test_output_complaints_and_exit_code_are_kept() -> None:
    keeper = _run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (keeper.console.text, keeper.complaints, keeper.exit_code) == ("out\n", "err", 3)
    assert keeper.first_output_seconds is not None
    assert keeper.total_seconds is not None
    assert 0 < keeper.first_output_seconds <= keeper.total_seconds


def test_a_signal_is_a_negative_exit_code() -> None:
    assert _run(["sh", "-c", "kill -TERM $$"]).exit_code == -signal.SIGTERM


def test_the_deadline_ends_it_and_all_that_it_started() -> None:
    console = Console()
    keeper = _keeper(["sh", "-c", "sleep 600 & echo $!; wait"], deadline=0.5, console=console)
    keeper.launch()
    assert console.wait_for("\n", _LONG)
    child = os.pidfd_open(int(console.text))
    try:
        assert keeper.ended.wait(_LONG)
        assert select.select([child], [], [], _LONG)[0]
    finally:
        os.close(child)
    assert keeper.deadline_passed
    assert keeper.exit_code == -signal.SIGKILL


def test_what_it_leaves_behind_ends_with_it() -> None:
    console = Console()
    keeper = _keeper(["sh", "-c", "sleep 600 & echo $!"], console=console)
    keeper.launch()
    assert keeper.ended.wait(_LONG)
    child = int(console.text)
    try:
        left = os.pidfd_open(child)
    except ProcessLookupError:
        return
    try:
        assert select.select([left], [], [], _LONG)[0]
    finally:
        os.close(left)


def test_too_much_output_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Console, "LIMIT", 100_000)
    keeper = _run(["yes"])
    assert keeper.output_limit_passed
    assert not keeper.deadline_passed
    assert keeper.console.received > 100_000


@pytest.mark.parametrize("command", [["/nowhere/no such command"], ["sh", "embedded\0null"]])
def test_a_command_that_cannot_be_started_leaves_no_descriptor_open(command: list[str]) -> None:
    before = _descriptors()
    keeper = _keeper(command)
    try:
        keeper.launch()
    except StartFailed as error:
        assert "refused to run it" in str(error)
    else:
        assert keeper.ended.wait(_LONG)
        assert keeper.exit_code == 127
        assert "no such command" in keeper.complaints.lower()
    assert keeper.ended.wait(_LONG)
    assert _descriptors() == before


def test_a_keeper_that_is_killed_before_its_start_starts_nothing_and_keeps_nothing() -> None:
    before = _descriptors()
    keeper = _keeper(["sleep", "600"])
    keeper.kill()
    assert keeper.ended.is_set()
    assert _descriptors() == before
    keeper.launch()
    keeper.join(_LONG)
    assert (keeper.pid, keeper.exit_code) == (0, None)
    assert not keeper.deadline_passed
    assert _descriptors() == before


def test_after_the_end_signals_go_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = _run(["true"])
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append(pid))
    monkeypatch.setattr(os, "killpg", lambda pid, number: sent.append(pid))
    keeper.kill()
    keeper.signal(signal.SIGSTOP)
    assert sent == []


def test_an_exception_while_the_end_is_translated_does_not_hide_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_value))

    def translate(text: str, last: bool) -> str:
        if last:
            raise ValueError("no")
        return text

    keeper = _run(["true"], console=Console(translate=translate))
    assert keeper.exit_code == 0
    keeper.join(_LONG)
    assert [str(error) for error in raised] == ["no"]


def test_the_limits_hold_inside_the_wrapper() -> None:
    script = "ulimit -v; ulimit -c; ulimit -t"
    keeper = _run(["sh", "-c", script], deadline=30.0)
    assert keeper.console.text.split() == [str((4 << 30) // 1024), "0", "62"]


def test_limits_of_the_host_that_are_lower_stay() -> None:
    words = bounded(["sh", "-c", "ulimit -v"], memory=4 << 30, seconds=1)
    # It runs what it is given only as a child of ours: so the shell that lowers the limit becomes it.
    lowered = subprocess.run(
        ["sh", "-c", 'ulimit -v 2000000; exec "$@"', "sh", *words], capture_output=True, check=True
    )
    assert (lowered.stdout, lowered.stderr) == (b"2000000\n", b"")


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no death signal")
def test_a_wrapper_whose_owner_is_another_does_nothing(tmp_path: Path) -> None:
    words = bounded(["touch", str(tmp_path / "ran")], memory=1 << 30, seconds=1)
    words[words.index("-c") + 1] = words[words.index("-c") + 1].replace(str(os.getpid()), "1")
    assert os.spawnvp(os.P_WAIT, words[0], words) == 1
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["show", "a=b/show"])
def test_the_environment_is_what_was_given_and_nothing_else(name: str, tmp_path: Path) -> None:
    given = {"A": "x = y", "-- odd name": '"quoted" \\', "EMPTY": ""}
    program = tmp_path / name
    program.parent.mkdir(exist_ok=True)
    program.symlink_to(shutil.which("env") or "/usr/bin/env")
    keeper = _run([str(program), "-0"], environment=given)
    assert keeper.console.text == "".join(f"{name}={value}\0" for name, value in given.items())
