"""What an image is made of, byte by byte: which services a program brings in, and what each of them costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from elftools.elf.elffile import ELFFile

from unilab.toolchain.build import Image
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
    with image.path.open("rb") as file:
        headers = [segment.header for segment in ELFFile(file).iter_segments("PT_LOAD")]
    in_file, in_memory = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for each in LinkMap.read(image.map).contributions:
        if each.output == _PATTERN_OF_ZEROES:
            continue
        part = (each.owner or SHARED, each.object if each.owner == LIBRARY_OS else "")
        for header in headers:
            start = header.p_vaddr
            in_file[part] += _overlap(each, start, start + header.p_filesz)
            in_memory[part] += _overlap(each, start, start + header.p_memsz)
    layout = (LAYOUT, "")
    in_file[layout] = image.size - in_file.total()
    in_memory[layout] = sum(header.p_memsz for header in headers) - in_memory.total()
    ordered = sorted(in_memory, key=lambda part: (OWNERS.index(part[0]), part[1]))
    return tuple(Part(owner, name, in_file[owner, name], in_memory[owner, name]) for owner, name in ordered)


def _overlap(each: Contribution, start: int, end: int) -> int:
    return max(0, min(each.end, end) - max(each.start, start))
