from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.errors import LayoutError, MachineError
from unilab.spaces import procfs
from unilab.spaces.model import Privilege, Source

linux = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")

LINES = """\
00400000-00401000 r--p 00000000 08:01 42                                 /opt/a program
00401000-00402000 r-xp 00001000 08:01 42                                 /opt/a program
00402000-00403000 rw-p 00002000 08:01 42                                 /opt/a program
00a00000-00a21000 rw-p 00000000 00:00 0                                  [heap]
7f0000000000-7f0000001000 r-xp 00000000 08:01 43                         /lib/x86_64-linux-gnu/libc.so.6
7f0000002000-7f0000003000 r-xp 00000000 08:01 44                         /usr/lib/libz.so.1.2 (deleted)
7f0000004000-7f0000005000 rw-s 00000000 00:01 45                         /memfd:guest-ram (deleted)
7f0000006000-7f0000007000 ---p 00000000 00:00 0 
7f0000008000-7f0000009000 rw-p 00000000 00:00 0 
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
7ffc00030000-7ffc00034000 r--p 00000000 00:00 0                          [vvar]
7ffc00034000-7ffc00036000 r-xp 00000000 00:00 0                          [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
"""  # noqa: W291 - Linux leaves a blank where there is no name


def test_each_kind_of_line_is_told_apart() -> None:
    regions = procfs.parse_maps(LINES, executable="/opt/a program")
    assert [(r.label, r.kind, r.owner) for r in regions] == [
        ("a program", "read-only data", "program"),
        ("a program", "text", "program"),
        ("a program", "data", "program"),
        ("heap", "heap", "program"),
        ("libc.so.6", "text", "C library"),
        ("libz.so.1.2", "text", "shared library"),
        ("memfd:guest-ram", "file", ""),
        ("", "guard", "program"),
        ("", "mapping", "program"),
        ("main stack", "stack", "program"),
        ("vvar", "vdso", "kernel"),
        ("vdso", "vdso", "kernel"),
        ("vsyscall", "vdso", "kernel"),
    ]
    assert [r.permissions for r in regions][:3] == ["r--", "r-x", "rw-"]
    assert regions[-1].permissions == "--x"
    assert all(r.privilege is Privilege.USER for r in regions)


def test_no_text_is_no_region() -> None:
    assert procfs.parse_maps("") == ()


@linux
def test_our_own_maps_parse_line_by_line() -> None:
    text = Path("/proc/self/maps").read_text()
    regions = procfs.parse_maps(text)
    lines = [line.split(maxsplit=5) for line in text.splitlines()]
    assert [f"{r.start:08x}-{r.end:08x} {r.permissions}" for r in regions] == [
        f"{line[0]} {line[1][:3]}" for line in lines
    ]
    assert [r.backing for r in regions] == [line[5] if len(line) > 5 else "anonymous" for line in lines]


@linux
@pytest.mark.parametrize(
    "name", ["two words ", "line\rfeeds\x0b\x0c\x1c\x85\u2028", "a\nb", b"bytes \xff".decode(errors="surrogateescape")]
)
def test_a_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(bytes(mmap.PAGESIZE))
    with (tmp_path / name).open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ):
        space = procfs.read(os.getpid(), name="ours")
    shown = name.replace("\n", r"\012").encode(errors="surrogateescape").decode(errors="replace")
    assert [r.label for r in space.regions if r.backing == f"{tmp_path}/{shown}"] == [shown]


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "",
        "1000-3000",
        "1000-3000 r-xp",
        "1000-3000 rwxq 00000000 08:01 42 /bin/sh",
        "1000-3000 xwrp 00000000 08:01 42 /bin/sh",
        "3000-1000 r-xp 00000000 08:01 42 /bin/sh",
        "1000-1000 r-xp 00000000 08:01 42 /bin/sh",
        "-1000-3000 r-xp 00000000 08:01 42 /bin/sh",
        "1000-g000 r-xp 00000000 08:01 42 /bin/sh",
        " 1000-3000 r-xp 00000000 08:01 42 /bin/sh",
    ],
)
def test_a_line_that_does_not_parse_is_named_by_its_number(line: str) -> None:
    good = "1000-3000 r-xp 00000000 08:01 42 /bin/sh\n"
    with pytest.raises(LayoutError, match="line 3 "):
        procfs.parse_maps(good + "4000-5000 rw-p 00000000 00:00 0\n" + line + "\n6000-7000 rw-p 00000000 00:00 0\n")


@given(st.text())
def test_any_text_parses_or_is_a_layout_error(text: str) -> None:
    with contextlib.suppress(LayoutError):
        procfs.parse_maps(text)


@linux
def test_reading_a_process_says_where_and_when() -> None:
    space = procfs.read(os.getpid(), name="ours")
    assert space.source is Source.LIVE
    assert space.origin.startswith(f"process {os.getpid()}, /proc/{os.getpid()}/maps, 20")
    with tempfile.TemporaryFile() as file:
        file.truncate(mmap.PAGESIZE)
        with mmap.mmap(file.fileno(), mmap.PAGESIZE):
            assert len(procfs.read(os.getpid(), name="ours").regions) > 0


@linux
def test_a_process_that_has_gone_is_an_error() -> None:
    gone = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitid(os.P_PID, gone, os.WEXITED | os.WNOWAIT)  # it has ended, and is yet to be buried
    with pytest.raises(MachineError, match=f"process {gone} cannot be read"):
        procfs.read(gone, name="gone")
    os.waitpid(gone, 0)
    with pytest.raises(MachineError, match=f"process {gone} cannot be read"):
        procfs.read(gone, name="gone")
