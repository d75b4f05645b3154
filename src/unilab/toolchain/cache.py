"""Built things, kept per user and found by the hash of what went into them.

An entry is a folder. It is built under another name and renamed when it is
whole, so an interrupted build leaves nothing that looks finished, and a lock of
its own makes a second builder of the same thing wait for the first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import platformdirs
from filelock import FileLock

from unilab.errors import ToolchainError


def root() -> Path:
    """The cache's folder: the user's own, or ``$UNILAB_CACHE``."""
    override = os.environ.get("UNILAB_CACHE")
    return Path(override) if override else Path(platformdirs.user_cache_dir("one-address-space", appauthor=False))


def digest(parts: Iterable[str | bytes]) -> str:
    """A key of 24 hex digits. Order and boundaries of the parts count."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(len(data).to_bytes(8, "little") + data)
    return sha.hexdigest()[:24]


def tree_digest(folder: Path, pattern: str = "*") -> str:
    """The hash of the names and contents of the files below a folder."""
    files = sorted(path for path in folder.rglob(pattern) if path.is_file())
    return digest(part for path in files for part in (path.relative_to(folder).as_posix(), path.read_bytes()))


def holds(name: str, key: str) -> bool:
    """Whether an entry has been built."""
    return (root() / f"{name}-{key}").is_dir()


def entry(name: str, key: str, build: Callable[[Path], None]) -> Path:
    """The folder of one built thing, building it first if need be.

    Args:
        name: What it is, for people who look into the cache.
        key: Hash of everything that went into it.
        build: Fills the empty folder it is given. If it raises, nothing is kept.

    Raises:
        ToolchainError: The cache cannot be written.
    """
    final = root() / f"{name}-{key}"
    if final.is_dir():
        return final
    try:
        root().mkdir(parents=True, exist_ok=True)
        with FileLock(root() / f"{name}-{key}.lock"):
            if final.is_dir():
                return final
            draft = root() / f"{name}-{key}.draft"
            shutil.rmtree(draft, ignore_errors=True)  # what a builder left behind that was killed
            draft.mkdir()
            try:
                build(draft)
                draft.rename(final)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise ToolchainError(
            f"the cache {root()} cannot be used: {error}", remedy="set UNILAB_CACHE to a folder you can write to"
        ) from error
    return final
