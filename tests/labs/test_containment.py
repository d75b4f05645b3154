"""Nothing that a submission does reaches the grader, or stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unilab.labs import Limits, Ran, contained, python

_LIMITS = Limits(seconds=5, memory_mib=256, processes=16, output_bytes=100_000)


def _run(tmp_path: Path, script: str, limits: Limits = _LIMITS) -> Ran:
    folder = tmp_path / "handed-in"
    folder.mkdir(exist_ok=True)
    (folder / "it.py").write_text(script)
    return contained(python("it.py"), folder=folder, limits=limits)


def _named(word: str) -> list[str]:
    pids = (path.name for path in Path("/proc").iterdir() if path.name.isdecimal())
    return [pid for pid in pids if word.encode() in _command(pid) and int(pid) != os.getpid()]


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_what_it_prints_answers_and_ends_with(tmp_path: Path) -> None:
    ran = _run(
        tmp_path, "import os, sys; print('out'); print('err', file=sys.stderr); os.write(9, b'yes'); sys.exit(3)"
    )
    assert (ran.output, ran.errors, ran.answer, ran.exit_status, ran.limit) == ("out\n", "err\n", b"yes", 3, "")


def test_it_reads_and_writes_its_own_copy(tmp_path: Path) -> None:
    ran = _run(tmp_path, "open('new', 'w').write('x'); print(open('it.py').read()[:4])")
    assert ran.output == "open\n"
    assert not (tmp_path / "handed-in" / "new").exists()


def test_a_loop_is_ended(tmp_path: Path) -> None:
    ran = _run(tmp_path, "while True: pass", Limits(seconds=1))
    assert (ran.limit, ran.exit_status) == ("time", None)


def test_a_sleeper_is_ended(tmp_path: Path) -> None:
    assert _run(tmp_path, "import time; time.sleep(1000)", Limits(seconds=1)).limit == "time"


def test_a_loop_is_ended_by_what_it_has_had_of_the_processor(tmp_path: Path) -> None:
    ran = _run(tmp_path, "while True: pass", Limits(seconds=60, processor_seconds=0.5))
    assert (ran.limit, ran.exit_status) == ("processor", None)
    assert ran.trouble.startswith("it was still running after 0.5 seconds of processor time.")


def test_the_processor_time_of_all_its_processes_counts_and_of_those_that_ended(tmp_path: Path) -> None:
    # The limit of processes is the user's, and other tests may be at theirs: then fork() has to be tried again.
    burn = """import os, time
def fork():
    while True:
        try: return os.fork()
        except BlockingIOError: time.sleep(0.01)
def burn():
    while time.process_time() < 0.4: pass
"""
    one_by_one = "for _ in range(20):\n    if fork() == 0: burn(); os._exit(0)\n    os.wait()\n"
    limits = Limits(seconds=60, processor_seconds=2, processes=16)
    assert _run(tmp_path, burn + one_by_one, limits).limit == "processor"
    at_once = "for _ in range(10):\n    if fork() == 0: burn(); time.sleep(100)\ntime.sleep(100)"
    assert _run(tmp_path, burn + at_once, limits).limit == "processor"


def test_who_waits_has_no_use_of_the_processor(tmp_path: Path) -> None:
    ran = _run(tmp_path, "import time; time.sleep(1.5)", Limits(seconds=60, processor_seconds=1))
    assert (ran.limit, ran.exit_status) == ("", 0)


def test_endless_output_is_ended_and_not_kept(tmp_path: Path) -> None:
    ran = _run(tmp_path, "while True: print('x' * 1000)")
    assert ran.limit == "output"
    assert len(ran.output) <= _LIMITS.output_bytes + 1


def test_memory_is_limited(tmp_path: Path) -> None:
    ran = _run(tmp_path, "all = []\nwhile True: all.append(bytearray(1 << 20))")
    assert "MemoryError" in ran.errors


def test_memory_of_many_processes_counts_together(tmp_path: Path) -> None:
    script = "import os, time\nfor _ in range(3): os.fork()\nheld = b'x' * (60 << 20)\ntime.sleep(100)"
    assert _run(tmp_path, script).limit == "memory"


@pytest.mark.parametrize(
    "bomb",
    [
        "import os\nwhile True: os.fork()",
        "import os\nwhile True:\n    try: os.fork(); os.setsid()\n    except OSError: pass",
    ],
    ids=["plain", "in sessions of its own"],
)
def test_a_fork_bomb_is_held(tmp_path: Path, bomb: str) -> None:
    ran = _run(tmp_path, bomb, Limits(seconds=2, processes=16))
    assert ran.limit or ran.exit_status
    assert not _named(str(tmp_path))


def test_what_it_leaves_behind_is_killed(tmp_path: Path) -> None:
    hides = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(1000)\n    os._exit(0)"
    )
    ran = _run(tmp_path, hides + "\ntime.sleep(0.3)")
    assert (ran.exit_status, ran.left_behind) == (0, 1)


def test_a_crash_is_told(tmp_path: Path) -> None:
    ran = _run(tmp_path, "import ctypes; ctypes.string_at(0)")
    assert (ran.exit_status, ran.trouble) == (139, "SIGSEGV ended it")


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET"])
def test_there_is_no_network(tmp_path: Path, family: str) -> None:
    ran = _run(tmp_path, f"import socket; socket.socket(socket.{family}, socket.SOCK_DGRAM)")
    assert "PermissionError" in ran.errors


def test_sockets_within_it_work(tmp_path: Path) -> None:
    assert (
        _run(tmp_path, "import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))").output == "b'x'\n"
    )


def test_it_writes_nowhere_else(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("it runs as the same user")
    target = tmp_path / "mine"
    target.write_text("mine")
    ran = _run(tmp_path, f"open({str(target)!r}, 'w')")
    assert "PermissionError" in ran.errors
    assert target.read_text() == "mine"


def test_it_dies_with_the_grader(tmp_path: Path) -> None:
    folder = tmp_path / "handed-in"
    folder.mkdir()
    (folder / "it.py").write_text(
        "import os, time\nos.fork()\nopen('/proc/self/comm', 'w').write('held')\ntime.sleep(1000)"
    )
    grader = (
        "import pathlib, sys; from unilab.labs import *; "
        f"contained(python('it.py', {str(tmp_path)!r}), folder=pathlib.Path({str(folder)!r}), "
        "limits=Limits(seconds=500))"
    )
    process = subprocess.Popen([sys.executable, "-c", grader])
    try:
        _until(lambda: len(_named(f"it.py\0{tmp_path}")) == 2)
    finally:
        process.kill()
        process.wait()
    _until(lambda: not _named(f"it.py\0{tmp_path}"))


def _until(condition) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_reads_only_what_it_may(tmp_path: Path) -> None:
    folder, other = tmp_path / "handed-in", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (folder / "own.txt").write_text("own")
    (other / "secret.txt").write_text("secret")
    system = ["/usr", "/lib", "/lib64", "/bin"]
    see = ["/bin/sh", "-c", f"cat own.txt; cat {other}/secret.txt; echo more > new.txt; cat new.txt; cat /etc/passwd"]
    ran = contained(see, folder=folder, limits=_LIMITS, readable=system)
    assert ran.output == "ownmore\n"
    assert ran.errors.count("ermission denied") == 2
    assert contained(see, folder=folder, limits=_LIMITS, readable=[*system, other]).output == "ownsecretmore\n"


def test_a_file_that_grows_is_stopped(tmp_path: Path) -> None:
    ran = _run(
        tmp_path,
        "import os\nwith open('new', 'wb') as f:\n    for _ in range(100): f.write(bytes(1 << 20)); f.flush()",
        Limits(seconds=20, memory_mib=256, file_mib=2),
    )
    assert ran.exit_status != 0
    assert "too large" in ran.errors or ran.exit_status == 128 + 25
