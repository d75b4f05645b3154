"""Files that a program finds where it starts, however it runs.

A unikernel has them in its initrd, a Linux guest in its initramfs, a container in its root directory, and a process in
a scratch folder that is its working directory and goes with it. The working directory of all of them is where the first
component of each name lies, so the same relative paths work everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from unilab.errors import CourseError

#: A folder or file of this host, which keeps its name; or paths, relative and with slashes, and what is in the files.
Files = str | Path | Mapping[str, str | bytes]


def read(files: Files) -> dict[str, bytes]:
    """What is in them, by path.

    A folder's symbolic links are followed; folders without a file in them are left out.

    Raises:
        CourseError: There is no such folder, or a path leads elsewhere.
    """
    if isinstance(files, Mapping):
        named = {name: text.encode() if isinstance(text, str) else bytes(text) for name, text in files.items()}
        for name in named:
            _check(name, named)
        return named
    given = Path(files)
    if not given.exists():
        raise CourseError(
            f"there is no folder {files} to take files from", remedy=f"check the path; it is taken from {Path.cwd()}"
        )
    found = [given] if given.is_file() else sorted(path for path in given.rglob("*") if path.is_file())
    base = given.resolve()
    try:
        return {
            (PurePosixPath(base.name) / path.relative_to(given).as_posix()).as_posix(): path.read_bytes()
            for path in found
        }
    except OSError as error:
        raise CourseError(f"{error.filename} cannot be read: {error.strerror}") from error


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Make them below a folder of this host."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _check(name: str, names: Mapping[str, bytes]) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name or "\0" in name or name == ".":
        raise CourseError(f"{name!r} is no path of a file that a program could find where it starts")
    for folder in path.parents:
        if str(folder) in names:
            raise CourseError(f"{str(folder)!r} cannot be a file and have {name!r} in it")
