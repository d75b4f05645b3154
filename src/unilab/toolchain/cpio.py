"""Archives in the cpio "newc" format: what Linux and the library OS unpack into memory at boot."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

from unilab.errors import ToolchainError

_FOLDER, _FILE = 0o040755, 0o100644
_EXECUTABLE = 0o111
#: Bytes before a member's name, and the name that ends the archive.
_HEADER, _LAST = 110, "TRAILER!!!"


def archive(files: Mapping[str, bytes], *, executable: Collection[str] = ()) -> bytes:
    """Pack files, and the folders they lie in. The same files give the same bytes.

    Args:
        files: Path without a slash in front -> contents.
        executable: Those of them that may be run.

    Source:
        Linux documentation, "initramfs buffer format".
    """
    folders = {str(folder) for name in files for folder in PurePosixPath(name).parents} - {"."}
    members = [(name, _FOLDER, b"") for name in sorted(folders)]
    members += [(name, _FILE | (_EXECUTABLE if name in executable else 0), files[name]) for name in sorted(files)]
    packed = b"".join(_member(i, *member) for i, member in enumerate([*members, (_LAST, 0, b"")], 1))
    return packed.ljust(-(-len(packed) // 512) * 512, b"\0")


def unpack(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Path and contents of each file of an archive. A symbolic link's contents are the path that it leads to.

    Raises:
        ToolchainError: It is no such archive, or its end is missing.
    """
    at = 0
    try:
        while True:
            if data[at : at + 6] != b"070701":
                raise ValueError(f"there is no member at byte {at}")
            fields = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
            mode, size, name_size = fields[1], fields[6], fields[11]
            name = data[at + _HEADER : at + _HEADER + name_size - 1].decode()
            start = -(-(at + _HEADER + name_size) // 4) * 4
            if name == _LAST:
                return
            if start + size > len(data):
                raise ValueError(f"the end of {name} is missing")
            if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
                yield name, data[start : start + size]
            at = -(-(start + size) // 4) * 4
    except ValueError as error:
        raise ToolchainError(f"this is no cpio archive: {error}") from error


def _member(number: int, name: str, mode: int, data: bytes) -> bytes:
    encoded = name.encode() + b"\0"
    links = 2 if mode == _FOLDER else 1
    fields = [number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    return _padded(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
