from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.spaces import labels
from unilab.spaces.labels import GUARD, Label, Piece
from unilab.spaces.model import Privilege, Region
from unilab.toolchain import build
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import SymbolTable

HELLO = Path(__file__).resolve().parents[3] / "notebooks" / "programs" / "hello.c"
_END = 40  # pages, of the little address space below


def _ranges(most: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Ranges that do not overlap, in bytes; some touch."""
    edges = st.lists(st.integers(0, _END), max_size=2 * most).map(sorted)
    return edges.map(lambda e: [(low * 4096, high * 4096) for low, high in zip(e[::2], e[1::2]) if low < high])  # noqa: B905


@st.composite
def pieces(draw: st.DrawFn) -> list[Piece]:
    return [
        Piece(
            start,
            end,
            draw(st.sampled_from(["r--", "rw-", "r-x"])),
            draw(st.sampled_from(Privilege)),
            physical=draw(st.none() | st.integers(0, 3).map(lambda page: page * 4096)),
            label=draw(st.none() | st.just(Label(start, end, f"own {start}", "file", ""))),
        )
        for start, end in draw(_ranges(6))
    ]


@st.composite
def some_labels(draw: st.DrawFn) -> list[Label]:
    """Labels may lie inside one another; guards are apart."""
    bounds = st.tuples(st.integers(0, _END - 1), st.integers(1, 5))
    names = [
        Label(low * 4096 + draw(st.sampled_from([0, 16])), (low + length) * 4096, f"label {i}", "text", "program")
        for i, (low, length) in enumerate(draw(st.lists(bounds, max_size=5)))
    ]
    return names + [Label(low, high, "a guard", GUARD, "library OS") for low, high in draw(_ranges(3))]


def _at(regions: tuple[Region, ...], address: int) -> list[Region]:
    return [region for region in regions if region.start <= address < region.end]


@given(pieces(), some_labels())
def test_the_pieces_are_covered_exactly_and_keep_their_rights(found: list[Piece], names: list[Label]) -> None:
    regions = labels.apply(found, names)
    for address in range(0, _END * 4096, 16):
        piece = next((p for p in found if p.start <= address < p.end), None)
        mapped = [region for region in _at(regions, address) if region.permissions != "---"]
        assert [(r.permissions, r.privilege) for r in mapped] == (
            [(piece.permissions, piece.privilege)] if piece else []
        )


@given(pieces(), some_labels())
def test_regions_are_in_order_apart_and_joined_where_they_look_alike(found: list[Piece], names: list[Label]) -> None:
    regions = labels.apply(found, names)
    for low, high in pairwise(regions):
        assert low.start < low.end <= high.start < high.end
        if low.end == high.start and not (low.backing and high.backing) and high.kind != GUARD:
            assert low != Region(low.start, low.end, *_looks(high))


def _looks(region: Region) -> tuple[object, ...]:
    return tuple(getattr(region, name) for name in list(Region.__dataclass_fields__)[2:])


@given(pieces(), some_labels())
def test_the_shortest_label_counts(found: list[Piece], names: list[Label]) -> None:
    regions = labels.apply(found, names)
    for piece in found:
        for address in range(piece.start, piece.end, 16):
            (region,) = _at(regions, address)
            covering = [label for label in names if label.start <= address < label.end]
            shortest = min((label.end - label.start for label in covering), default=0)
            allowed = {label.text for label in covering if label.end - label.start == shortest}
            assert region.label in (allowed or {piece.label.text if piece.label else ""})


@given(pieces(), some_labels())
def test_a_guard_is_shown_exactly_where_nothing_of_it_is_mapped(found: list[Piece], names: list[Label]) -> None:
    shown = {(r.start, r.end) for r in labels.apply(found, names) if r.permissions == "---"}
    joined = {
        (label.start, label.end)
        for label in names
        if label.kind == GUARD and not any(p.start < label.end and label.start < p.end for p in found)
    }
    assert {edge for pair in shown for edge in pair} <= {edge for pair in joined for edge in pair}
    assert sum(end - start for start, end in shown) == sum(end - start for start, end in joined)


def test_neighbours_that_differ_in_anything_stay_apart() -> None:
    low = Piece(0x1000, 0x2000, "rw-", Privilege.USER, backing="anonymous")
    alike = replace(low, start=0x2000, end=0x3000)
    assert len(labels.apply([low, alike], [])) == 1
    for change in (
        {"permissions": "r--"},
        {"privilege": Privilege.KERNEL},
        {"page_size": 1 << 21},
        {"backing": "file"},
    ):
        assert len(labels.apply([low, replace(alike, **change)], [])) == 2


def test_physical_addresses_follow_the_cuts() -> None:
    piece = Piece(0x1000, 0x4000, "r--", Privilege.KERNEL, physical=0x9000)
    regions = labels.apply([piece], [Label(0x2000, 0x3000, "middle", "text", "")])
    assert [(r.label, r.backing) for r in regions] == [
        ("", "physical 0x9000"),
        ("middle", "physical 0xa000"),
        ("", "physical 0xb000"),
    ]


def test_runs_of_physical_memory_are_counted() -> None:
    apart = [Piece(n * 0x1000, (n + 1) * 0x1000, "rw-", Privilege.KERNEL, physical=n * 0x5000) for n in range(3)]
    (region,) = labels.apply(apart, [Label(0, 0x3000, "heap", "heap", "program")])
    assert region.backing == "physical 0x0 and 2 more runs"


@pytest.mark.parametrize("on", ["unikernel", "process"])
def test_the_labels_of_an_image_name_all_of_its_sections(on: str) -> None:
    image = build(HELLO, on)
    symbols = SymbolTable(image.debug)
    names = labels.of_image(symbols, LinkMap.read(image.map))
    kinds = {".text": "text", ".rodata": "read-only data", ".data": "data", ".bss": "bss"}
    for section in symbols.sections():
        covering = [label for label in names if label.start < section.end and section.start < label.end]
        assert min(label.start for label in covering) <= section.start
        assert max(label.end for label in covering) >= section.end
        if section.name in kinds:
            assert kinds[section.name] in {label.kind for label in covering}


def test_a_unikernels_labels_have_the_memory_map_of_its_library_os() -> None:
    image = build(HELLO)
    names = {label.text: label for label in labels.of_image(SymbolTable(image.debug), LinkMap.read(image.map))}
    assert names["null page"] == Label(0, 0x1000, "null page", GUARD, "library OS")
    assert names["main stack"].owner == names["heap"].owner == "program"
    assert {"page tables", "heap", "stack"} <= {label.kind for label in names.values()}
    assert len([label for label in names.values() if label.kind == GUARD]) >= 4
