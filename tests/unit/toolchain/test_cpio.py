"""Archives in cpio format, against cpio itself where the host has it, and byte by byte where not."""

from __future__ import annotations

import pytest

from unilab.errors import ToolchainError
from unilab.toolchain import cpio


def test_one_member_byte_by_byte() -> None:
    packed = cpio.archive({"a": b"xyz"})
    header = "070701" + "".join(f"{field:08X}" for field in (1, 0o100644, 0, 0, 1, 0, 3, 0, 0, 0, 0, 2, 0))
    assert packed.startswith(header.encode() + b"a\0" + b"xyz\0" + b"070701")
    assert b"TRAILER!!!\0" in packed
    assert len(packed) % 512 == 0


def test_folders_come_before_what_lies_in_them() -> None:
    packed = cpio.archive({"b/c/d": b"1", "a": b"2"}, executable=["a"])
    assert [packed.index(name) for name in (b"b\0", b"b/c\0", b"b/c/d\0")] == sorted(
        packed.index(name) for name in (b"b\0", b"b/c\0", b"b/c/d\0")
    )
    assert b"%08X" % 0o100755 in packed


def test_the_same_files_give_the_same_bytes() -> None:
    assert cpio.archive({"a": b"1", "b": b"2"}) == cpio.archive({"b": b"2", "a": b"1"})


def test_what_was_packed_is_unpacked() -> None:
    files = {"a": b"1", "b/c": b"", "b/long name": bytes(range(256)) * 9}
    assert dict(cpio.unpack(cpio.archive(files, executable=["a"]))) == files


@pytest.mark.parametrize("data", [b"", b"070702" + bytes(200), cpio.archive({"a": b"x" * 600})[:300]])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(ToolchainError, match="no cpio archive"):
        list(cpio.unpack(data))
