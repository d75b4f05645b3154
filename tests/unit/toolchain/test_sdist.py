from __future__ import annotations

import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from unilab.errors import ToolchainError
from unilab.toolchain import sdist
from unilab.toolchain.sdist import Sdist


def _archive(*members: tuple[str, bytes | str]) -> bytes:
    """A gzipped archive of files (bytes) and symbolic links (str)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package index on this host, with its files in a folder, and a cache of its own."""
    monkeypatch.setenv("UNILAB_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "index"
    (folder / "c-thing").mkdir(parents=True)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(sdist, "_INDEX", f"http://127.0.0.1:{server.server_port}/")
        yield folder / "c-thing"
        server.shutdown()


def _publish(folder: Path, content: bytes) -> Sdist:
    wanted = Sdist("c-thing", "1.0", hashlib.sha256(content).hexdigest())
    (folder / wanted.file_name).write_bytes(content)
    (folder / "index.html").write_text(f'<a href="{wanted.file_name}">{wanted.file_name}</a>')
    return wanted


def test_sources_are_downloaded_once(index: Path) -> None:
    wanted = _publish(
        index, _archive(("c_thing-1.0/setup.py", b"raise SystemExit"), ("c_thing-1.0/src/a.c", b"int a;"))
    )
    folder = sdist.sources(wanted)
    assert (folder / "src" / "a.c").read_bytes() == b"int a;"
    assert sorted(path.name for path in folder.iterdir()) == ["setup.py", "src"]
    (index / wanted.file_name).unlink()
    assert sdist.sources(wanted) == folder


def test_another_file_of_that_name_is_refused(index: Path) -> None:
    wanted = _publish(index, _archive(("c_thing-1.0/a.c", b"int a;")))
    (index / wanted.file_name).write_bytes(_archive(("c_thing-1.0/a.c", b"int b;")))
    with pytest.raises(ToolchainError, match="not the file this course was made with"):
        sdist.sources(wanted)
    (index / wanted.file_name).write_bytes(_archive(("c_thing-1.0/a.c", b"int a;"))[:-9])
    with pytest.raises(ToolchainError, match="not the file this course was made with"):
        sdist.sources(wanted)


def test_a_version_that_is_not_there_is_named(index: Path) -> None:
    _publish(index, _archive(("c_thing-1.0/a.c", b"int a;")))
    with pytest.raises(ToolchainError, match=r"PyPI has no c_thing-2\.0\.tar\.gz"):
        sdist.sources(Sdist("c-thing", "2.0", "0" * 64))
    with pytest.raises(ToolchainError, match=r"c_other-1\.0\.tar\.gz could not be downloaded"):
        sdist.sources(Sdist("c-other", "1.0", "0" * 64))


def test_without_a_network_the_error_says_what_to_do(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdist, "_INDEX", "http://127.0.0.1:1/")
    with pytest.raises(ToolchainError, match="check the network"):
        sdist.sources(Sdist("c-thing", "1.0", "0" * 64))


@pytest.mark.parametrize("name", ["../outside", "/outside", "top/../../outside"])
def test_no_file_lands_outside_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.tar.gz").write_bytes(_archive((name, b"x")))
    with pytest.raises(ToolchainError, match="outside of its folder"):
        sdist.unpack(tmp_path / "a.tar.gz", tmp_path / "folder")
    assert not (tmp_path / "outside").exists()


def test_links_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(_archive(("top/link", "/etc"), ("top/link/passwd", b"x"), ("top/b", b"y")))
    sdist.unpack(tmp_path / "a.tar.gz", tmp_path / "folder")
    assert not (tmp_path / "folder" / "link").is_symlink()
    assert (tmp_path / "folder" / "link" / "passwd").read_bytes() == b"x"


def test_no_archive_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"<html>")
    with pytest.raises(ToolchainError, match="cannot be unpacked"):
        sdist.unpack(tmp_path / "a.tar.gz", tmp_path)
