"""The linker's map: which object file each byte of an image came from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from unilab.errors import LayoutError

PROGRAM, C_LIBRARY, LIBRARY_OS, COMPILER = "program", "C library", "library OS", "compiler runtime"

#: ``VMA LMA Size Align`` in hexadecimal, then indented by how deep the line lies: an output section by nothing, what
#: it is made of by eight blanks, symbols by sixteen.
_LINE = re.compile(r"^ *([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) +\d+ ( *)(\S.*)$")
_INPUT = re.compile(r"^(?P<file>.+?)(?:\((?P<member>[^()]+)\))?:\((?P<section>[^()]+)\)$")
_INPUT_INDENT = 8


@dataclass(frozen=True, slots=True)
class Contribution:
    """A run of bytes that one object file gave to the image.

    Attributes:
        start: Address, bytes.
        end: One past the last, bytes.
        output: The section of the image it lies in: ``.text``.
        section: The section of the object it was: ``.text.main``.
        object: What the object is called in the course's terms: ``core/vm.c``, ``vfprintf.o``, ``program.o``;
            empty for strings and constants that the linker merged from several.
        owner: ``program``, ``C library``, ``library OS``, ``compiler runtime``; empty where merged.
    """

    start: int
    end: int
    output: str
    section: str
    object: str
    owner: str

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class LinkMap:
    """Everything that lies in an image's memory, in address order."""

    contributions: tuple[Contribution, ...]

    @classmethod
    def read(cls, path: Path) -> LinkMap:
        """Read a map that ``ld.lld -Map`` wrote for an image of ``unilab.build``.

        Raises:
            LayoutError: It cannot be read.
        """
        try:
            return cls.parse(Path(path).read_text(errors="replace"))
        except OSError as error:
            raise LayoutError(f"the link map {path} cannot be read: {error}") from error

    @classmethod
    def parse(cls, text: str) -> LinkMap:
        """Read the text of a map. What is not in memory, such as debugging information, is left out."""
        found: list[Contribution] = []
        output, in_memory = "", False
        for line in text.splitlines():
            parts = _LINE.match(line)
            if parts is None:
                continue
            start, size, indent, rest = int(parts[1], 16), int(parts[2], 16), len(parts[3]), parts[4]
            if indent == 0:
                # Addresses of what is not in memory count from 0.
                output, in_memory = rest, start != 0
            elif indent == _INPUT_INDENT and in_memory and size and (source := _INPUT.match(rest)):
                name, owner = _origin(source["file"], source["member"] or "")
                found.append(Contribution(start, start + size, output, source["section"], name, owner))
        return cls(tuple(sorted(found, key=lambda c: c.start)))


def _origin(file: str, member: str) -> tuple[str, str]:
    """The object's name and owner, from the names that the build gives its files (build.py, libos.py, libc.py)."""
    path = Path(file)
    if library_os := re.match(r"libos-(.+)-[0-9a-f]+$", path.parent.name):
        return library_os[1].replace("-", "/"), LIBRARY_OS
    if path.name == "program.o":
        return path.name, PROGRAM
    if path.name == "libcrt.a":
        return Path(member).name, COMPILER
    if path.name == "crt1.o" or path.suffix == ".a":
        return Path(member or file).name, C_LIBRARY
    return "", ""
