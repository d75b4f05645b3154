"""Which headers a file reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from unilab.toolchain.includes import Headers


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "include").mkdir()
    for name, text in {
        "a.c": '#include "b.h"\n  #  include <stdio.h>\n',
        "include/b.h": "#if 0\n#include <c.h>\n#endif\nint bee;",
        "include/c.h": '#include "b.h"\n',
        "include/d.h": "",
        "odd.c": "#define HERE <d.h>\n#include HERE\n",
        "bytes.S": '.incbin "d.h"\n',
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def _reached(tree: Path, name: str) -> set[str]:
    headers = sorted((tree / "include").glob("*.h"))
    return {path.name for path in Headers([tree / "include"], headers).reached(tree / name)}


def test_headers_of_headers_count_and_those_behind_an_if(tree: Path) -> None:
    assert _reached(tree, "a.c") == {"b.h", "c.h"}


@pytest.mark.parametrize("name", ["odd.c", "bytes.S"])
def test_where_nobody_can_tell_everything_counts(tree: Path, name: str) -> None:
    assert _reached(tree, name) == {"b.h", "c.h", "d.h"}


def test_a_file_that_changed_is_read_again(tree: Path) -> None:
    assert _reached(tree, "a.c") == {"b.h", "c.h"}
    (tree / "include/b.h").write_text("#include <d.h>\n")
    assert _reached(tree, "a.c") == {"b.h", "d.h"}


def test_words_are_those_of_all_files(tree: Path) -> None:
    assert {"bee", "include", "stdio"} <= Headers([tree / "include"], []).words([tree / "a.c", tree / "include/b.h"])
