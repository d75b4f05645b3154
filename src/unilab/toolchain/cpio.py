"""Archives in the cpio "newc" format: what Linux and the library OS unpack into memory at boot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

_FOLDER, _FILE = 0o040755, 0o100644
_EXECUTABLE = 0o111


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
    packed = b"".join(_member(i, *member) for i, member in enumerate([*members, ("TRAILER!!!", 0, b"")], 1))
    return packed.ljust(-(-len(packed) // 512) * 512, b"\0")


def _member(number: int, name: str, mode: int, data: bytes) -> bytes:
    encoded = name.encode() + b"\0"
    links = 2 if mode == _FOLDER else 1
    fields = [number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    return _padded(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
