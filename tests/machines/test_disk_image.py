from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import CourseError
from unilab.machines.disk_image import geometry, make_disk, read_disk

FILES = {
    "empty": b"",
    "small": b"one line\n",
    "www/index.html": b"<p>" * 5000,
    "a/b/c/d/deep": bytes(range(256)) * 256,
    "with a blank é": b"x",
}


def test_what_is_put_onto_a_disk_is_read_from_it(tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk", 1 << 20, FILES)
    assert disk.stat().st_size == 1 << 20
    assert read_disk(disk) == FILES


def test_an_empty_disk_has_no_files(tmp_path: Path) -> None:
    assert read_disk(make_disk(tmp_path / "disk", 8 * geometry()["block_size"])) == {}


def test_making_one_replaces_what_was_there(tmp_path: Path) -> None:
    make_disk(tmp_path / "disk", 1 << 20, FILES)
    assert read_disk(make_disk(tmp_path / "disk", 1 << 19, {"new": b"1"})) == {"new": b"1"}


def test_reading_changes_nothing(tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk", 1 << 20, FILES)
    before = disk.read_bytes()
    disk.chmod(0o400)
    read_disk(disk)
    assert disk.read_bytes() == before


@pytest.mark.parametrize("size", [0, 4096, (1 << 20) + 512])
def test_a_size_that_no_disk_has_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(CourseError, match="multiple of 4096"):
        make_disk(tmp_path / "disk", size)
    assert not (tmp_path / "disk").exists()


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="do not go onto a disk of 65536 bytes"):
        make_disk(tmp_path / "disk", 1 << 16, {"large": bytes(1 << 17)})
    assert not (tmp_path / "disk").exists()


@pytest.mark.parametrize("content", [bytes(1 << 16), b"MZ" * (1 << 15)])
def test_something_else_on_a_disk_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "disk").write_bytes(content)
    with pytest.raises(CourseError, match="not what the course keeps on disks"):
        read_disk(tmp_path / "disk")


def test_a_missing_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=f"{tmp_path / 'none'} cannot be read"):
        read_disk(tmp_path / "none")
