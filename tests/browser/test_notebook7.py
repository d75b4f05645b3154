"""Views and questions in Notebook 7: JupyterLab's parts in another application, with a page of its own."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import axe
from tests.browser import notebooks as learner
from tests.browser.conftest import OpenNotebook
from tests.notebooks.course import NOTEBOOKS, ROOT
from unilab.measure import jupyter
from unilab.measure.jupyter import Lab

_FIRST = NOTEBOOKS[0]
#: Those of Parts II and III: what the notebooks show, without what else they run.
_GALLERIES = ("gallery2.ipynb", "gallery3.ipynb")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("notebook7")
    for name in ("notebooks", "images"):
        shutil.copytree(ROOT / name, folder / "work" / name, ignore=shutil.ignore_patterns("scratch"))
    for gallery in _GALLERIES:
        shutil.copy(Path(__file__).parent / gallery, folder / "work/notebooks")
    with jupyter.lab(folder / "work", folder / "work/notebooks" / _FIRST.name, folder) as server:
        yield server


@contextlib.contextmanager
def _run(server: Lab, browser: Browser, name: str) -> Iterator[OpenNotebook]:
    context = browser.new_context(viewport={"width": 1400, "height": 1100}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(60_000)
    notebook = OpenNotebook(page)
    page.on("console", notebook.hear)
    server.open_in_notebook(page, f"notebooks/{name}")
    notebook.run_all()
    yield notebook
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
    context.close()


@pytest.fixture(scope="module")
def opened(server: Lab, browser: Browser) -> Iterator[OpenNotebook]:
    with _run(server, browser, _FIRST.name) as notebook:
        yield notebook


@pytest.fixture
def notebook(opened: OpenNotebook) -> Iterator[OpenNotebook]:
    yield opened
    assert opened.trouble == []


def test_it_is_notebook_7(notebook: OpenNotebook) -> None:
    assert notebook.page.evaluate("() => window.jupyterapp.name") == "Jupyter Notebook"


def test_predictions_are_committed_by_keyboard_and_compared(notebook: OpenNotebook) -> None:
    for form, reveal in learner.reveals_in_the_order_of_predictions(notebook):
        predicted = learner.predict(notebook, form)
        expect(reveal.locator("[data-field=predicted]")).to_contain_text(predicted)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_its_view_is_clicked_and_keyed(notebook: OpenNotebook, theme: str) -> None:
    notebook.set_theme(theme)
    for form in notebook.page.locator(".ul-predict[data-state=open]").all():
        form.locator("[data-action=skip]").click()
    view = notebook.page.locator(".uv-view[data-ready=true]").first
    view.scroll_into_view_if_needed()
    view.locator("[data-block]").last.click()
    expect(view.locator("dd[data-field]").first).not_to_be_empty()
    view.locator("[data-block][tabindex='0']").last.focus()
    before = learner.state_of(view)
    notebook.page.keyboard.press("ArrowUp")
    assert learner.state_of(view) != before
    assert axe.violations(notebook.page, view, at_least=6) == []
    notebook.screenshot(f"notebook7-{theme}")


def test_the_quiz_says_wrong_and_right(notebook: OpenNotebook) -> None:
    learner.answer_all(notebook.page, notebook.page.locator(".ul-quiz"))


@pytest.mark.parametrize("name", _GALLERIES)
def test_views_of_part_three_are_clicked_and_keyed(server: Lab, browser: Browser, name: str) -> None:
    with _run(server, browser, name) as notebook:
        views = notebook.page.locator(".uv-view:has(.uv-pane)")
        assert views.count() >= 4
        for view in views.all():
            expect(view).to_have_attribute("data-ready", "true")
            view.scroll_into_view_if_needed()
            learner.use(view)
            assert axe.violations(notebook.page, view, at_least=6) == []
        notebook.screenshot(f"notebook7-{Path(name).stem}")
        assert notebook.trouble == []
