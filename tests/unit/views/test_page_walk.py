from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tests.unit.views.pictures import blocks, check, words
from unilab.errors import CourseError
from unilab.spaces.model import Source
from unilab.spaces.page_walk import Entry, PageWalk
from unilab.views import PageWalkView

NX = 1 << 63
SMALL = PageWalk(
    "hello as a unikernel",
    0x103E1D,
    0x10A000,
    (
        Entry(4, 0x10A000, 0, 0x10B023),
        Entry(3, 0x10B000, 0, 0x10C023),
        Entry(2, 0x10C000, 0, 0x121023),
        Entry(1, 0x121000, 259, 0x103021),
    ),
    0x103E1D,
    4096,
    "r-x",
    False,
)
LARGE = PageWalk(
    "a guest with LA57",
    0xFF11000040200123,
    0x2000,
    (
        Entry(5, 0x2000, 0x111, 0x3003 | 4),
        Entry(4, 0x3000, 0, 0x4007),
        Entry(3, 0x4000, 1, 0x5007),
        Entry(2, 0x5000, 1, 0x60008F | NX),
    ),
    0x600123,
    1 << 21,
    "rw-",
    True,
)
MISSING = PageWalk("a guest", 8, 0x1000, (Entry(4, 0x1000, 0, 0x2003), Entry(3, 0x2000, 0, 0)), None, 0, "", False)
WALKS = pytest.mark.parametrize("walk", [SMALL, LARGE, MISSING], ids=["4 KiB", "LA57, 2 MiB", "missing"])


@WALKS
def test_the_picture_keeps_the_rules_of_all_pictures(walk: PageWalk) -> None:
    view = PageWalkView(walk)
    picture = ElementTree.fromstring(view.svg())
    check(picture)
    steps = [str(number) for number in range(len(walk.entries) + 2)]
    assert list(blocks(picture)) == steps == list(view.get_state()["_details"])
    assert len(view.get_state()["_says"]) == len(steps)


@WALKS
def test_the_bits_of_the_address_are_drawn_in_order(walk: PageWalk) -> None:
    picture = ElementTree.fromstring(PageWalkView(walk).svg())
    address = blocks(picture)["0"]
    digits = "".join(text for text in words(address) if set(text) <= {"0", "1"} and len(text) >= 7)
    assert int(digits, 2) == walk.virtual
    assert len(digits) == 64


def test_each_entry_shows_its_value_and_its_flags() -> None:
    picture = ElementTree.fromstring(PageWalkView(SMALL).svg())
    for number, entry in enumerate(SMALL.entries, 1):
        block = blocks(picture)[str(number)]
        assert f"{entry.value:#018x}" in words(block)
        drawn = {n.get("data-flag"): n.get("data-set") for n in block.iter() if "data-flag" in n.attrib}
        for name, position in {"P": 0, "W": 1, "U": 2, "A": 5, "D": 6, "PS": 7, "G": 8, "NX": 63}.items():
            assert drawn[name] == str(entry.value >> position & 1)


def test_the_right_that_is_lost_is_struck_out_where_it_is_lost() -> None:
    picture = ElementTree.fromstring(PageWalkView(SMALL).svg())
    lost = {
        key: words(node)
        for key, block in blocks(picture).items()
        for node in block.iter()
        if "uv-lost" in node.get("class", "").split()
    }
    assert lost == {"4": ["w"]}


def test_the_table_has_a_line_for_each_step() -> None:
    lines = PageWalkView(LARGE).table().splitlines()
    assert lines[0] == "Page walk of 0xff11_0000_4020_0123 in a guest with LA57 [LIVE]"
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "CR3",
        "PML5, entry 273",
        "PML4, entry 0",
        "page-directory-pointer table, entry 1",
        "page directory, entry 1",
        "physical address",
    ]
    assert "P W U PS NX" in lines[-2]
    assert lines[-1].endswith("page of 2 MiB  0x60_0123  rw-, user and kernel")
    assert "page fault" in PageWalkView(MISSING).table()


def test_it_walks_to_another_address() -> None:
    asked = []

    def walk_to(address: int) -> PageWalk:
        asked.append(address)
        return MISSING

    view = PageWalkView(SMALL, walk_to=walk_to)
    view.step = 5
    view._question = {"walk": "0x8", "number": "1"}
    assert asked == [8]
    assert view.walk is MISSING
    assert view.step == 3
    assert "page fault" in view._answer["says"]
    assert "0x8" in view.get_state()["_picture"]


def test_what_cannot_be_walked_is_said() -> None:
    def ended(address: int) -> PageWalk:
        raise CourseError("the machine has ended", remedy="start another")

    view = PageWalkView(SMALL, walk_to=ended)
    view._question = {"walk": "nonsense", "number": "1"}
    assert "hexadecimal" in view._answer["error"]
    view._question = {"walk": "0x8", "number": "2"}
    assert "the machine has ended" in view._answer["error"]
    assert view.walk is SMALL
    kept = PageWalkView(SMALL)
    assert not kept.get_state()["_can_ask"]
    kept._question = {"walk": "0x8", "number": "3"}
    assert "no machine" in kept._answer["error"]


def test_its_output_is_small() -> None:
    data, _ = PageWalkView(SMALL, task="Which entry?")._repr_mimebundle_()
    assert data["text/plain"].startswith("Which entry?\n\nPage walk of 0x10_3e1d")
    assert len(data["text/html"]) < 60_000


def test_the_picture_says_where_the_tables_come_from() -> None:
    recorded = replace(SMALL, source=Source.RECORDED)
    view = PageWalkView(recorded)
    assert 'data-badge="RECORDED"' in view.svg(theme="light")
    assert "RECORDED" in view.table() and "RECORDED" in view.table_html()
