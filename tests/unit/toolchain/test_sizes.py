from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from unilab.toolchain import Image, build
from unilab.toolchain.linkmap import C_LIBRARY, LIBRARY_OS, PROGRAM, LinkMap
from unilab.toolchain.sizes import LAYOUT, OWNERS, Part, image_map, sizes

_PROGRAMS = Path(__file__).resolve().parents[3] / "notebooks" / "programs"
_ELF_HEADERS = 64 + 5 * 56


def _services(parts: tuple[Part, ...]) -> set[str]:
    return {part.service for part in parts if part.service}


@pytest.mark.parametrize("name", ["hello", "threads", "pipes", "forks"])
def test_parts_add_up_to_the_file_and_to_what_is_loaded(name: str) -> None:
    image = build(_PROGRAMS / f"{name}.c")
    parts = sizes(image)
    with image.path.open("rb") as file:
        loaded = sum(segment.header.p_memsz for segment in ELFFile(file).iter_segments("PT_LOAD"))
    assert sum(part.file for part in parts) == image.path.stat().st_size
    assert sum(part.memory for part in parts) == loaded
    assert all(0 <= part.file <= part.memory for part in parts if part.owner != LAYOUT)


@pytest.mark.parametrize("name", ["hello", "threads"])
def test_what_belongs_to_nobody_is_headers_and_alignment(name: str) -> None:
    """Otherwise the sum would be right whatever had been forgotten."""
    image = build(_PROGRAMS / f"{name}.c")
    (layout,) = [part for part in sizes(image) if part.owner == LAYOUT]
    pieces = len(LinkMap.read(image.map).contributions)
    assert _ELF_HEADERS <= layout.file < _ELF_HEADERS + 15 * pieces
    # Pages begin at the stacks.
    assert layout.memory < layout.file + 3 * 4096


def test_a_part_is_as_large_as_its_functions(hello: dict[str, Image]) -> None:
    """Measured another way: by the instructions of hello's only function."""
    image = hello["unikernel"]
    (program,) = [part for part in sizes(image) if part.owner == PROGRAM]
    with image.debug.open("rb") as file:
        (main,) = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("main")
    assert program.file == main["st_size"]


def test_a_program_pays_for_what_it_uses() -> None:
    hello, threads, pipes, forks = (
        _services(sizes(build(_PROGRAMS / f"{name}.c"))) for name in ("hello", "threads", "pipes", "forks")
    )
    assert "posix/read_write.c" in hello & threads & pipes & forks
    assert not {"core/thread.c", "posix/pipe.c", "posix/no_process.c", "posix/trace.c"} & hello
    assert {"core/thread.c", "core/thread_report.c"} <= threads
    assert not {"posix/pipe.c", "posix/no_process.c"} & threads
    assert "posix/pipe.c" in pipes
    assert "posix/no_process.c" in forks


def test_a_process_has_no_library_os(hello: dict[str, Image]) -> None:
    parts = sizes(hello["process"])
    assert sum(part.file for part in parts) == hello["process"].size
    assert {PROGRAM, C_LIBRARY} <= {part.owner for part in parts} <= set(OWNERS) - {LIBRARY_OS}


@pytest.mark.parametrize("name", ["hello", "httpd"])
def test_a_map_has_every_byte_of_the_file_and_agrees_with_the_parts(name: str) -> None:
    image = build(_PROGRAMS / f"{name}.c")
    made = image_map(image)
    assert made.size == image.path.stat().st_size
    assert len({piece.key for piece in made.pieces}) == len(made.pieces)
    by_owner = Counter[str]()
    for part in sizes(image):
        by_owner[f"{LIBRARY_OS}: {part.service.partition('/')[0]}" if part.service else part.owner] += part.file
    assert made.groups() == {group: size for group, size in by_owner.items() if size}


def test_the_pieces_of_a_group_are_together_the_largest_first() -> None:
    pieces = image_map(_PROGRAMS / "hello.c", name="mine").pieces
    groups = [group for group, _ in itertools.groupby(pieces, key=lambda piece: piece.group)]
    assert len(groups) == len(set(groups))
    for _, members in itertools.groupby(pieces, key=lambda piece: piece.group):
        found = [piece.size for piece in members]
        assert found == sorted(found, reverse=True)


def test_a_map_has_the_name_that_is_wanted() -> None:
    assert image_map(_PROGRAMS / "hello.c", name="mine").name == "mine"
    assert image_map(_PROGRAMS / "hello.c", "process").origin.startswith("hello.c as a process")
