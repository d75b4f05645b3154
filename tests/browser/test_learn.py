"""What the learner answers, in a real JupyterLab: orders, sketches, other questions, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Lab, OpenNotebook

_NAME = "90-learning.ipynb"
_CELLS = (
    "import os, tempfile\nos.environ['UNILAB_PROGRESS'] = tempfile.mktemp()\n"
    "from unilab import Span, card, check, my_progress, objectives, predict, quiz\n"
    "from unilab.learn import Question",
    "card(question='What?', objectives=['see it', 'do it'], notebook='90')",
    "order = predict('What comes first?', order=['firmware', 'kernel', 'main'])\norder",
    "order.reveal(('firmware', 'kernel', 'main'), why='LIVE')",
    "span = predict('Where does it lie?', span=(0x1000, 1 << 64), landmarks={1 << 63: 'the middle'})\nspan",
    "span.reveal(Span(0x1000, 1 << 62))",
    "check('it', True, objective=1)",
    "objectives()",
    "view = my_progress()\nview",
    "from unilab.learn.recall import Quiz\n"
    "Quiz(lambda seed: [Question(f'Question {seed}?', ('yes', 'no'), 'yes', 'so')])",
)


@pytest.fixture(scope="module")
def opened(lab: Lab, open_for_module: Callable[..., OpenNotebook]) -> OpenNotebook:
    cells = [nbformat.v4.new_code_cell(source) for source in _CELLS]
    # Without one, JupyterLab asks which kernel it shall be.
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.folder / "notebooks" / _NAME)
    opened = open_for_module(_NAME)
    opened.run_all()
    return opened


@pytest.fixture
def notebook(opened: OpenNotebook) -> Iterator[OpenNotebook]:
    """The notebook that all tests share, each with a part of its own."""
    yield opened
    assert opened.trouble == []


def _kind(notebook: OpenNotebook, kind: str) -> Locator:
    form = notebook.page.locator(f".ul-predict[data-kind={kind}]")
    form.scroll_into_view_if_needed()
    return form


def test_things_are_put_in_order_by_keyboard(notebook: OpenNotebook) -> None:
    form = _kind(notebook, "order")
    things = form.locator("li")
    offered = [thing.get_attribute("data-thing") for thing in things.all()]
    form.get_by_label(f"Earlier: {offered[2]}").focus()
    notebook.page.keyboard.press("Enter")
    notebook.page.keyboard.press("ArrowUp")
    ordered = [offered[2], offered[0], offered[1]]
    assert [thing.get_attribute("data-thing") for thing in things.all()] == ordered
    expect(form.locator(".ul-says")).to_have_text(f"{offered[2]}: now number 1 of 3")
    form.locator("[data-action=commit]").click()
    expect(form).to_have_attribute("data-state", "committed")
    expect(form.get_by_label(f"Earlier: {offered[1]}")).to_be_disabled()
    assert notebook.run("import json; print(json.dumps(order.value))") == ordered
    right = sum(one == other for one, other in zip(ordered, ("firmware", "kernel", "main"), strict=True))
    verdict = "Just as you predicted." if right == 3 else f"{right} of 3 are where they belong."
    expect(notebook.page.locator(".ul-reveal [data-field=verdict]").first).to_have_text(verdict)


def test_a_region_is_sketched_by_mouse_keyboard_and_numbers(notebook: OpenNotebook) -> None:
    form = _kind(notebook, "span")
    form.locator("[data-action=commit]").click()
    expect(form.locator("[role=alert]")).to_have_text("Sketch it first.")
    bar = form.locator(".ul-span-bar").bounding_box()
    assert bar is not None
    mouse = notebook.page.mouse
    mouse.move(bar["x"] + 30, bar["y"] + bar["height"] * 0.25)
    mouse.down()
    mouse.move(bar["x"] + 30, bar["y"] + bar["height"] * 0.5, steps=4)
    mouse.up()
    box, low = form.get_by_role("slider"), form.get_by_label("First address")
    assert 0.45 < int(low.input_value(), 16) / (1 << 64) < 0.55
    before = int(low.input_value(), 16)
    box.focus()
    notebook.page.keyboard.press("ArrowDown")
    assert int(low.input_value(), 16) < before
    low.fill("0x1000")
    high = form.get_by_label("One past the last address")
    high.fill(hex(1 << 63))
    high.press("Tab")
    notebook.screenshot("learn-sketch")
    form.locator("[data-action=commit]").click()
    expect(form).to_have_attribute("data-state", "committed")
    assert notebook.run("import json; print(json.dumps([span.value.start, span.value.end == 1 << 63]))") == [
        0x1000,
        True,
    ]
    expect(notebook.page.locator(".ul-reveal [data-field=verdict]").nth(1)).to_contain_text("50%")


def test_progress_is_shown_exported_and_reset(notebook: OpenNotebook) -> None:
    view = notebook.page.locator(".ul-progress")
    expect(view).to_have_attribute("data-done", "1")
    expect(notebook.page.locator(".ul-objectives li").first).to_contain_text("done")
    with notebook.page.expect_download() as download:
        view.locator("[data-action=export]").click()
    assert download.value.suggested_filename == "progress.json"
    assert "see it" in download.value.path().read_text()
    reset = view.locator("[data-action=reset]")
    reset.click()
    expect(reset).to_have_text("Yes, forget everything")
    expect(view).to_have_attribute("data-done", "1")
    reset.click()
    expect(view).to_have_attribute("data-done", "0")
    expect(view).to_contain_text("Nothing is kept yet")


def test_other_questions_are_asked(notebook: OpenNotebook) -> None:
    quiz = notebook.page.locator(".ul-quiz")
    quiz.get_by_label("yes").check()
    expect(quiz).to_have_attribute("data-score", "1")
    quiz.locator("[data-action=others]").click()
    expect(quiz.locator("legend")).to_have_text("1. Question 1?")
    expect(quiz).to_have_attribute("data-score", "0")
