"""The bytes of images: areas, pictures, tables and a widget."""

from __future__ import annotations

import itertools
import json
from xml.etree import ElementTree

import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.views import pictures
from unilab.errors import CourseError
from unilab.spaces.image_map import ImageMap, Piece
from unilab.spaces.model import Source
from unilab.views import ImageMapView
from unilab.views.image_map_drawing import LOOKS, one, share, svg
from unilab.views.image_map_layout import HEIGHT, WIDTH, area, boxes
from unilab.views.theme import DARK, LIGHT, contrast, mix

LARGE = ImageMap(
    "server",
    (
        Piece("program", "program.o", 4000),
        Piece("C library", "vfprintf.o", 8000),
        Piece("C library", "strlen.o", 6),
        Piece("C library", "memcpy.o", 4),
        Piece("library OS: posix", "posix/socket.c", 20_000),
        Piece("library OS: net", "net/tcp.c", 30_000),
        Piece("shared constants", "shared constants", 900),
    ),
    Source.MODEL,
    "nowhere",
)
SMALL = ImageMap("<hello>", (Piece("program", "program.o", 100), Piece("C library", "vfprintf.o", 8000)), Source.MODEL)

_SIZES = st.lists(st.integers(1, 40_000), min_size=1, max_size=40)


def image(sizes: list[int]) -> ImageMap:
    groups = itertools.cycle(LOOKS)
    return ImageMap("made", tuple(Piece(next(groups), f"{i}.o", size) for i, size in enumerate(sizes)))


@given(_SIZES, st.integers(0, 200_000))
def test_areas_are_bytes_and_nothing_overlaps(sizes: list[int], more: int) -> None:
    made = image(sizes)
    largest = made.size + more
    width, height = area(made.size, largest)
    scale = WIDTH * HEIGHT / largest
    found = boxes(made, largest)
    assert sum(box.size for box in found) == made.size
    assert sorted(p.key for box in found for p in box.pieces) == sorted(p.key for p in made.pieces)
    for box in found:
        assert box.width * box.height == pytest.approx(box.size * scale, rel=1e-6, abs=1e-6)
        assert box.x >= -1e-6 and box.x + box.width <= width + 1e-6
        assert box.y >= -1e-6 and box.y + box.height <= height + 1e-6
    for a, b in itertools.combinations(found, 2):
        across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
        down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
        assert across < 1e-6 or down < 1e-6, (a, b)


def test_what_is_half_as_large_has_half_the_area() -> None:
    width, height = area(LARGE.size // 2, LARGE.size)
    assert width * height == pytest.approx(WIDTH * HEIGHT / 2, rel=1e-3)


def test_what_is_small_shares_a_box_that_says_so() -> None:
    (small,) = [box for box in boxes(LARGE, LARGE.size) if len(box.pieces) > 1]
    assert (small.name, small.size) == ("2 small files", 10)


def test_the_library_os_is_on_the_right() -> None:
    found = boxes(LARGE, LARGE.size)
    left = [box.x + box.width for box in found if not box.group.startswith("library OS")]
    assert max(left) <= min(box.x for box in found if box.group.startswith("library OS")) + 1e-6


@given(_SIZES)
def test_pictures_keep_to_the_paper(sizes: list[int]) -> None:
    for picture in (svg([image(sizes), SMALL]), one([image(sizes), SMALL], 1)):
        pictures.check(ElementTree.fromstring(picture))


def test_every_box_can_be_chosen_and_is_told() -> None:
    view = ImageMapView(LARGE, SMALL, task="What goes?")
    state = view.get_state()
    drawn = [
        {n.get("data-item") for n in ElementTree.fromstring(p).iter() if "data-item" in n.attrib}
        for p in state["_pictures"]
    ]
    assert drawn[0] | drawn[1] == state["_details"].keys()
    assert "net/tcp.c" in " ".join(map(str, drawn[0])) and "net/tcp.c" not in " ".join(map(str, drawn[1]))
    details = state["_details"]["library OS: net/net/tcp.c"]
    assert details == {
        "object": "net/tcp.c",
        "whose": "library OS: net",
        "in server": f"30,000 bytes, {share(30_000, LARGE.size)}",
        "in <hello>": "not there",
    }


def test_a_step_is_one_of_those_there_are() -> None:
    view = ImageMapView(LARGE, SMALL)
    view.step = 7
    assert view.step == 1
    view.step = -1
    assert view.step == 0
    with pytest.raises(traitlets.TraitError):
        view.step = "x"


def test_tables_add_up_and_are_no_markup() -> None:
    view = ImageMapView(LARGE, SMALL, task="What goes?")
    lines = [line.split() for line in view.table().splitlines()]
    assert lines[0] == ["bytes", "of", "server", "<hello>"] and lines[-1] == ["all", "62,910", "8,100"]
    assert ["net/tcp.c", "30,000"] in lines
    kept = view.static_text()
    assert kept.startswith("What goes?\n\n") and "net/tcp.c" not in kept and "library OS: net" in kept
    data, _ = view._repr_mimebundle_()
    assert "<hello>" not in data["text/html"] and len(json.dumps(data)) < 100_000


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_words_can_be_read_on_every_box(palette) -> None:  # type: ignore[no-untyped-def]
    for colour in palette.links:
        ground = mix(colour, palette.paper, 0.2)
        assert contrast(palette.ink, ground) >= 4.5 and contrast(palette.muted, ground) >= 4.5


def test_groups_look_different() -> None:
    assert len(set(LOOKS.values())) == len(LOOKS)


def test_no_image_is_an_error() -> None:
    with pytest.raises(CourseError, match="no image"):
        ImageMapView()
