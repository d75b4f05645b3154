"""What a view of 5,000 regions costs a notebook and a browser: bytes and elements, which are the same on every host."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from unilab.spaces.model import AddressSpace
from unilab.views import AddressSpaceView, show
from unilab.views.layout import arrange, path_to

#: Issue 4: saved notebook output at most 200 KB a view.
_OUTPUT = 200_000
#: A browser lays out so many in a few milliseconds.
_CLOSED, _OPENED = 600, 1500


def test_the_output_of_a_saved_notebook_is_small(thousands: AddressSpace) -> None:
    data, _ = show(thousands, task="Find the stack.")._repr_mimebundle_()
    assert len(json.dumps(data)) <= _OUTPUT / 2


def test_the_output_is_small_however_much_is_open(thousands: AddressSpace) -> None:
    some = [f"0:{key}" for key in path_to(thousands, 2500)]
    opened = {f"0:{block.key}" for block in arrange(thousands).blocks if block.is_group}
    for expanded in (some, sorted(opened)):
        data, _ = AddressSpaceView(thousands, expanded=expanded)._repr_mimebundle_()
        assert len(json.dumps(data)) <= _OUTPUT
    assert "open group" in AddressSpaceView(thousands, expanded=some).static_html()
    assert "open group" not in AddressSpaceView(thousands, expanded=sorted(opened)).static_html()


def test_what_crosses_to_the_browser_is_small(thousands: AddressSpace) -> None:
    view = show(thousands)
    state = {name: value for name, value in view.get_state().items() if name not in ("_esm", "_css")}
    assert len(json.dumps(state, default=str)) <= _OUTPUT / 2


def test_as_many_regions_as_are_listed_singly_fit_too(process_of_table_size: AddressSpace) -> None:
    data, _ = show(process_of_table_size)._repr_mimebundle_()
    assert len(json.dumps(data)) <= _OUTPUT
    assert data["text/plain"].count("\n0x") == len(process_of_table_size.regions)


def test_the_picture_has_few_elements_however_much_is_open(thousands: AddressSpace) -> None:
    view = show(thousands)
    assert sum(1 for _ in ElementTree.fromstring(view.svg()).iter()) <= _CLOSED
    view.expanded = [f"0:{key}" for key in path_to(thousands, 2500)]
    assert len(view.expanded) >= 2
    assert sum(1 for _ in ElementTree.fromstring(view.svg()).iter()) <= _OPENED


def test_the_short_table_says_that_it_is_short_and_adds_up(thousands: AddressSpace) -> None:
    view = show(thousands)
    text = view.static_text()
    blocks = arrange(thousands).blocks
    assert f"5000 regions, {len(blocks)} rows" in text
    assert text.count("\n0x") == len(blocks)
    assert view.table().count("\n0x") == len(thousands.regions)
    rows = ElementTree.fromstring(f"<all>{view.table_html()}</all>").findall(".//tbody/tr")
    groups = [row.get("data-group", "") for row in rows if row.get("data-group")]
    assert groups == [f"0:{block.key}" for block in blocks if block.is_group]


def test_opening_a_group_gives_its_members_rows(thousands: AddressSpace) -> None:
    view = show(thousands)
    group = next(block for block in arrange(thousands).blocks if block.is_group)
    before = view.table_html().count("<tr")
    view.expanded = [f"0:{group.key}"]
    assert f'data-group="0:{group.key}" data-open="true"' in view.get_state()["_table"]
    assert view.table_html().count("<tr") > before


def test_any_region_is_found_and_opened_to(thousands: AddressSpace) -> None:
    view = show(thousands)
    region = thousands.regions[3210]
    view._question = {"find": hex(region.start + 5), "number": "1"}
    assert view._answer == {"selected": "0:3210", "number": "1"}
    assert 'data-block="0:3210"' in view.get_state()["_picture"]
    assert "0:3210" in view.get_state()["_details"]
