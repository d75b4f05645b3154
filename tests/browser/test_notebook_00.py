"""Notebook 00 as a learner has it: run, predict, look, click, answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenNotebook

_NOTEBOOK = "00-first-boot.ipynb"
#: Prints what the view should show of each region: the plain values, straight from the kernel.
_PLAIN_VALUES = """
import json
from unilab.views import region_details
print(json.dumps([
    [f"{r.start:#x}", f"{r.end:#x}", region_details(r)] for r in unikernel.space.regions
]))
"""


@pytest.fixture(scope="module")
def opened(open_for_module: Callable[..., OpenNotebook]) -> OpenNotebook:
    opened = open_for_module(_NOTEBOOK)
    opened.run_all()
    return opened


@pytest.fixture
def notebook(opened: OpenNotebook) -> Iterator[OpenNotebook]:
    """The notebook that all tests share."""
    yield opened
    assert opened.trouble == []


def _view(notebook: OpenNotebook) -> Locator:
    view = notebook.page.locator(".uv-view[data-ready=true]")
    view.scroll_into_view_if_needed()
    return view


def _unlock(notebook: OpenNotebook) -> None:
    """Skip the prediction that locks the view, unless a test before has committed it."""
    form = notebook.page.locator(".ul-predict", has_text="main()")
    if form.get_attribute("data-state") == "open":
        form.locator("[data-action=skip]").click()


def _commit(notebook: OpenNotebook, question: str, choice: str) -> None:
    form = notebook.page.locator(".ul-predict", has_text=question)
    form.get_by_label(choice).check()
    form.locator("[data-action=commit]").click()


def test_every_cell_runs_and_the_checks_are_right(notebook: OpenNotebook) -> None:
    checks = notebook.page.locator(".ul-check")
    states = [check.get_attribute("data-state") for check in checks.all()]
    assert states.count("right") == len(states) - 2 >= 6
    assert states.count("untried") == 2  # the two exercises
    notebook.screenshot("00-end")


def test_the_view_is_locked_until_a_prediction_is_committed(notebook: OpenNotebook) -> None:
    view = _view(notebook)
    expect(view).to_have_attribute("data-locked", "true")
    expect(view.locator("svg")).to_be_hidden()
    _commit(notebook, "main()", "the program's data")
    expect(view).to_have_attribute("data-locked", "false")
    expect(view.locator("svg")).to_be_visible()
    reveal = notebook.page.locator(".ul-reveal", has_text="The linker laid program")
    expect(reveal.locator("[data-field=predicted]")).to_have_text("the program's data")
    expect(reveal.locator("[data-field=observed]")).to_have_text("C library text")
    expect(reveal.locator("[data-field=verdict]")).to_contain_text("Not what you predicted")


def test_the_view_shows_the_plain_values(notebook: OpenNotebook) -> None:
    _unlock(notebook)
    view = _view(notebook)
    expect(view.locator("[data-badge=LIVE]")).to_have_count(2)
    seen = 0
    for start, end, details in notebook.run(_PLAIN_VALUES):
        block = view.locator(f'[data-block^="1:"][data-start="{start}"][data-end="{end}"]:not([aria-expanded])')
        if not block.count():
            continue  # inside a closed group
        block.click()
        expect(view).to_have_attribute("data-start", start)
        shown = {item.get_attribute("data-field"): item.text_content() for item in view.locator("dd[data-field]").all()}
        assert shown == details
        seen += 1
    assert seen >= 15
    notebook.screenshot("00-view")


def test_the_view_is_walked_with_the_keyboard(notebook: OpenNotebook) -> None:
    _unlock(notebook)
    view = _view(notebook)
    find = view.locator("[data-action=find]")
    find.fill(notebook.run("import json; print(json.dumps(hex(unikernel.space.regions[4].start)))"))
    find.press("Enter")
    text = "library OS text"
    expect(view.locator("dd[data-field=label]")).to_have_text(text)
    view.locator('[data-block][aria-selected="true"]').focus()
    notebook.page.keyboard.press("ArrowUp")
    expect(view.locator("dd[data-field=label]")).to_have_text("C library text")
    notebook.page.keyboard.press("ArrowDown")
    expect(view.locator("dd[data-field=label]")).to_have_text(text)


def test_the_quiz_answers_at_once(notebook: OpenNotebook) -> None:
    quiz = notebook.page.locator(".ul-quiz")
    quiz.scroll_into_view_if_needed()
    first = quiz.locator("fieldset").first
    first.get_by_label("a Linux kernel with everything", exact=False).check()
    expect(first).to_have_attribute("data-state", "wrong")
    first.get_by_label("An application linked with the operating system").check()
    expect(first).to_have_attribute("data-state", "right")
    expect(quiz).to_have_attribute("data-score", "1")


def test_dark_theme(notebook: OpenNotebook) -> None:
    _unlock(notebook)
    notebook.set_theme("dark")
    view = _view(notebook)
    paper = view.locator("svg .uv-paper").first.evaluate("node => getComputedStyle(node).fill")
    red, green, blue = (int(part) for part in paper.removeprefix("rgb(").removesuffix(")").split(","))
    assert max(red, green, blue) < 64
    notebook.screenshot("00-dark")
    notebook.set_theme("light")
