"""The address space of a process, as Linux tells it in /proc/PID/maps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from unilab.errors import LayoutError, MachineError
from unilab.spaces import labels
from unilab.spaces.model import AddressSpace, Privilege, Region, Source, Translation
from unilab.toolchain.linkmap import C_LIBRARY, PROGRAM

#: Width of the half of the address space that Linux gives to processes.
_USER_BITS = 47
#: Where the host mounts it.
PROC = Path("/proc")
_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])([x-])[ps] [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+ *(.*)")
_OF_LINUX = {
    "[heap]": ("heap", "heap", PROGRAM),
    "[stack]": ("main stack", "stack", PROGRAM),
    "[vdso]": ("vdso", "vdso", "kernel"),
    "[vvar]": ("vvar", "vdso", "kernel"),
    "[vvar_vclock]": ("vvar of virtual clocks", "vdso", "kernel"),
    "[vsyscall]": ("vsyscall", "vdso", "kernel"),
}
_SHARED_LIBRARY = re.compile(r"\.so(\.|$)")
_C_LIBRARY = re.compile(r"^(libc[.-]|ld[-.]|ld-musl)")
_KIND_BY_PERMISSIONS = {"r-x": "text", "r--": "read-only data", "rw-": "data"}


def parse_maps(text: str, *, executable: str = "", names: Sequence[labels.Label] = ()) -> tuple[Region, ...]:
    """Read the text of ``/proc/<pid>/maps``.

    Args:
        text: The whole file, one mapping a line.
        executable: Path of the program's own file, to tell it from the libraries.
        names: What the parts of the program's image are, from ``labels.of_image``.

    Returns:
        Regions in address order; empty for empty text. Without ``names`` one a line; with them, mappings are cut
        where a label begins or ends.

    Raises:
        LayoutError: A line does not parse. Carries its number, from 1.

    Source:
        proc_pid_maps(5), Linux man-pages.

    >>> parse_maps("1000-3000 r-xp 00000000 08:01 42 /bin/sh")[0].end
    12288
    """
    pieces = []
    # Only a newline ends a line: a file's name may have anything else in it.
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), 1):
        parts = _LINE.fullmatch(line)
        if parts is None or int(parts[1], 16) >= int(parts[2], 16):
            raise LayoutError(f"line {number} of the maps does not parse: {line!r}")
        start, end, permissions, what = int(parts[1], 16), int(parts[2], 16), parts[3] + parts[4] + parts[5], parts[6]
        label = labels.Label(start, end, *_named(what, permissions, executable))
        # Where the program's own file lies says nothing: the toolchain keeps it in a cache.
        backing = what.rpartition("/")[2] if what and what == executable else what or "anonymous"
        pieces.append(labels.Piece(start, end, permissions, Privilege.USER, backing=backing, label=label))
    return labels.apply(pieces, names)


def read(pid: int, *, name: str, names: Sequence[labels.Label] = (), proc: Path = PROC) -> AddressSpace:
    """The address space of a process now.

    Args:
        pid: Its number.
        name: What to call it.
        names: What the parts of its image are, from ``labels.of_image``.
        proc: Where a /proc is mounted: another one has other numbers for the same processes.

    Raises:
        MachineError: It has gone, or is none of ours to look at.
    """
    maps = proc / str(pid) / "maps"
    try:
        text = maps.read_bytes().decode(errors="replace")
        executable = str((proc / str(pid) / "exe").readlink())
    except OSError as error:
        raise MachineError(f"the address space of process {pid} cannot be read: {error}") from error
    return AddressSpace(
        name,
        parse_maps(text, executable=executable, names=names),
        Translation("Linux process"),
        Source.LIVE,
        f"process {pid}, {maps}, {datetime.now().astimezone().isoformat(timespec='seconds')}",
        _USER_BITS,
    )


def _named(what: str, permissions: str, executable: str) -> tuple[str, str, str]:
    """Label, kind and owner of a mapping that Linux calls ``what``."""
    if what in _OF_LINUX:
        return _OF_LINUX[what]
    if not what.startswith("/"):
        return what.strip("[]"), "mapping" if "r" in permissions else labels.GUARD, PROGRAM if not what else ""
    file = what.removesuffix(" (deleted)").rpartition("/")[2]
    kind = _KIND_BY_PERMISSIONS.get(permissions, labels.GUARD if permissions == "---" else "file")
    if what == executable:
        return file, kind, PROGRAM
    if _SHARED_LIBRARY.search(file):
        return file, kind, C_LIBRARY if _C_LIBRARY.match(file) else "shared library"
    return file, "file", ""
