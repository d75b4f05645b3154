"""What must hold for every picture."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

SVG = "{http://www.w3.org/2000/svg}"


def check(picture: Element) -> None:
    """No ids, nothing from outside, nothing off the paper, and whatever can be focused has a role and a name."""
    width, height = float(picture.get("width", "")), float(picture.get("height", ""))
    for node in picture.iter():
        assert not {"id", "href", "src"} & {name.rpartition("}")[2] for name in node.attrib}
        assert node.tag != f"{SVG}script"
        if "x" in node.attrib:
            assert 0 <= float(node.get("x", "")) + float(node.get("width", "0")) <= width
            assert 0 <= float(node.get("y", "")) + float(node.get("height", "0")) <= height
        if "tabindex" in node.attrib:
            assert node.get("role") and node.get("aria-label")
    assert not re.search(r"url\(|@import|http", "".join(picture.itertext()))


def blocks(picture: Element) -> dict[str, Element]:
    """What can be selected, by its key."""
    return {node.get("data-block", ""): node for node in picture.iter() if "data-block" in node.attrib}


def words(node: Element) -> list[str]:
    """The lines of text in it."""
    return ["".join(text.itertext()) for text in node.iter(f"{SVG}text")]
