"""Which headers a file of C or assembly reaches: what has to be compiled again after an edit, and what has not.

The text decides, not the preprocessor: a header behind an ``#if`` counts, too. So nothing that matters is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

_LITERAL = re.compile(r'^[ \t]*#[ \t]*include[ \t]+["<]([^">\n]+)[">]', re.MULTILINE)
#: A header's name made by a macro, and other ways to read a file that no pattern follows.
_HIDDEN = re.compile(r'^[ \t]*#[ \t]*include[ \t]+[^"<\s]|^[ \t]*#[ \t]*embed|\.incbin|\.include', re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*")


@lru_cache(4096)
def _read(path: Path, _stamp: tuple[int, int, int]) -> tuple[tuple[str, ...], bool, frozenset[str], bytes]:
    data = path.read_bytes()
    text = data.decode(errors="replace")
    return tuple(_LITERAL.findall(text)), _HIDDEN.search(text) is not None, frozenset(_WORD.findall(text)), data


def _parts(path: Path) -> tuple[tuple[str, ...], bool, frozenset[str], bytes]:
    status = path.stat()
    return _read(path, (status.st_mtime_ns, status.st_size, status.st_ino))


def reached(source: Path, folders: Sequence[Path], everything: Iterable[Path]) -> list[Path]:
    """The headers that a file includes, and those that they include, in the order in which they are found.

    Args:
        source: The file.
        folders: Where headers are looked for, after the folder of the file that names them. What is in none of
            these is taken to be the compiler's or the C library's, which have a version.
        everything: What counts where a file's name is made by a macro, so that nobody can tell which it is.
    """
    found: dict[Path, None] = {}
    to_read = [source]
    while to_read:
        file = to_read.pop()
        names, hidden, _, _ = _parts(file)
        if hidden:
            for path in everything:
                found.setdefault(path)
        for name in names:
            header = next((path for folder in (file.parent, *folders) if (path := folder / name).is_file()), None)
            if header is not None and header not in found:
                found[header] = None
                to_read.append(header)
    return list(found)


def words(files: Iterable[Path]) -> frozenset[str]:
    """Every word of these files that could be a name."""
    return frozenset().union(*(_parts(path)[2] for path in files))


def contents(path: Path) -> bytes:
    """The bytes of a file; read once as long as it does not change."""
    return _parts(path)[3]
