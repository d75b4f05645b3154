from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import ToolchainError
from unilab.toolchain import zig


def test_the_compiler_runs_and_is_the_locked_version() -> None:
    said = zig.run(["version"])
    assert said.returncode == 0
    assert zig.version().startswith(said.stdout.strip())


def test_musls_sources_are_there() -> None:
    assert (zig.musl() / "src" / "stdio" / "printf.c").is_file()


def test_a_failure_on_our_own_sources_names_what_was_being_done(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match=r"(?s)assembling x failed.*no such file"):
        zig.must(["clang", "-c", "x.S"], doing="assembling x", cwd=tmp_path)


def test_nothing_is_written_into_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("UNILAB_CACHE", str(tmp_path / "cache"))
    for name in ("XDG_CACHE_HOME", "ZIG_GLOBAL_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "one.c").write_text("int one(void) { return 1; }\n")
    zig.must(["build-lib", "-static", "-target", zig.TARGET, "one.c"], doing="compiling", cwd=tmp_path)
    assert list(home.iterdir()) == []
