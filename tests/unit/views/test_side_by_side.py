from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from tests.unit.views.pictures import blocks, check
from tests.unit.views.spaces import process_of
from unilab.spaces.model import AddressSpace, Mark
from unilab.views import SideBySide, side_by_side
from unilab.views.side_by_side_drawing import thing_names


@pytest.fixture
def marked(process: AddressSpace, unikernel: AddressSpace) -> list[AddressSpace]:
    """As a process, as a unikernel, and in between one whose symbols nobody knows."""
    return [
        replace(process, marks=(Mark("main", 0x401010, "main"), Mark("printf", 0x402000, "printf"))),
        replace(process, name="an unknown one"),
        replace(
            unikernel,
            marks=(
                Mark("main", 0x103010, "main"),
                Mark("printf", 0x104000, "printf"),
                Mark("write service", 0x105000, "libos_sys_writev"),
            ),
        ),
    ]


def links(picture: Element) -> list[str]:
    return [node.get("data-link", "") for node in picture.iter() if "data-link" in node.attrib]


def test_the_picture_keeps_the_rules_of_all_pictures(marked: list[AddressSpace], thousands: AddressSpace) -> None:
    for spaces in ([], marked[:1], marked, [*marked, thousands, thousands]):
        check(ElementTree.fromstring(side_by_side(*spaces).svg()))


def test_same_named_things_are_linked_from_column_to_column(marked: list[AddressSpace]) -> None:
    picture = ElementTree.fromstring(side_by_side(*marked).svg())
    # main and printf pass over the column that has neither; the write service is in one column only.
    assert sorted(links(picture)) == ["heap", "main", "printf", "stack", "stack"]
    far = [node.get("data-link") for node in picture.iter() if "uv-link-far" in node.get("class", "").split()]
    assert sorted(filter(None, far)) == ["main", "printf"]
    main = next(node for node in picture.iter() if node.get("data-link") == "main")
    assert main.get("data-rings") == "user|kernel"


def test_a_thing_has_its_shape_and_colour_whatever_else_is_shown(marked: list[AddressSpace]) -> None:
    def look(picture: Element) -> str:
        node = blocks(picture)["0:mark-main"]
        return next(
            each.get("d", "") + each.get("class", "") for each in node.iter() if "uv-shape" in each.get("class", "")
        )

    alone, together = (ElementTree.fromstring(side_by_side(*spaces).svg()) for spaces in (marked[:1], marked))
    assert look(alone) == look(together)


def test_marks_say_what_they_are_called_where(marked: list[AddressSpace]) -> None:
    found = blocks(ElementTree.fromstring(side_by_side(*marked).svg()))
    label = found["2:mark-write service"].get("aria-label")
    assert label == "write service, libos_sys_writev at 0x10_5000, kernel, program"
    assert found["2:mark-write service"].get("data-thing") == "write service"


def test_details_are_those_of_the_blocks_and_of_the_things(marked: list[AddressSpace]) -> None:
    view = side_by_side(*marked)
    details = view.get_state()["_details"]
    drawn = blocks(ElementTree.fromstring(view.svg()))
    assert {key for key in drawn if ":mark-" not in key} == {key for key in details if not key.startswith("thing:")}
    assert details["thing:main"] == {
        "linked": "main",
        "hello as a process": "main at 0x40_1010, user",
        "an unknown one": "not visible",
        "hello as a unikernel": "main at 0x10_3010, kernel",
    }


def test_the_tool_bar_has_what_occurs(marked: list[AddressSpace]) -> None:
    state = side_by_side(*marked).get_state()
    assert state["_things"] == thing_names(marked) == ["main", "printf", "write service", "heap", "stack"]
    assert state["_rings"] == ["user", "kernel"]
    assert state["_owners"][-1] == "not known"
    assert set(state["_owners"]) == {"program", "kernel", "library OS", "not known"}


def test_the_tables_say_the_same(marked: list[AddressSpace]) -> None:
    view = side_by_side(*marked)
    lines = view.table().splitlines()
    write = next(line for line in lines if line.startswith("write service"))
    assert write.split("  ")[-1].strip() == "libos_sys_writev at 0x10_5000, kernel"
    assert write.count("not visible") == 2
    kernel = next(line for line in lines if line.startswith("kernel ring"))
    assert "6 regions" in kernel
    cells = ["".join(cell.itertext()) for cell in ElementTree.fromstring(f"<all>{view.table_html()}</all>").iter("td")]
    assert "libos_sys_writev at 0x10_5000, kernel" in cells


def test_five_large_spaces_fit_into_a_saved_notebook(marked: list[AddressSpace]) -> None:
    spaces = [replace(process_of(count), marks=marked[0].marks) for count in (12, 12, 150, 5000, 5000)]
    data, _ = side_by_side(*spaces, task="Follow main.")._repr_mimebundle_()
    assert len(json.dumps(data)) <= 200_000
    state = side_by_side(*spaces).get_state()
    assert len(json.dumps({k: v for k, v in state.items() if k not in ("_esm", "_css")}, default=str)) <= 250_000


def test_a_name_can_hold_anything(process: AddressSpace) -> None:
    odd = "<b>&\"'|:"
    regions = tuple(replace(region, label=odd, owner=odd) for region in process.regions)
    view = SideBySide(replace(process, name=odd, regions=regions, marks=(Mark(odd, 0x401010, odd),)))
    picture = ElementTree.fromstring(view.svg())
    check(picture)
    assert blocks(picture)[f"0:mark-{odd}"].get("data-thing") == odd
    assert "<b>" not in view.static_html()
