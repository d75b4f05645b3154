from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.errors import ToolchainError
from unilab.toolchain import cache


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNILAB_CACHE", str(tmp_path / "cache"))


def write(text: str, count: list[int] | None = None) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        if count is not None:
            count.append(1)
        (folder / "file").write_text(text)

    return build


def test_an_entry_is_built_once_and_found_again() -> None:
    built: list[int] = []
    first = cache.entry("thing", "1", write("text", built))
    assert cache.entry("thing", "1", write("other", built)) == first
    assert (first / "file").read_text() == "text"
    assert built == [1]


def test_another_key_is_another_entry() -> None:
    assert cache.entry("thing", "1", write("a")) != cache.entry("thing", "2", write("b"))


def test_a_build_that_fails_leaves_nothing_and_the_next_one_succeeds() -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.entry("thing", "1", fail)
    assert [path for path in cache.root().iterdir() if path.is_dir()] == []
    folder = cache.entry("thing", "1", write("whole"))
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("UNILAB_CACHE", str(tmp_path / "a file"))
    with pytest.raises(ToolchainError, match="UNILAB_CACHE"):
        cache.entry("thing", "1", write("text"))


# A builder that says when it has begun, leaves half of its work, and goes on when it is told to.
_SLOW_BUILDER = """
import sys
from unilab.toolchain import cache

def build(folder):
    (folder / "half").write_text("half")
    print("building", flush=True)
    sys.stdin.readline()
    (folder / "half").rename(folder / "whole")

print("done", *sorted(path.name for path in cache.entry("thing", "1", build).iterdir()), flush=True)
"""


def _builder() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _SLOW_BUILDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_of_two_processes_one_builds_and_the_other_waits_for_it() -> None:
    with _builder() as first:
        assert first.stdout is not None
        assert first.stdin is not None
        assert first.stdout.readline() == "building\n"
        with _builder() as second:
            # Had the second begun to build it too, it would say so.
            assert not select.select([second.stdout], [], [], 1.0)[0]
            first.stdin.write("go on\n")
            first.stdin.flush()
            said, _ = second.communicate("go on\n")
        assert first.stdout.read() == "done whole\n"
    assert said == "done whole\n"


def test_a_builder_that_is_killed_half_way_leaves_nothing_for_others_to_find() -> None:
    with _builder() as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "building\n"
        os.kill(killed.pid, signal.SIGKILL)
    folder = cache.entry("thing", "1", write("whole"))
    assert [path.name for path in folder.iterdir()] == ["file"]
    assert [path for path in cache.root().iterdir() if path.is_dir()] == [folder]


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_digests_are_equal_only_for_equal_parts(one: list[str], other: list[str]) -> None:
    assert (cache.digest(one) == cache.digest(other)) == (one == other)


def test_the_boundaries_of_parts_count() -> None:
    assert cache.digest(["ab", "c"]) != cache.digest(["a", "bc"])


def test_a_trees_digest_depends_on_names_and_contents_but_not_on_where_it_lies(tmp_path: Path) -> None:
    def tree(name: str, file: str, text: str) -> str:
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / file).write_text(text)
        return cache.tree_digest(tmp_path / name)

    assert tree("one", "a", "text") == tree("same", "a", "text")
    assert tree("renamed", "b", "text") != tree("edited", "a", "text2") != tree("again", "a", "text")
