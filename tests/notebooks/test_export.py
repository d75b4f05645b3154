"""A notebook exported as HTML can be read without a kernel, and shows each picture."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbconvert import HTMLExporter

from tests.notebooks.course import NOTEBOOKS, code_cells, markdown, read
from tests.notebooks.test_stored import _WIDGET


class _Page(HTMLParser):
    """What a reader finds in a page: its images, and the words of its text."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.words: set[str] = set()
        self._apart = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._apart += tag in ("script", "style")
        if tag == "img":
            self.images.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._apart -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._apart:
            self.words |= set(data.split())


def _read(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    return page


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_export_shows_every_picture_and_every_answer(path: Path) -> None:
    notebook = read(path)
    exporter = HTMLExporter(template_name="lab")
    exported, _ = exporter.from_notebook_node(notebook)
    page = _read(exported)

    shown = {image.get("alt"): path.parent / str(image.get("src")) for image in page.images}
    for alternative in re.findall(r"!\[([^\]]*)\]\(", markdown(notebook)):
        assert shown[alternative].is_file(), "a figure stays a link: the page is read beside the notebook"

    outputs = [output.get("data", {}) for cell in code_cells(notebook) for output in cell.outputs]
    forms = [_read(data["text/html"]) for data in outputs if _WIDGET in data]
    drawings = [image.get("src") for form in forms for image in form.images]
    assert drawings and all(str(source).startswith("data:image/svg+xml") for source in drawings)
    assert set(drawings) <= {image.get("src") for image in page.images}
    for form in forms:
        assert form.words <= page.words
