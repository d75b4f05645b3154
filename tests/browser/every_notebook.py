"""A notebook as a learner has it: run, predict, look, answer wrong, answer right, recall.

The tests of one notebook share a page on which it ran once, from top to bottom. They are collected where a file of
tests imports them, beside a fixture ``path`` for the notebooks that it takes: files run in parallel.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbconvert
import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser import axe
from tests.browser import notebooks as learner
from tests.browser.conftest import OpenNotebook
from tests.notebooks.course import NOTEBOOKS, code_cells, read

_SOLUTIONS = Path(__file__).resolve().parents[1] / "notebooks" / "solutions"
_STOPS = ":is([data-block], [data-item])[tabindex='0']"


def path_fixture(first: int, last: int) -> Any:
    """The fixture ``path``: each notebook of these numbers, both ends included."""

    def path(request: pytest.FixtureRequest) -> Path:
        chosen: Path = request.param
        return chosen

    chosen = [path for path in NOTEBOOKS if first <= int(path.name[:2]) <= last]
    return pytest.fixture(path, scope="module", params=chosen, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def opened(path: Path, open_for_module: Callable[..., OpenNotebook]) -> OpenNotebook:
    opened = open_for_module(path.name)
    opened.run_all()
    return opened


@pytest.fixture
def notebook(opened: OpenNotebook) -> Iterator[OpenNotebook]:
    """The notebook that all tests share."""
    yield opened
    assert opened.trouble == []


def _exercises(path: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = tomllib.loads((_SOLUTIONS / f"{path.stem}.toml").read_text())["exercise"]
    return found


def test_every_check_is_right_but_for_the_exercises(notebook: OpenNotebook, path: Path) -> None:
    states = [check.get_attribute("data-state") for check in notebook.page.locator(".ul-check").all()]
    untried = len(_exercises(path))
    assert (states.count("untried"), states.count("right")) == (untried, len(states) - untried)


def test_predictions_are_committed_by_keyboard_and_compared(notebook: OpenNotebook) -> None:
    locked = notebook.page.locator(".uv-view[data-locked=true]")
    for view in locked.all():
        expect(view.locator("svg")).to_be_hidden()
    for form, reveal in learner.reveals_in_the_order_of_predictions(notebook):
        expect(reveal.locator("[data-field=predicted]")).to_be_empty()
        predicted = learner.predict(notebook, form)
        expect(reveal.locator("[data-field=predicted]")).to_contain_text(predicted)
        for field in ("observed", "verdict"):
            expect(reveal.locator(f"[data-field={field}]")).not_to_be_empty()
    expect(locked).to_have_count(0)
    for view in notebook.page.locator(".uv-view").all():
        expect(view.locator("svg").first).to_be_visible()


def test_views_are_used_by_keyboard(notebook: OpenNotebook, path: Path) -> None:
    untold = notebook.page.locator(".ul-predict[data-state=open]")
    for _ in range(untold.count()):
        untold.first.locator("[data-action=skip]").click()
    views = notebook.page.locator(".uv-view")
    assert views.count() > 0
    for view in views.all():
        expect(view).to_have_attribute("data-ready", "true")
        view.scroll_into_view_if_needed()
        view.locator(_STOPS).last.focus()
        before = learner.state_of(view)
        notebook.page.keyboard.press("ArrowDown")
        assert learner.state_of(view) != before
        notebook.page.keyboard.press("Escape")
        assert axe.violations(notebook.page, view, at_least=6) == []
    learner.shoot_all(notebook, path.stem)


def test_a_wrong_answer_gets_a_hint_and_the_right_one_is_right(notebook: OpenNotebook, path: Path) -> None:
    stubs = {cell.id: cell.source for cell in code_cells(read(path))}
    for exercise in _exercises(path):
        learner.run_cell(notebook, exercise["cell"], stubs[exercise["cell"]].replace("= ...", "= 0"))
        said = learner.run_cell(notebook, exercise["check"]).locator(".ul-check")
        expect(said).to_have_attribute("data-state", "missed")
        expect(said).to_contain_text("Hint:")
        learner.run_cell(notebook, exercise["cell"], exercise["solution"])
        said = learner.run_cell(notebook, exercise["check"]).locator(".ul-check")
        expect(said).to_have_attribute("data-state", "right")


def test_the_quiz_says_wrong_and_right(notebook: OpenNotebook) -> None:
    learner.answer_all(notebook.page, notebook.page.locator(".ul-quiz"))


def test_its_pictures_are_seen_without_a_kernel(
    notebook: OpenNotebook, path: Path, context: BrowserContext, tmp_path: Path
) -> None:
    page = context.new_page()
    page.route("**/*", lambda way: way.continue_() if way.request.url.startswith(("file:", "data:")) else way.abort())
    file = tmp_path / "saved.html"
    file.write_text(nbconvert.HTMLExporter().from_filename(str(path))[0], encoding="utf-8")
    page.goto(file.as_uri())
    # A view's output may keep several: one for each step.
    outputs = page.locator(".jp-OutputArea-child:has(.uv-static img)")
    assert outputs.count() == notebook.page.locator(".uv-view").count() > 0
    for picture in page.locator(".uv-static img").all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("node => node.naturalWidth") > 300
        assert picture.get_attribute("alt")
    page.close()
