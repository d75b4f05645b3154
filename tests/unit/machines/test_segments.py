from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from unilab.errors import StartFailed
from unilab.machines.segments import memory_end
from unilab.toolchain import ARCHITECTURES, build

HELLO = Path(__file__).resolve().parents[3] / "notebooks" / "programs" / "hello.c"
each_architecture = pytest.mark.parametrize("on", ARCHITECTURES)


def _image(on: str = "unikernel") -> Path:
    return build(HELLO, on).path


@each_architecture
def test_it_is_what_the_program_headers_say(on: str) -> None:
    with _image(on).open("rb") as file:
        loads = [s for s in ELFFile(file).iter_segments() if s["p_type"] == "PT_LOAD"]
        assert memory_end(_image(on)) == max(s["p_paddr"] + s["p_memsz"] for s in loads)


@each_architecture
def test_half_an_image_is_none(on: str, tmp_path: Path) -> None:
    whole = _image(on).read_bytes()
    with _image(on).open("rb") as file:
        needed = max(s["p_offset"] + s["p_filesz"] for s in ELFFile(file).iter_segments() if s["p_type"] == "PT_LOAD")
    image = tmp_path / "image.elf"
    for length in [*range(0, 64), *range(64, needed, 199), needed - 1]:
        image.write_bytes(whole[:length])
        with pytest.raises(StartFailed, match=r"image\.elf is no image that can run"):
            memory_end(image)
    image.write_bytes(whole[:needed])
    assert memory_end(image) > 0


@pytest.mark.parametrize("content", [b"", bytes(5000), random.Random(1).randbytes(5000), b"#!/bin/sh\necho\n"])
def test_other_files_are_none(content: bytes, tmp_path: Path) -> None:
    image = tmp_path / "image.elf"
    image.write_bytes(content)
    with pytest.raises(StartFailed, match="not a 64-bit ELF file"):
        memory_end(image)


def test_objects_and_missing_files_are_none(tmp_path: Path) -> None:
    for path in (build(HELLO).object, tmp_path / "missing.elf"):
        with pytest.raises(StartFailed, match="no image that can run"):
            memory_end(path)


@pytest.fixture(scope="module")
def whole() -> bytes:
    return _image().read_bytes()


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "image.elf"


@given(st.dictionaries(st.integers(0, 400), st.integers(0, 255), min_size=1, max_size=4))
def test_damaged_headers_are_an_answer_or_an_error_and_nothing_else(
    damaged: Path, whole: bytes, damage: dict[int, int]
) -> None:
    content = bytearray(whole)
    for at, byte in damage.items():
        content[at] = byte
    damaged.write_bytes(content)
    with contextlib.suppress(StartFailed):
        assert memory_end(damaged) > 0
