"""Every figure in images/ is what its source says, and has a text alternative."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

_IMAGES = Path(__file__).resolve().parents[2] / "images"
_SOURCES = sorted(_IMAGES.glob("*.dot"))
_SVG = "{http://www.w3.org/2000/svg}"


def _content(svg: str) -> list[tuple[str, ...]]:
    """What a figure shows, in its order, without coordinates: these differ from one graphviz to the next."""
    shown: list[tuple[str, ...]] = []
    for element in ElementTree.fromstring(svg).iter():
        if element.tag in (f"{_SVG}title", f"{_SVG}text"):
            shown.append((element.tag.removeprefix(_SVG), element.text or ""))
        elif element.tag in (f"{_SVG}path", f"{_SVG}polygon"):
            shown.append((element.get("fill", ""), element.get("stroke", ""), element.get("stroke-dasharray", "")))
    return shown


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: path.stem)
def test_svg_is_rendered_from_its_source(source: Path) -> None:
    dot = shutil.which("dot")
    assert dot, "graphviz is missing: ./course doctor names the command"
    rendered = subprocess.run([dot, "-Tsvg", source], capture_output=True, text=True, check=True).stdout
    stored = source.with_suffix(".svg").read_text()
    assert _content(stored) == _content(rendered), f"render it: dot -Tsvg {source.name} -o {source.stem}.svg"


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: path.stem)
def test_figure_has_a_text_alternative_that_names_what_it_shows(source: Path) -> None:
    alternative = source.with_suffix(".alt.txt").read_text()
    assert 20 <= len(alternative.split()) <= 120
    words = set(re.findall(r"\w+", source.read_text().lower()))
    assert len(words & set(re.findall(r"\w+", alternative.lower()))) >= 10


def test_every_figure_has_a_source() -> None:
    assert {path.stem for path in _IMAGES.glob("*.svg")} == {path.stem for path in _SOURCES}
