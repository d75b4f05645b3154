from __future__ import annotations

import http.client
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.machines.conftest import BuildProgram
from unilab import start
from unilab.errors import CourseError, Unavailable
from unilab.machines import FIRST_INSTRUCTION, Forward, State, UserNetwork

_ROOT = Path(__file__).resolve().parents[2]
_HELLO = _ROOT / "notebooks" / "programs" / "hello.c"
_HTTPD = _ROOT / "notebooks" / "programs" / "httpd.c"
_THREADS = _ROOT / "tests" / "guest" / "panic_threads" / "panic_threads.c"

#: Seconds that nothing here takes, however busy the host is.
_LONG = 120.0

_LEFT_AT_THE_END = "Remote communication error.  Target disconnected.: Broken pipe.\n"

with_gdb = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")


def _gdb(command: tuple[str, ...], *typed: str) -> str:
    """What gdb says, attached, to each command in turn; then it detaches and ends."""
    words = [
        *command,
        "-nx",
        "-batch",
        *(word for line in typed for word in ("-ex", f"echo @@ {line}\\n", "-ex", line)),
    ]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=_LONG, check=False)
    assert ended.returncode == 0, ended
    # A program may end in the moment when it is left.
    assert not ended.stderr.replace(_LEFT_AT_THE_END, ""), ended
    return ended.stdout


def _answer(said: str, line: str) -> str:
    return said.partition(f"@@ {line}\n")[2].partition("@@ ")[0]


@with_gdb
def test_an_image_that_was_there_before_a_fresh_checkout_is_no_reason_to_warn() -> None:
    with start(_HELLO, stop_at=FIRST_INSTRUCTION) as running:
        os.utime(running.image.debug, (0, 0))
        assert "$1 = 1" in _gdb(running.gdb().command, "break main", "continue", "print argc")


@with_gdb
@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_a_program_is_debugged_from_its_first_instruction(machine: str) -> None:
    with start(_HELLO, stop_at=FIRST_INSTRUCTION, machine=machine) as running:
        said = _gdb(
            running.gdb().command,
            "info libos-threads",
            "break main",
            "continue",
            "print argc",
            "tbreak libos_sys_writev",
            "continue",
            "list",
            "libos-backtrace",
            "info libos-threads",
        )
        assert "libos_pvh_start () at arch/x86_64/boot.S:" in said
        assert "$1 = 1\n" in said
        assert "struct file *file" in _answer(said, "list")
        assert re.search(r"runs +pvh_start \(arch/x86_64/boot\.S:\d+\)", _answer(said, "info libos-threads"))
        functions = re.findall(r"#\d+ +0x[0-9a-f]{16} (\w+)", _answer(said, "libos-backtrace"))
        assert functions[0] == "sys_writev"
        assert functions.index("printf") < functions.index("main")
        # gdb has left; the program goes on.
        assert running.result().console == "hello, world\n"


@with_gdb
def test_every_thread_shows_what_it_is_doing() -> None:
    with start(_THREADS, stop_at="crashes") as running:
        line = next(i for i, text in enumerate(_THREADS.read_text().splitlines(), 1) if "return *" in text)
        commands = (f"break {line}", "continue", "info libos-threads", "libos-backtrace all", "libos-backtrace 3")
        said = _gdb(running.gdb().command, *commands)
        lines = _answer(said, "info libos-threads").splitlines()
        assert [text.split()[:3] for text in lines[1:]] == [
            ["1", "waits", "futex_wait"],
            ["2", "waits", "pipe_read"],
            ["3", "waits", "futex_wait"],
            ["4", "ready", "counts"],
            ["*", "5", "runs"],
        ]
        assert f"crashes (panic_threads.c:{line})" in lines[5]
        found = re.split(r"^thread ", _answer(said, "libos-backtrace all"), flags=re.MULTILINE)[1:]
        for text, function in zip(found, ("main", "reads", "locks", "counts", "crashes"), strict=True):
            assert re.search(rf" {function} \(panic_threads\.c:\d+\)$", text, re.MULTILINE), text
        assert _answer(said, "libos-backtrace 3").startswith(f"thread {found[2]}")


@with_gdb
def test_an_idle_machine_that_runs_is_attached_to_and_left(tmp_path: Path) -> None:
    program = tmp_path / "waits.c"
    program.write_text("#include <stdio.h>\nint main(void) { puts(\"?\"); return getchar() != 'x'; }\n")
    with start(program) as running:
        where = running.gdb()
        assert running.gdb() is where
        first = _gdb(where.command, "info libos-threads")
        again = _gdb(where.command, "info libos-threads")
        for said in (first, again):
            assert "warning" not in said
        running.send("x")
        running.send_eof()
        assert running.result().exit_status == 0


@with_gdb
def test_the_way_of_a_packet_is_seen_whole() -> None:
    """As ARCHITECTURE.md has it."""
    serving = threading.Event()
    options = {"args": ["8080"], "network": UserNetwork((Forward(0, 8080),))}
    with start(_HTTPD, on_output=lambda _: serving.set(), **options) as running, ThreadPoolExecutor(1) as pool:
        assert serving.wait(_LONG)
        running.pause()
        # It keeps the connection: what ends one goes out with its end, not when it is written.
        client = http.client.HTTPConnection("127.0.0.1", running.host_port(8080), timeout=_LONG)
        client.connect()
        client.request("GET", "/status")
        answer = pool.submit(lambda: client.getresponse().read())
        breaks = ("break libos_tcp_input", "continue", "libos-backtrace", "delete", "break stream_write", "continue")
        said = _gdb(running.gdb().command, *breaks, "tbreak dev/virtio_net.c:transmit", "continue", "backtrace")
        came_in = re.findall(r"#\d+ +0x[0-9a-f]{16} (\w+)", _answer(said, "libos-backtrace"))
        assert came_in[:4] == ["tcp_input", "deliver", "ipv4_input", "receive"]
        assert came_in[-2:] == ["deferred_run", "idle"]
        goes_out = re.findall(r"^#\d+ .*?(\w+) \(", _answer(said, "backtrace"), re.MULTILINE)
        way = "transmit libos_ethernet_send libos_ipv4_send libos_tcp_output libos_tcp_send stream_write".split()
        found = [goes_out.index(name) for name in [*way, "libos_sys_sendto", "sendto", "main"]]
        assert found[0] == 0
        assert found == sorted(found)
        assert b'"requests": 1' in answer.result(_LONG)
        client.close()


@with_gdb
def test_only_its_owner_may_attach_and_nothing_is_left() -> None:
    with start(_HELLO, stop_at=FIRST_INSTRUCTION) as running:
        folder = running.gdb().socket.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert running.gdb().socket.is_socket()
        assert running.state is State.PAUSED
        running.resume()
        assert running.result().console == "hello, world\n"
    assert not folder.exists()


@with_gdb
def test_killed_from_gdb_is_said_to_be() -> None:
    with start(_HELLO, stop_at=FIRST_INSTRUCTION) as running:
        command = [*running.gdb().command, "-nx", "-batch", "-ex", "kill"]
        subprocess.run(command, capture_output=True, timeout=_LONG, check=False)
        with pytest.raises(CourseError, match="it was ended from gdb"):
            running.wait()


@with_gdb
def test_boot_says_what_to_type() -> None:
    command = [sys.executable, "-m", "unilab", "boot", str(_HELLO), "--gdb"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as booted:
        assert booted.stderr is not None
        assert booted.stdout is not None
        try:
            assert booted.stderr.readline() == "It waits at its first instruction. In another terminal, type:\n"
            said = _gdb(tuple(shlex.split(booted.stderr.readline())), "tbreak main", "continue")
            assert "main (argc=1" in said
            assert booted.stdout.read() == "hello, world\n"
            assert booted.wait(_LONG) == 0
        finally:
            booted.kill()  # otherwise it would wait for a day


def test_without_gdb_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = start(_HELLO, stop_at=FIRST_INSTRUCTION)
    with machine:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(Unavailable, match=r"gdb is missing.*\n.*apt-get install gdb"):
            machine.gdb()


def test_a_process_is_gdbs_own_business(program: BuildProgram) -> None:
    with start(program("endless", "process")) as running, pytest.raises(CourseError, match="gdb -p"):
        running.gdb()
