"""Requests, comparisons, images, code and experiments in a real JupyterLab: by pointer, by keyboard, by axe."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

import unilab.views.experiment
from tests.browser import looks
from tests.browser.axe import violations
from tests.browser.conftest import OpenNotebook
from unilab.views.static_form import StaticFormWidget

_NOTEBOOK = "gallery3.ipynb"
#: By its CSS class, and which of its kind it is.
_PICTURES = {
    "exchange": ("exchange", 0),
    "linux": ("exchange", 1),
    "comparison": ("comparison", 0),
    "image-map": ("image-map", 0),
}
_OTHERS = (".uv-code", ".uv-source", ".uv-experiment")
_MANY = 200


@pytest.fixture(scope="module")
def notebook(open_for_module: Callable[..., OpenNotebook]) -> OpenNotebook:
    opened = open_for_module(_NOTEBOOK)
    opened.run_all()
    return opened


def _view(notebook: OpenNotebook, name: str) -> Locator:
    kind, number = _PICTURES[name]
    view = notebook.page.locator(f".uv-view-{kind}").nth(number)
    expect(view).to_have_attribute("data-ready", "true")
    view.scroll_into_view_if_needed()
    return view


def _selected(view: Locator) -> Locator:
    return view.locator('[data-item][aria-selected="true"]')


def _subclasses(of: type) -> set[type]:
    return {of}.union(*(_subclasses(each) for each in of.__subclasses__()))


def test_every_view_is_in_a_gallery(notebook: OpenNotebook) -> None:
    assert set(notebook.run(looks.SHOWN)) == looks.GALLERIES[_NOTEBOOK]
    here = unilab.views.__name__
    drawn = {
        each for each in _subclasses(StaticFormWidget) if each.__module__.startswith(here) and "_esm" in vars(each)
    }
    assert {each.__name__ for each in drawn} == set().union(*looks.GALLERIES.values())


def test_a_request_is_walked_and_its_calls_are_opened(notebook: OpenNotebook) -> None:
    page, view = notebook.page, _view(notebook, "exchange")
    packets = notebook.run("import json; print(json.dumps([[p.number, p.sender] for p in ours.packets]))")
    # The buttons lead from packet to packet, and keep the focus.
    for number, sender in packets:
        view.locator("[data-action=next]").click()
        expect(view.locator("dd[data-field=packet]")).to_have_text(str(number))
        expect(view.locator("dd[data-field=from]")).to_have_text(sender)
    expect(view.locator("[data-action=next]")).to_be_focused()
    view.locator("[data-action=next]").click()
    expect(view.locator(".uv-says")).to_have_text("No other packet there.")
    # So do the keys, and the focus goes with them; up and down stop at every line.
    keys = [str(item.get_attribute("data-item")) for item in view.locator("[data-item]").all()]
    view.locator("[data-item]").first.click()
    for key in keys[1:8]:
        page.keyboard.press("ArrowDown")
        expect(view).to_have_attribute("data-selected", key)
        expect(_selected(view)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    assert str(view.get_attribute("data-selected")).startswith("p")
    page.keyboard.press("End")
    expect(view).to_have_attribute("data-selected", keys[-1])
    page.keyboard.press("ArrowDown")
    expect(view).to_have_attribute("data-selected", keys[-1])
    # A call is opened by the kernel, and closed again.
    call = next(key for key in keys if ":" in key)
    view.locator(f'[data-item="{call}"]').click()
    page.keyboard.press("Enter")
    expect(view).to_have_attribute("data-expanded", call)
    assert view.locator("[data-item]").count() > len(keys)
    expect(view.locator(f'[data-item="{call}"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(view).to_have_attribute("data-expanded", "")
    expect(view.locator("[data-item]")).to_have_count(len(keys))


def test_figures_are_walked_from_panel_to_panel(notebook: OpenNotebook) -> None:
    page, view = notebook.page, _view(notebook, "comparison")
    found = notebook.run(
        "import json; print(json.dumps([[q.title for q in compared.quantities],"
        " [c.architecture for c in compared.contenders]]))"
    )
    titles, names = found
    view.locator('[data-item="0:0"]').click()
    page.mouse.move(0, 0)  # what is under the pointer has its details shown
    for panel, title in enumerate(titles):
        expect(view).to_have_attribute("data-selected", f"{panel}:0")
        expect(view.locator("dd[data-field=quantity]")).to_have_text(title)
        expect(_selected(view)).to_be_focused()
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    for line, name in enumerate(names):
        expect(view).to_have_attribute("data-selected", f"0:{line}")
        expect(view.locator("dd[data-field=of]")).to_have_text(name)
        page.keyboard.press("ArrowDown")
    expect(view).to_have_attribute("data-selected", "1:0")
    page.keyboard.press("End")
    expect(view).to_have_attribute("data-selected", f"{len(titles) - 1}:{len(names) - 1}")


def test_images_follow_each_other(notebook: OpenNotebook) -> None:
    page, view = notebook.page, _view(notebook, "image-map")
    names = notebook.run("import json; print(json.dumps([image.name for image in images]))")
    view.locator("[data-item]").first.click()
    for step, name in enumerate(names):
        expect(view).to_have_attribute("data-step", str(step))
        expect(view.locator("svg")).to_have_attribute("aria-label", f"What the bytes of {name} are for")
        page.keyboard.press("PageDown")
    view.locator("[data-action=step-0]").click()
    expect(view).to_have_attribute("data-step", "0")


def test_an_experiment_is_stopped(notebook: OpenNotebook) -> None:
    page, view = notebook.page, notebook.page.locator(".uv-experiment")
    view.scroll_into_view_if_needed()
    expect(view.get_by_role("status")).to_contain_text("Step 8 of 24")
    notebook.run("experiment.done = 9; print(1)")
    expect(view).to_have_attribute("data-done", "9")
    expect(view.get_by_role("progressbar")).to_have_attribute(
        "aria-label", notebook.run("import json; print(json.dumps(experiment.title))")
    )
    view.locator("[data-action=stop]").focus()
    page.keyboard.press("Enter")
    expect(view.get_by_role("status")).to_have_text("Stopping after this step …")
    expect(view.locator("[data-action=stop]")).to_be_disabled()
    assert notebook.run("import json; print(json.dumps(experiment.stop))") is True


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_can_be_read(notebook: OpenNotebook, theme: str) -> None:
    notebook.set_theme(theme)
    for name in _PICTURES:
        view = _view(notebook, name)
        assert violations(notebook.page, view, at_least=6) == []
        for width in looks.WIDTHS:
            assert looks.faults_at(view, width) == []
        notebook.screenshot(f"gallery3-{name}-{theme}")
        view.locator("[data-action=table]").click()
        expect(view.locator("table").first).to_be_visible()
        expect(view.locator("svg")).to_be_hidden()
        if view.locator("tr").count() < _MANY:  # one row is like the next, and axe looks at each
            assert violations(notebook.page, view) == []
        view.locator("[data-action=table]").click()
    for other in _OTHERS:
        each = notebook.page.locator(other)
        each.scroll_into_view_if_needed()
        assert violations(notebook.page, each) == []
        for width in looks.WIDTHS:
            assert looks.faults_at(each, width) == []
    assert notebook.trouble == []


def test_views_outlive_their_kernel_and_say_so(notebook: OpenNotebook) -> None:
    """The last test of the module: it takes the kernel away."""
    page = notebook.page
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    for name in _PICTURES:
        view = _view(notebook, name)
        expect(view.locator(".uv-stale")).to_be_visible(timeout=60_000)
        view.locator("[data-item]").first.click()
        before = view.get_attribute("data-selected")
        page.keyboard.press("ArrowDown")
        expect(_selected(view)).to_be_focused()
        assert view.get_attribute("data-selected") != before
    assert notebook.trouble == []
