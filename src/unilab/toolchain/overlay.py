"""A learner's changes to the library OS: a folder whose files stand in front of the course's own.

``scratch/libos/arch/x86_64/boot.S`` stands for ``libos/arch/x86_64/boot.S``; a file that ``libos/`` does not have is
a new one. What is built is a merged tree, kept in the cache under the hash of its contents, so that files which
nobody changed are compiled once for everybody.
"""

from __future__ import annotations

import difflib
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from unilab.errors import CourseError
from unilab.toolchain import cache, libos

#: What a file of the library OS may be.
SUFFIXES = (".c", ".S", ".h", ".ld")
#: Bytes of one file, and files of one overlay: far more than anybody writes.
MOST_BYTES, MOST_FILES = 1 << 20, 200


def course_files() -> dict[str, Path]:
    """The course's own files by name, such as ``arch/x86_64/boot.S``."""
    tree = libos.tree()
    return {p.relative_to(tree).as_posix(): p for p in sorted(tree.rglob("*")) if p.suffix in SUFFIXES}


def full_name(name: str) -> str:
    """The name in ``libos/`` of a file, of which the last parts are enough if only one file has them.

    Raises:
        CourseError: There is no such file, or more than one. The message has the nearest names.
    """
    names = list(course_files())
    wanted = PurePosixPath(name.strip().removeprefix("./").removeprefix("../").removeprefix("libos/")).as_posix()
    if wanted in names:
        return wanted
    found = [full for full in names if full.endswith("/" + wanted)]
    # Of a file that stands in for another under Xen, the other is meant.
    found = [full for full in found if not full.startswith(libos.XEN)] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise CourseError(f"{wanted} can be {len(found)} files of libos/", remedy=f"say which: {', '.join(found)}")
    last = PurePosixPath(wanted).name
    near = difflib.get_close_matches(wanted, names, 3, 0.5)
    near += [full for full in names if difflib.SequenceMatcher(None, last, PurePosixPath(full).name).ratio() > 0.75]
    near = list(dict.fromkeys(near))[:4]
    remedy = f"did you mean {' or '.join(near)}?" if near else "look for its name in the folder libos/"
    raise CourseError(f"libos/ has no file {name}", remedy=remedy)


def checked_name(name: str) -> str:
    """A name for a file of an overlay, if it can be one.

    Raises:
        CourseError: It leads out of the tree, has no folder of ``libos/``, or ends in what nobody compiles.
    """
    path = PurePosixPath(name)
    folders = sorted({PurePosixPath(file).parts[0] for file in course_files()})
    if path.is_absolute() or ".." in path.parts or "\0" in name or "\\" in name:
        raise CourseError(f"{name!r} is no name in libos/", remedy="name a folder of libos/ and a file, without ..")
    if len(path.parts) < 2 or path.parts[0] not in folders:
        raise CourseError(
            f"{name!r} is in no folder of libos/", remedy=f"put it into one of {', '.join(folders)}, such as posix/"
        )
    if path.suffix not in SUFFIXES or any(part.startswith(".") for part in path.parts):
        raise CourseError(f"{name!r} is no file of C or assembly", remedy=f"let it end in {', '.join(SUFFIXES)}")
    return path.as_posix()


def read(folder: str | Path) -> dict[str, bytes]:
    """The files of an overlay by name. Hidden files are nobody's: editors and Jupyter leave them.

    Raises:
        CourseError: It is no folder, or holds what cannot be part of the library OS.
    """
    root = Path(folder)
    if not root.is_dir():
        raise CourseError(f"there is no folder {folder} for an overlay", remedy='edit("...") makes one: scratch/libos')
    found: dict[str, bytes] = {}
    for at, folders, files in os.walk(root):
        here = Path(at)
        folders[:] = sorted(name for name in folders if _counts(name))
        for name in sorted(filter(_counts, [*folders, *files])):
            path = here / name
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                continue
            inside = path.relative_to(root).as_posix()
            if not stat.S_ISREG(mode):
                raise CourseError(f"{inside} in {folder} is a link or a device, not a file", remedy="copy the file")
            inside = checked_name(inside)
            if path.stat().st_size > MOST_BYTES or len(found) >= MOST_FILES:
                raise CourseError(
                    f"{folder} is too large for an overlay: at most {MOST_FILES} files of {MOST_BYTES >> 20} MiB",
                    remedy="keep in it only what differs from libos/",
                )
            found[inside] = path.read_bytes()
    return found


def _counts(name: str) -> bool:
    return not name.startswith(".") and name != "__pycache__" and not name.endswith("~")


def changes(folder: str | Path) -> dict[str, bytes]:
    """Those files of an overlay that differ from the course's own, or are new."""
    own = course_files()
    return {name: data for name, data in read(folder).items() if name not in own or own[name].read_bytes() != data}


def tree(folder: str | Path) -> Path:
    """The library OS with an overlay in front: a source tree in the cache, to read and not to write.

    Raises:
        CourseError: As for ``read``.
    """
    return merged(changes(folder))


def merged(files: Mapping[str, bytes]) -> Path:
    """The same, of files by name."""
    base = libos.tree()
    if not files:
        return base
    own = cache.tree_digest(base)
    key = cache.digest([own, *(part for name in sorted(files) for part in (name, files[name]))])

    def build(draft: Path) -> None:
        pristine = cache.entry("libos", own, lambda folder: _copy(base, folder))
        for path in sorted(pristine.rglob("*")):
            target = draft / path.relative_to(pristine)
            if path.is_dir():
                target.mkdir()
            elif path.relative_to(pristine).as_posix() not in files:
                _link(path, target)
        for name, data in files.items():
            target = draft / checked_name(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    return cache.entry("overlay", key, build)


def _copy(base: Path, folder: Path) -> None:
    for path in base.rglob("*"):
        if path.is_file() and _counts(path.name):
            target = folder / path.relative_to(base)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _link(path: Path, target: Path) -> None:
    """The same file under another name: entries of the cache are never written to. Where that cannot be, a copy."""
    try:
        target.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, target)
