"""Disks with files on them, as the library OS mounts them at ``/data``: made and read on the host.

The file system is littlefs, by the same code as in the guest: the package
``littlefs`` is built from the very sources that the library OS is linked with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from littlefs import LFSConfig, LittleFS, LittleFSError, UserContext

from unilab.errors import CourseError
from unilab.toolchain import libos

#: As in fs/littlefs_disk.c.
_LEAST_BLOCKS = 8


@cache
def geometry() -> dict[str, int]:
    """How disks are divided, in bytes, by littlefs's names for it: what libos/include/littlefs.h decides."""
    text = (libos.tree() / "include" / "littlefs.h").read_text()
    numbers = {name: int(value) for name, value in re.findall(r"LITTLEFS_(\w+) = (\d+)", text)}
    sector = numbers["SECTOR"]
    return {
        "block_size": numbers["BLOCK"],
        "read_size": sector,
        "prog_size": sector,
        "cache_size": numbers["BUFFER"],
    }


def make_disk(path: str | Path, size: int, files: Mapping[str, bytes] | None = None) -> Path:
    """Make a disk, in the place of any file of that name.

    Args:
        path: Its file; the folder that it is in is made, too.
        size: Bytes, a multiple of a block, 4096.
        files: What is on it: contents by path below ``/data``, such as ``{"www/index.html": b"..."}``.

    Returns:
        The path.

    Raises:
        CourseError: The size is none for a disk, or too small for the files.
    """
    block = geometry()["block_size"]
    if size % block or size < _LEAST_BLOCKS * block:
        raise CourseError(
            f"a disk cannot have {size} bytes",
            remedy=f"give it a multiple of {block}, and {_LEAST_BLOCKS * block} at least",
        )
    content = _InMemory(bytearray(size))
    try:
        disk = _file_system(content, size // block)
        disk.format()
        disk.mount()
        for name, data in (files or {}).items():
            disk.makedirs(str(PurePosixPath("/", name).parent), exist_ok=True)
            with disk.open(name, "wb") as file:
                file.write(data)
        disk.unmount()
    except LittleFSError as error:
        raise CourseError(f"the files do not go onto a disk of {size} bytes: {error}") from error
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content.buffer)
    return Path(path)


def read_disk(path: str | Path) -> dict[str, bytes]:
    """All files of a disk: contents by path. The disk is only read.

    Raises:
        CourseError: There is no such disk, or it has no littlefs with these blocks on it.
    """
    try:
        content = _InMemory(bytearray(Path(path).read_bytes()))
    except OSError as error:
        raise CourseError(f"the disk {path} cannot be read: {error.strerror}") from error
    disk = _file_system(content, 0)
    files = {}
    try:
        disk.mount()
        for folder, _, names in disk.walk("/"):
            for name in names:
                where = str(PurePosixPath(folder, name))
                with disk.open(where, "rb") as file:
                    files[where.lstrip("/")] = file.read()
    except LittleFSError as error:
        raise CourseError(f"what is on the disk {path} is not what the course keeps on disks: {error}") from error
    return files


def _file_system(content: _InMemory, blocks: int) -> LittleFS:
    """Not mounted yet. 0 blocks: as many as it says itself."""
    sizes: dict[str, Any] = {**geometry()}
    return LittleFS(content, mount=False, block_count=blocks, **sizes)


class _InMemory(UserContext):
    """A disk's content. What is there can be overwritten: nothing has to be erased first."""

    def __init__(self, content: bytearray) -> None:
        super().__init__(buffer=content)

    def read(self, cfg: LFSConfig, block: int, off: int, size: int) -> bytearray:
        start = block * cfg.block_size + off
        return self.buffer[start : start + size]

    def prog(self, cfg: LFSConfig, block: int, off: int, data: bytes) -> int:
        start = block * cfg.block_size + off
        self.buffer[start : start + len(data)] = data
        return 0

    def erase(self, cfg: LFSConfig, block: int) -> int:
        return 0
