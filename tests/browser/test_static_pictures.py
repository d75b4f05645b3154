"""The pictures that notebooks keep: readable in an export, on a light page and on a dark one, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import BrowserContext, Page

from tests.browser import axe, looks
from tests.notebooks.course import NOTEBOOKS
from unilab.views.theme import LIGHT

_DATA = "data:image/svg+xml,"


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    chosen: Path = request.param
    return chosen


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    page.route("**/*", lambda way: way.continue_() if way.request.url.startswith(("file:", "data:")) else way.abort())
    yield page
    page.close()


def _open(page: Page, path: Path, folder: Path, theme: str) -> None:
    file = folder / f"{theme}.html"
    file.write_text(HTMLExporter(theme=theme).from_filename(str(path))[0], encoding="utf-8")
    page.goto(file.as_uri())


def test_no_word_of_a_picture_is_cut_off_covered_or_faint(page: Page, path: Path, tmp_path: Path) -> None:
    _open(page, path, tmp_path, "light")
    pictures = [unquote(str(image.get_attribute("src"))) for image in page.locator(".uv-static img").all()]
    assert pictures
    for number, picture in enumerate(pictures):
        # An <img> cannot be looked into: the same markup as a part of the page can.
        page.set_content(f'<main style="width: 1200px">{picture.removeprefix(_DATA)}</main>')
        assert page.locator("svg text").count() > 3
        assert [f"picture {number}: {each}" for each in looks.faults(page.locator("main"))] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_export_shows_them_on_paper_of_their_own(page: Page, path: Path, tmp_path: Path, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    _open(page, path, tmp_path, theme)
    images = page.locator(".uv-static img").all()
    for image in images:
        paper = re.search(r"\.uv-paper \{ fill: (#\w+);", unquote(str(image.get_attribute("src"))))
        assert paper and paper[1] == LIGHT.paper
    for width in looks.WIDTHS:
        page.set_viewport_size({"width": width, "height": 1000})
        # Nothing makes the page wider than the window; what is wider scrolls in a box of its own.
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
        for image in images:
            assert image.evaluate("node => node.getBoundingClientRect().right <= window.innerWidth")
    shown = page.locator(".uv-static, .uv-code, .uv-source").all()
    assert shown
    for each in shown[:6]:
        assert axe.violations(page, each) == []
