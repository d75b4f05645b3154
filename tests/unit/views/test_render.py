from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from unilab.spaces.model import AddressSpace, Privilege, Region, Source
from unilab.views.drawing import fit, text_width
from unilab.views.layout import arrange
from unilab.views.render import svg

SVG = "{http://www.w3.org/2000/svg}"


def draw(*spaces: AddressSpace, **options: object) -> Element:
    return ElementTree.fromstring(svg(spaces, **options))  # type: ignore[arg-type]


def with_role(picture: Element, role: str) -> list[Element]:
    return [node for node in picture.iter() if node.get("role") == role]


def words(node: Element) -> list[str]:
    return ["".join(text.itertext()) for text in node.iter(f"{SVG}text")]


def group_keys(space: AddressSpace) -> set[str]:
    return {block.key for block in arrange(space).blocks if block.is_group}


@pytest.fixture
def pictures(process: AddressSpace, unikernel: AddressSpace, crowded: AddressSpace) -> list[Element]:
    """None, one, two and three columns, with open groups."""
    empty = AddressSpace("nothing", ())
    return [
        draw(),
        draw(empty),
        draw(process, unikernel),
        draw(crowded, process, empty, expanded=[group_keys(crowded)]),
    ]


def test_no_element_has_an_id_or_refers_to_anything_outside(pictures: list[Element]) -> None:
    for picture in pictures:
        for node in picture.iter():
            assert not {"id", "href", "src"} & {name.rpartition("}")[2] for name in node.attrib}
            assert node.tag != f"{SVG}script"
        assert not re.search(r"url\(|@import|http", "".join(picture.itertext()))


def test_the_same_spaces_give_the_same_picture(process: AddressSpace, crowded: AddressSpace) -> None:
    keys = [set(), group_keys(crowded)]
    assert svg([process, crowded], expanded=keys) == svg([process, crowded], expanded=keys)


def test_what_is_drawn_stays_on_the_paper(pictures: list[Element]) -> None:
    for picture in pictures:
        width, height = float(picture.get("width", "")), float(picture.get("height", ""))
        for node in picture.iter():
            if "x" in node.attrib:
                assert 0 <= float(node.get("x", "")) + float(node.get("width", "0")) <= width
                assert 0 <= float(node.get("y", "")) + float(node.get("height", "0")) <= height


def test_text_is_cut_before_it_leaves_its_column(process: AddressSpace) -> None:
    long = "w" * 200
    regions = tuple(replace(region, label=long, owner=long) for region in process.regions)
    picture = draw(replace(process, name=long, origin=long, regions=regions))
    width = float(picture.get("width", ""))
    for text in picture.iter(f"{SVG}text"):
        line = "".join(text.itertext())
        if text.get("text-anchor") is None and "www" in line:
            assert line.endswith("…")
            assert float(text.get("x", "")) + text_width(line, 11) <= width


def test_every_block_says_what_it_is(process: AddressSpace) -> None:
    [tree] = with_role(draw(process), "tree")
    assert tree.get("aria-label") == "hello as a process: 6 regions in 6 blocks, high addresses on top"
    items = with_role(tree, "treeitem")
    assert [item.get("data-block") for item in items] == [f"0:{i}" for i in reversed(range(6))]
    stack = items[1]
    assert (stack.get("data-start"), stack.get("data-end")) == ("0x7ffc00000000", "0x7ffc00021000")
    assert stack.get("aria-label") == "main stack, rw-, 132 KiB, 0x7ffc_0000_0000 to 0x7ffc_0002_1000, user"
    assert stack.findtext(f"{SVG}title") == stack.get("aria-label")
    assert {"rw-", "132 KiB"} <= set(words(stack))


def test_a_closed_group_says_so_and_an_open_one_contains_its_members(crowded: AddressSpace) -> None:
    closed = next(item for item in with_role(draw(crowded), "treeitem") if item.get("aria-expanded") == "false")
    key = closed.get("data-block", "").partition(":")[2]
    first, last = (int(index) for index in key.split("-"))
    assert f"closed group of {last - first + 1} mappings" in closed.get("aria-label", "")

    picture = draw(crowded, expanded=[{key}])
    opened = next(item for item in with_role(picture, "treeitem") if item.get("aria-expanded") == "true")
    assert opened.get("data-block") == f"0:{key}"
    [group] = with_role(opened, "group")
    assert [item.get("data-block") for item in with_role(group, "treeitem")] == [
        f"0:{i}" for i in reversed(range(first, last + 1))
    ]


def test_tree_items_are_in_a_tree_or_in_the_group_of_an_open_item(pictures: list[Element]) -> None:
    for picture in pictures:
        parents = {child: parent for parent in picture.iter() for child in parent}
        assert picture.get("role") == "group"
        for item in with_role(picture, "treeitem"):
            holder = parents[item]
            assert holder.get("role") in ("tree", "group")
            if holder.get("role") == "group":
                assert parents[holder].get("aria-expanded") == "true"


def test_privilege_is_said_and_drawn(process: AddressSpace, unikernel: AddressSpace) -> None:
    for space, privilege in ((process, "user"), (unikernel, "kernel")):
        for item in with_role(draw(space), "treeitem"):
            assert f"uv-{privilege}" in item.get("class", "").split()
            assert item.get("aria-label", "").endswith(privilege)


def test_a_group_of_both_privileges_says_both(crowded: AddressSpace) -> None:
    regions = [
        replace(r, privilege=Privilege.KERNEL if i % 2 else Privilege.USER) for i, r in enumerate(crowded.regions)
    ]
    picture = draw(replace(crowded, regions=tuple(regions)))
    closed = [item for item in with_role(picture, "treeitem") if item.get("aria-expanded") == "false"]
    assert closed
    for item in closed:
        assert item.get("aria-label", "").endswith(("user and kernel", "kernel and user"))


@pytest.mark.parametrize("source", Source)
def test_a_badge_says_where_the_space_comes_from(process: AddressSpace, source: Source) -> None:
    picture = draw(replace(process, source=source, origin="here"))
    [badge] = [node for node in picture.iter() if "data-badge" in node.attrib]
    assert badge.get("data-badge") == source
    assert words(badge) == [source]
    assert "here" in words(picture)


def test_gaps_are_told_with_their_size(process: AddressSpace) -> None:
    gaps = [node for node in draw(process).iter() if node.get("class") == "uv-gap"]
    assert [gap.findtext(f"{SVG}title") for gap in gaps] == [
        "unmapped, 10 MiB",
        "unmapped, 128 TiB, non-canonical hole",
        "unmapped, 128 TiB",
        "unmapped, 524 MiB",
        "unmapped, 4 MiB, null page included",
    ]
    assert (gaps[-1].get("data-start"), gaps[-1].get("data-end")) == ("0x0", "0x400000")


def test_each_edge_has_one_address_mark(crowded: AddressSpace) -> None:
    for opened in (set(), group_keys(crowded)):
        picture = draw(crowded, expanded=[opened])
        marks = ["".join(t.itertext()) for t in picture.iter(f"{SVG}text") if t.get("class") == "uv-address"]
        assert len(marks) == len(set(marks))
        assert {"0x0", "0x7ffc_0000_0000", "0x7ffc_0002_1000"} <= set(marks)


def test_the_legend_has_just_what_occurs(process: AddressSpace, unikernel: AddressSpace) -> None:
    def entries(*spaces: AddressSpace) -> list[str | None]:
        return [node.get("data-legend") for node in draw(*spaces).iter() if "data-legend" in node.attrib]

    assert entries(process) == ["rx", "r", "rw", "user"]
    assert entries(process, unikernel) == ["rx", "r", "rw", "none", "user", "kernel"]
    assert entries(AddressSpace("bad", (Region(0, 4096, "rwx"),))) == ["rwx", "user"]
    assert entries() == []


def test_the_legend_spells_the_permissions_that_occur(process: AddressSpace) -> None:
    [legend] = [node for node in draw(process).iter() if node.get("class") == "uv-legend"]
    assert words(legend)[0] == "r-x, --x  execute: code"


def test_names_are_escaped() -> None:
    odd = "<b>&\"'</title>"
    picture = draw(AddressSpace(odd, (Region(0, 4096, "r--", label=odd),), origin=odd))
    assert picture.get("aria-label") == f"Map of {odd}"
    [item] = with_role(picture, "treeitem")
    assert item.get("aria-label", "").startswith(odd)
    assert odd in words(item)


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_every_theme_brings_its_style(process: AddressSpace, theme: str) -> None:
    style = draw(process, theme=theme).findtext(f"{SVG}style", "")
    assert ".uv-fill-rw" in style
    assert ("var(" in style) == (theme == "auto")


def test_fit_shortens_only_what_is_too_long() -> None:
    assert fit("main stack", 200, 12) == "main stack"
    short = fit("a rather long label", 60, 12)
    assert short.endswith("…")
    assert "a rather long label".startswith(short[:-1])
    assert text_width(short, 12) <= 60
    assert fit("main stack", 0, 12) == ""


def test_wide_characters_take_more_room() -> None:
    assert text_width("漢字", 10) == 20
    assert text_width("ill", 10) < text_width("abc", 10) < text_width("www", 10)
