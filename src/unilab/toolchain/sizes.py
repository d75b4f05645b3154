"""What an image is made of, byte by byte: which services a program brings in, and what each of them costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from unilab.architectures import in_words
from unilab.spaces.image_map import ImageMap, Piece
from unilab.toolchain.build import Image, build
from unilab.toolchain.linkmap import C_LIBRARY, COMPILER, LIBRARY_OS, PROGRAM, Contribution, LinkMap

#: Strings and constants that the linker found in several objects and keeps once.
SHARED = "shared constants"
#: The ELF headers, and the gaps that make things begin where they must.
LAYOUT = "headers and alignment"

#: In the order in which they are shown.
OWNERS = (PROGRAM, C_LIBRARY, COMPILER, LIBRARY_OS, SHARED, LAYOUT)

#: The pattern of thread-local variables that begin as zeroes: it has addresses, and no memory.
_PATTERN_OF_ZEROES = ".tbss"


@dataclass(frozen=True, slots=True)
class Part:
    """What one part contributes to an image.

    Attributes:
        owner: One of OWNERS.
        service: Of the library OS, the source file: ``posix/pipe.c``; empty for all other owners.
        file: Bytes in the image's file.
        memory: Bytes in memory once it is loaded: what begins as zeroes is not in the file.
    """

    owner: str
    service: str
    file: int
    memory: int


def sizes(image: Image) -> tuple[Part, ...]:
    """The parts of an image, each service of the library OS on its own.

    Returns:
        In the order of OWNERS, services by name. Their ``file`` adds up to ``image.size``, and their ``memory`` to what
        the image's segments take in memory.

    Raises:
        LayoutError: The linker's map cannot be read.
    """
    in_file, in_memory = _bytes(image, lambda each: each.object if each.owner == LIBRARY_OS else "")
    ordered = sorted(in_memory, key=lambda part: (OWNERS.index(part[0]), part[1]))
    return tuple(Part(owner, name, in_file[owner, name], in_memory[owner, name]) for owner, name in ordered)


def image_map(program: str | Path | Image, on: str = "unikernel", *, name: str = "") -> ImageMap:
    """What the bytes of an image's file are for, object by object.

    Args:
        program: A C file, or an image from ``build``, whose architecture then counts.
        on: As for ``build``.
        name: What to call it; the program's name unless given.

    Returns:
        Pieces whose sizes add up to ``image.size``. What begins as zeroes is not in the file, and so not here.

    Raises:
        LayoutError: The linker's map cannot be read.
    """
    image = program if isinstance(program, Image) else build(program, on)
    in_file, _ = _bytes(image, lambda each: each.object)
    ordered = sorted(in_file.items(), key=lambda item: (OWNERS.index(item[0][0]), -item[1], item[0][1]))
    pieces = [Piece(_group(owner, object_), object_ or owner, size) for (owner, object_), size in ordered if size]
    groups = list(dict.fromkeys(piece.group for piece in pieces))
    return ImageMap(
        name or image.program.stem,
        tuple(sorted(pieces, key=lambda piece: groups.index(piece.group))),
        origin=f"{image.program.name} {in_words(image.architecture)}: the linker's map, of this build",
    )


def _group(owner: str, object_: str) -> str:
    return f"{owner}: {object_.partition('/')[0]}" if owner == LIBRARY_OS else owner


_Bytes = Counter[tuple[str, str]]


def _bytes(image: Image, name: Callable[[Contribution], str]) -> tuple[_Bytes, _Bytes]:
    """Bytes in the file, and in memory, by owner and by what ``name`` says of each contribution."""
    with image.path.open("rb") as file:
        headers = [segment.header for segment in ELFFile(file).iter_segments("PT_LOAD")]
    in_file, in_memory = _Bytes(), _Bytes()
    for each in LinkMap.read(image.map).contributions:
        if each.output == _PATTERN_OF_ZEROES:
            continue
        part = (each.owner or SHARED, name(each))
        for header in headers:
            start = header.p_vaddr
            in_file[part] += _overlap(each, start, start + header.p_filesz)
            in_memory[part] += _overlap(each, start, start + header.p_memsz)
    layout = (LAYOUT, "")
    in_file[layout] = image.size - in_file.total()
    in_memory[layout] = sum(header.p_memsz for header in headers) - in_memory.total()
    return in_file, in_memory


def _overlap(each: Contribution, start: int, end: int) -> int:
    return max(0, min(each.end, end) - max(each.start, start))
