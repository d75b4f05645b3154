"""Images as maps of bytes, and code beside code, in a real JupyterLab: by keyboard, by axe, light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import violations
from tests.browser.conftest import OpenNotebook

_NOTEBOOK = "07-libc-without-a-border.ipynb"
_IMAGES = ["httpd", "printf", "puts", "write", "nothing"]


@pytest.fixture(scope="module")
def notebook(open_for_module: Callable[..., OpenNotebook]) -> OpenNotebook:
    opened = open_for_module(_NOTEBOOK)
    opened.run_all()
    for skip in opened.page.locator(".ul-predict [data-action=skip]").all():
        if skip.is_visible():
            skip.click()
    return opened


@pytest.fixture
def view(notebook: OpenNotebook) -> Locator:
    view = notebook.page.locator(".uv-view-image-map")
    expect(view).to_have_attribute("data-ready", "true")
    view.scroll_into_view_if_needed()
    return view


def test_images_follow_each_other_and_the_choice_stays(notebook: OpenNotebook, view: Locator) -> None:
    press = notebook.page.keyboard.press
    chosen = "C library/vfprintf.o"
    view.locator(f'[data-item="{chosen}"]').click()
    expect(view).to_have_attribute("data-selected", chosen)
    notebook.page.mouse.move(0, 0)  # what is under the pointer has its details shown
    expect(view.locator("dd[data-field='in nothing']")).to_have_text("not there")
    press("PageDown")
    expect(view).to_have_attribute("data-step", "1")
    expect(view.locator("[data-action=step-1]")).to_have_attribute("aria-pressed", "true")
    expect(view.locator(f'[data-item="{chosen}"]')).to_be_focused()
    press("PageDown")
    expect(view).to_have_attribute("data-step", "2")
    # It is not in this one: the view says so, and still knows what was chosen.
    expect(view.locator(f'[data-item="{chosen}"]')).to_have_count(0)
    expect(view.get_by_role("status").last).to_have_text("puts: vfprintf.o is not there")
    expect(view.locator("dd[data-field=object]")).to_have_text("vfprintf.o")
    press("PageUp")
    expect(view.locator(f'[data-item="{chosen}"][aria-selected=true]')).to_be_visible()


def test_every_box_is_reached_by_the_arrow_keys(notebook: OpenNotebook, view: Locator) -> None:
    press = notebook.page.keyboard.press
    view.locator("[data-action=step-4]").click()
    expect(view).to_have_attribute("data-step", "4")
    items = view.locator("[data-item]")
    items.first.click()
    keys = [str(item.get_attribute("data-item")) for item in items.all()]
    for key in [*keys[1:], keys[0]]:
        press("ArrowRight")
        expect(view).to_have_attribute("data-selected", key)
    groups = view.locator('[role="listbox"]')
    for number in [*range(1, groups.count()), 0]:
        press("ArrowDown")
        first = str(groups.nth(number).locator("[data-item]").first.get_attribute("data-item"))
        expect(view).to_have_attribute("data-selected", first)
    press("End")
    expect(view).to_have_attribute("data-selected", keys[-1])


def test_areas_are_on_one_scale(view: Locator) -> None:
    areas = []
    for step in range(len(_IMAGES)):
        view.locator(f"[data-action=step-{step}]").click()
        expect(view).to_have_attribute("data-step", str(step))
        boxes = view.locator(".uv-piece").evaluate_all(
            "nodes => nodes.map(node => node.getAttribute('width') * node.getAttribute('height'))"
        )
        areas.append(sum(boxes))
    assert areas == sorted(areas, reverse=True)
    assert areas[0] > 4 * areas[1] > 4 * areas[4]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_fault_is_found(theme: str, notebook: OpenNotebook, view: Locator) -> None:
    notebook.set_theme(theme)
    assert violations(notebook.page, view, at_least=6) == []
    for code in notebook.page.locator(".uv-code").all():
        code.scroll_into_view_if_needed()
        assert violations(notebook.page, code) == []
    notebook.screenshot(f"image-map-{theme}")
    assert notebook.trouble == []


def test_code_is_scrolled_by_keyboard(notebook: OpenNotebook) -> None:
    pane = notebook.page.locator(".uv-code-pane").nth(1)
    pane.scroll_into_view_if_needed()
    pane.focus()
    before = pane.evaluate("node => node.scrollTop")
    notebook.page.keyboard.press("PageDown")
    expect(pane).to_be_focused()
    notebook.page.wait_for_function("([node, before]) => node.scrollTop > before", arg=[pane.element_handle(), before])
