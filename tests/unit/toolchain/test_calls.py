from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from unilab.errors import ToolchainError
from unilab.toolchain import calls, libc, libos


def test_the_readme_has_the_table_as_it_is_now() -> None:
    readme = (libos.tree() / "README.md").read_text()
    assert calls.updated(readme, libos.tree()) == readme, "run python -m unilab.toolchain.calls"


def test_the_c_library_makes_these_calls_however_it_names_them() -> None:
    used = calls.used_calls()
    assert {"read", "fork", "futex"} <= used  # SYS_read
    assert {"socket", "setsockopt", "recvfrom"} <= used  # socketcall(recvfrom, ...)
    assert {"newfstatat", "pread64", "getdents64"} <= used  # under older names
    assert not {"getdents", "fstatat", "rseq", "io_uring_setup"} & used


def test_every_call_is_in_one_subject() -> None:
    subjects = [name for subject in calls.SUBJECTS for name in subject.calls]
    assert sorted(subjects) == sorted(set(subjects))
    assert set(subjects) == calls.used_calls()
    for subject in calls.SUBJECTS:
        assert len(subject.calls) == len(subject.expected) + sum(map(len, subject.lacking.values()))


def test_processes_are_what_the_library_os_explains() -> None:
    (processes,) = [subject for subject in calls.SUBJECTS if subject.title == "Processes"]
    explained = set(libc.process_calls(libos.tree())) & calls.used_calls()
    assert processes.lacking["one address space, one process"] == explained


def test_a_service_that_goes_without_a_reason_is_noticed(tmp_path: Path) -> None:
    tree = shutil.copytree(libos.tree(), tmp_path / "libos")
    header = tree / "musl" / "libos_calls.h"
    header.write_text(header.read_text().replace("LIBOS_CALL(pipe2, 2)\n", ""))
    with pytest.raises(ToolchainError, match="pipe2 are missing without a reason"):
        calls.table(tree)


def test_a_service_that_comes_changes_the_table(tmp_path: Path) -> None:
    tree = shutil.copytree(libos.tree(), tmp_path / "libos")
    with (tree / "musl" / "libos_calls.h").open("a") as header:
        header.write("LIBOS_CALL(vhangup, 0)\n")
    before, after = calls.table(libos.tree()), calls.table(tree)
    assert before != after
    assert "`setsid` `vhangup`" in before
    assert "`setsid` `vhangup`" not in after
