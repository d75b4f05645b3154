"""Which headers a file of C or assembly reaches: what has to be compiled again after an edit, and what has not.

The text decides, not the preprocessor: a header behind an ``#if`` counts, too. So nothing that matters is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_LITERAL = re.compile(r'^[ \t]*#[ \t]*include[ \t]+["<]([^">\n]+)[">]', re.MULTILINE)
#: A header's name made by a macro, and other ways to read a file that no pattern follows.
_HIDDEN = re.compile(r'^[ \t]*#[ \t]*include[ \t]+[^"<\s]|^[ \t]*#[ \t]*embed|\.incbin|\.include', re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*")


class _Parts(NamedTuple):
    """What counts of a file: names of headers, whether it reads others too, its words, its bytes."""

    names: tuple[str, ...]
    hidden: bool
    words: frozenset[str]
    data: bytes


@lru_cache(4096)
def _read(path: Path, _stamp: tuple[int, int, int]) -> _Parts:
    data = path.read_bytes()
    text = data.decode(errors="replace")
    return _Parts(tuple(_LITERAL.findall(text)), _HIDDEN.search(text) is not None, frozenset(_WORD.findall(text)), data)


def _parts(path: Path) -> _Parts:
    """The same, read once as long as the file does not change."""
    status = path.stat()
    return _read(path, (status.st_mtime_ns, status.st_size, status.st_ino))


class Headers:
    """What files include, looked up once: for as long as nobody changes them.

    Args:
        folders: Where headers are looked for, after the folder of the file that names them. What is in none of
            these is taken to be the compiler's or the C library's, which have a version.
        everything: What counts where a file's name is made by a macro, so that nobody can tell which it is.
    """

    def __init__(self, folders: Sequence[Path], everything: Iterable[Path]) -> None:
        self._folders, self._everything = tuple(folders), tuple(everything)
        self._there: dict[tuple[Path, str], Path | None] = {}
        self._named: dict[Path, tuple[Path, ...]] = {}
        self._read: dict[Path, _Parts] = {}

    def reached(self, source: Path) -> list[Path]:
        """The headers that a file includes, and those that they include, in the order in which they are found."""
        found: dict[Path, None] = {}
        to_read = [source]
        while to_read:
            file = to_read.pop()
            if self._parts(file).hidden:
                for path in self._everything:
                    found.setdefault(path)
            for header in self._included(file):
                if header not in found:
                    found[header] = None
                    to_read.append(header)
        return list(found)

    def _included(self, file: Path) -> tuple[Path, ...]:
        """The headers that a file itself includes."""
        known = self._named.get(file)
        if known is None:
            named = (self._find(file.parent, name) for name in self._parts(file).names)
            known = self._named[file] = tuple(header for header in named if header is not None)
        return known

    def _find(self, beside: Path, name: str) -> Path | None:
        key = (beside, name)
        if key not in self._there:
            folders = (beside, *self._folders)
            self._there[key] = next((path for folder in folders if (path := folder / name).is_file()), None)
        return self._there[key]

    def words(self, files: Iterable[Path]) -> frozenset[str]:
        """Every word of these files that could be a name."""
        return frozenset().union(*(self._parts(path).words for path in files))

    def contents(self, path: Path) -> bytes:
        """The bytes of a file."""
        return self._parts(path).data

    def _parts(self, path: Path) -> _Parts:
        known = self._read.get(path)
        if known is None:
            known = self._read[path] = _parts(path)
        return known


def contents(path: Path) -> bytes:
    """The bytes of a file, read once as long as it does not change."""
    return _parts(path).data
