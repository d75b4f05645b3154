"""Lab 2 where this host lets nobody make user namespaces: the same submissions and messages, in a Linux guest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.labs.conftest import HERE, ROOT, Submission
from unilab.errors import CourseError
from unilab.labs import Limits, contained_in_guest, lab, python
from unilab.machines import container_host

LAB = "02-a-container-by-hand"
SEED = 20_001
#: A check takes 8 seconds there. So, without UNILAB_SOAK=1: a submission for each part of the points, and those that
#: the guest itself must hold. The others differ from these in their message alone, which is made on this host.
TELLING = {
    "bounding-set-too-late",
    "capabilities-kept",
    "chroot-only",
    "fork-bomb",
    "limit-learnt-by-heart",
    "network-shared",
    "proc-before-fork",
    "raw-status",
    "users-not-mapped",
    "working-directory-outside",
}
WRONG = {path.name for path in (HERE / LAB / "wrong").iterdir()}


@pytest.fixture(autouse=True)
def _in_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(container_host.OVERRIDE, "guest")


def test_the_solution_gets_all_points(submission: Submission) -> None:
    report = lab.check(submission(LAB, HERE / LAB / "solution"), seed=SEED)
    assert report.passed, report


@pytest.mark.parametrize("wrong", sorted(WRONG if os.environ.get("UNILAB_SOAK") else TELLING))
def test_a_wrong_submission_is_told_the_same(wrong: str, submission: Submission) -> None:
    over = HERE / LAB / "wrong" / wrong
    # The clock's limit is another there.
    expected = (over / "expected.txt").read_text().strip().replace("after 10 seconds", "after 30 seconds")
    said = [part.message for part in lab.check(submission(LAB, over), seed=SEED).parts if not part.passed]
    assert any(expected in message for message in said), said


def test_it_is_an_ordinary_user_without_network_and_what_it_does_is_told(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(
        "import os, pathlib, socket, sys\n"
        "here = pathlib.Path.cwd()\n"
        "print(os.getuid(), (here / 'folder' / 'more').read_text(), str(here) == os.environ['HOME'])\n"
        "try:\n    socket.socket()\nexcept PermissionError as error:\n    print(error.errno)\n"
        "try:\n    open('/dev/ttyS0', 'wb')\nexcept PermissionError:\n    print('no console')\n"
        "os.write(9, b'yes'), print('no', file=sys.stderr), sys.exit(3)\n"
    )
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "more").write_text("handed in")
    ran = contained_in_guest(python("it.py"), folder=tmp_path)
    assert ran.output == "1000 handed in True\n1\nno console\n"
    assert (ran.errors, ran.answer, ran.exit_status, ran.limit) == ("no\n", b"yes", 3, "")


def test_a_container_can_be_tried_there_by_hand(submission: Submission) -> None:
    folder = submission(LAB, HERE / LAB / "solution")

    def by_hand(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)

    made = by_hand("make_root.py", str(ROOT / "notebooks" / "programs" / "hello.c"))
    assert made.stdout == "python container.py root box 10 /hello\n"
    ran = by_hand("in_guest.py", "root", "box", "10", "/hello")
    assert (ran.stdout, ran.stderr, ran.returncode) == ("hello, world\n", "", 0)
    (folder / "container.py").write_text("import sys\nprint(sys.argv[1:])\nsys.exit(5)\n")
    ran = by_hand("in_guest.py", "root", "box")
    assert (ran.stdout, ran.returncode) == ("['root', 'box']\n", 5)


def test_a_loop_in_it_is_ended(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("import os\nos.fork()\nwhile True: pass\n")
    ran = contained_in_guest(python("it.py"), folder=tmp_path, limits=Limits(seconds=1))
    assert (ran.limit, ran.exit_status) == ("time", None)


def test_where_it_runs_is_decided_by_the_variable_or_else_by_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    check = lab.load(ROOT / "labs" / LAB / "check.py")
    assert check.in_guest()
    monkeypatch.setenv(container_host.OVERRIDE, "elsewhere")
    with pytest.raises(CourseError, match="host or guest, or not at all"):
        check.in_guest()
    monkeypatch.delenv(container_host.OVERRIDE)
    monkeypatch.setattr(check, "forbidden", lambda: "")
    assert not check.in_guest()
    monkeypatch.setattr(check, "forbidden", lambda: "No space left on device")
    assert check.in_guest()


def test_one_that_eats_memory_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("have = []\nwhile True:\n    have.append(bytearray(1 << 22))\n")
    ran = contained_in_guest(python("it.py"), folder=tmp_path)
    assert "MemoryError" in ran.trouble or ran.limit == "memory", ran


def test_what_it_writes_stays_in_the_guest(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("open('new', 'w').write('x')\n")
    assert contained_in_guest(python("it.py"), folder=tmp_path).exit_status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["it.py"]
