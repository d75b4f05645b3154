"""Whether what looks.py looks for is found: each fault on a page made by hand, where nothing else is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser import looks
from unilab.views import drawing

_FAULTS = {
    'lies over "one text"': '<text x="10" y="20">one text</text><text x="20" y="22">another</text>',
    "cut off at the picture's edge": '<text x="270" y="20">a very long text</text>',
    "contrast of 1": '<rect width="100" height="50" fill="#777"/><text x="10" y="20" style="fill: #888">grey</text>',
    "contrast of 2": '<g opacity=".4"><text x="10" y="20">faint</text></g>',
    "sticks out of its block": '<g data-item="1"><rect class="uv-ring" x="5" y="5" width="30" height="20"/>'
    '<text x="10" y="20">sticks out</text></g>',
    "has no name": '<g tabindex="0"><text x="10" y="20">text</text></g>',
    "is wider than its view": '</svg><div style="width: 700px">wide</div><svg>',
    "hides part of": '</svg><div style="width: 20px; overflow: hidden; white-space: nowrap">a long line</div><svg>',
}


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    yield page
    page.close()


def _show(page: Page, body: str) -> list[str]:
    picture = drawing.page("a picture", 300, 200, body, theme="light")
    page.set_content(f'<div style="width: 600px"><div id="view">{picture}</div></div>')
    return looks.faults(page.locator("#view"))


def test_nothing_is_found_where_nothing_is_wrong(page: Page) -> None:
    body = '<rect width="100" height="50" fill="#000"/><text x="10" y="20" style="fill: #fff">white</text>'
    assert _show(page, body + '<text x="10" y="80">black</text>') == []


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_fault_is_found(page: Page, fault: str) -> None:
    found = _show(page, _FAULTS[fault])
    assert len(found) == 1 and re.search(re.escape(fault), found[0])


def test_a_view_has_other_room_only_meanwhile(page: Page) -> None:
    _show(page, "")
    assert looks.faults_at(page.locator("#view"), 100) == []  # a picture may be scrolled to
    assert page.locator("#view").evaluate("node => node.clientWidth") == 600
