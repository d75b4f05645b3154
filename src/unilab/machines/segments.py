"""What of an image has to be in memory, and whether all of it is in the file.

Asked before a host command sees the file: the shell would take a file of
nonsense for a script and run it, and QEMU would load half an image without a
word.
"""

from __future__ import annotations

import struct
from pathlib import Path

from unilab.errors import StartFailed

_IDENTIFICATION = b"\x7fELF\x02\x01\x01"  #: ELF, 64-bit, little-endian, version 1
_HEADER = struct.Struct("<16s HHIQQQ I HHHHHH")
_PROGRAM_HEADER = struct.Struct("<II QQQQQQ")
_EXECUTABLE, _X86_64 = 2, 62
_LOAD = 1


def memory_end(image: Path) -> int:
    """The physical address one past the last byte that the image occupies.

    Raises:
        StartFailed: It is no executable for x86-64, or part of it is missing.

    Source:
        System V ABI, chapters 4 "ELF Header" and 5 "Program Header".
    """
    try:
        data = image.read_bytes()
    except OSError as error:
        raise _broken(image, str(error)) from error
    if len(data) < _HEADER.size or not data.startswith(_IDENTIFICATION):
        raise _broken(image, "it is not a 64-bit ELF file")
    _, kind, machine, _, _, table, _, _, _, entry_size, count, *_ = _HEADER.unpack_from(data)
    if (kind, machine, entry_size) != (_EXECUTABLE, _X86_64, _PROGRAM_HEADER.size):
        raise _broken(image, "it is not an executable for x86-64")
    if table + count * entry_size > len(data):
        raise _broken(image, "its program headers are missing")
    end = 0
    for i in range(count):
        kind, _, offset, _, physical, in_file, in_memory, _ = _PROGRAM_HEADER.unpack_from(data, table + i * entry_size)
        if kind == _LOAD:
            if offset + in_file > len(data):
                raise _broken(image, "its end is missing")
            end = max(end, physical + max(in_file, in_memory))
    if not end:
        raise _broken(image, "nothing of it is to be loaded")
    return end


def _broken(image: Path, why: str) -> StartFailed:
    return StartFailed(f"{image.name} is no image that can run: {why}", remedy="build it again with unilab.build")
