"""Source, diffs and explanations in a page: light and dark, by keyboard, without a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser import axe
from unilab.learn.explain import Explanation
from unilab.views import show
from unilab.views.source import DiffView

_PAGE = (
    '<!doctype html><html lang="en"><title>source</title><body data-jp-theme-light="{light}" '
    'style="background: {paper}; color: {ink}; --jp-ui-font-color0: {ink}; --jp-layout-color1: {paper}">'
    "<main>{body}</main>"
)
_THEMES = {"light": ("true", "#ffffff", "#1b1f24"), "dark": ("false", "#111111", "#eef1f4")}


@pytest.fixture(params=list(_THEMES))
def page(request: pytest.FixtureRequest, context: BrowserContext) -> Iterator[Page]:
    light, paper, ink = _THEMES[request.param]
    text = show.source("pvh_start").text
    explanation = Explanation("A triple fault.", (("Where", "here"), ("Page tables", "a\nb")), ("this",))
    shown = (
        show.source("pvh_start"),
        DiffView("x.S", text, text.replace("wrmsr", "nop"), "x.S", "a note"),
        explanation,
    )
    opened = context.new_page()
    body = "".join(each._repr_html_() for each in shown)
    opened.set_content(_PAGE.format(light=light, paper=paper, ink=ink, body=body))
    yield opened
    opened.close()


def test_nothing_in_it_keeps_anybody_out(page: Page) -> None:
    assert axe.violations(page, page.locator("main"), at_least=6) == []


def test_what_does_not_fit_scrolls_by_keyboard(page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 800})
    code = page.locator(".uv-source pre").first
    assert code.evaluate("node => node.scrollWidth > node.clientWidth")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert code.evaluate("node => node === document.activeElement")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("node => node.scrollLeft > 0", arg=code.element_handle())
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
