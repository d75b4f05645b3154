from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from unilab.errors import CourseError
from unilab.spaces.model import AddressSpace
from unilab.views import AddressSpaceView, region_details, show
from unilab.views.layout import arrange


def numbers(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield value


def a_group(space: AddressSpace) -> str:
    return next(block.key for block in arrange(space).blocks if block.is_group)


def test_show_makes_a_view_of_plain_values(process: AddressSpace, unikernel: AddressSpace) -> None:
    view = show(process, unikernel, task="Find the stack.", height=500)
    assert view.spaces == (process, unikernel)
    assert (view.task, view.height) == ("Find the stack.", 500)
    assert (view.selected, view.expanded, view.locked) == ("", [], False)


def test_addresses_cross_to_the_browser_as_text(unikernel: AddressSpace, crowded: AddressSpace) -> None:
    view = show(unikernel, crowded)
    state = json.loads(json.dumps(view.get_state()))
    assert "0xffff_ff00_0000_0000" in json.dumps(state)
    assert max(numbers(state)) < 2**31


def test_details_belong_to_the_blocks_on_show(process: AddressSpace, crowded: AddressSpace) -> None:
    view = show(process, crowded)
    state = view.get_state()
    drawn = ElementTree.fromstring(state["_picture"])
    assert state["_details"].keys() == {node.get("data-block") for node in drawn.iter() if "data-block" in node.attrib}
    assert state["_details"]["0:4"] == region_details(process.regions[4])


def test_expanding_redraws_picture_and_details(crowded: AddressSpace) -> None:
    view = show(crowded)
    key = a_group(crowded)
    first = key.split("-")[0]
    before = view.get_state()["_picture"]
    assert f"0:{first}" not in view.get_state()["_details"]
    view.expanded = [f"0:{key}"]
    assert view.get_state()["_picture"] != before
    assert f"0:{first}" in view.get_state()["_details"]
    assert view.svg() == view.get_state()["_picture"]
    view.expanded = []
    assert view.get_state()["_picture"] == before


@pytest.mark.parametrize("key", ["", "0", "7:1-2", "x:1-2", "-1:1-2", "0:nonsense"])
def test_unknown_groups_are_ignored(crowded: AddressSpace, key: str) -> None:
    view = show(crowded)
    before = view.svg()
    view.expanded = [key]
    assert view.svg() == before


def test_other_values_can_take_the_place(process: AddressSpace, crowded: AddressSpace) -> None:
    view = AddressSpaceView(crowded, expanded=[f"0:{a_group(crowded)}"], selected="0:5")
    assert 'aria-expanded="true"' in view.svg()
    view.show(process)
    assert view.spaces == (process,)
    assert (view.selected, view.expanded) == ("", [])
    assert "hello as a process" in view.get_state()["_picture"]
    assert "hello as a process" in view.get_state()["_table"]


def test_the_picture_is_saved_as_svg(process: AddressSpace, tmp_path: Path) -> None:
    path = show(process).save(tmp_path / "map.svg", theme="dark")
    assert path == tmp_path / "map.svg"
    assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(" not in path.read_text(encoding="utf-8")


def test_only_svg_is_saved(process: AddressSpace, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"map\.png.*\n.*\.svg"):
        show(process).save(str(tmp_path / "map.png"))
    assert not list(tmp_path.iterdir())


def test_a_notebook_gets_the_widget_and_both_static_forms(process: AddressSpace) -> None:
    view = show(process, task="Find the stack.")
    data, _ = view._repr_mimebundle_()
    assert data.keys() == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert data["text/html"] == view.static_html()
    assert data["text/plain"] == f"Find the stack.\n\n{view.table()}"


def test_the_html_form_holds_picture_and_table(process: AddressSpace) -> None:
    view = show(process, task="<What> & where?")
    form = ElementTree.fromstring(view.static_html())
    assert form.findtext("p") == "<What> & where?"
    image = form.find("img")
    assert image is not None
    assert image.get("alt") == "Map of hello as a process; the table below says the same"
    kind, _, data = image.get("src", "").partition(",")
    assert kind == "data:image/svg+xml"
    assert unquote(data) == view.svg(theme="light")
    assert len(list(form.iterfind("details/table/tbody/tr"))) == 11
    assert not list(form.iter("script"))


def test_a_locked_view_still_has_its_static_forms(process: AddressSpace) -> None:
    view = show(process)
    view.locked = True
    assert "<table" in view.static_html()
    assert "main stack" in view.static_text()


def test_no_space_at_all_can_be_shown() -> None:
    view = show()
    assert ElementTree.fromstring(view.svg()).get("aria-label") == "Map of no address space"
    assert view.table() == ""
