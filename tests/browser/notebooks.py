"""What a learner does in any notebook: run a cell, predict, answer, look at all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ARTEFACTS, OpenNotebook
from unilab.measure import jupyter

_PANEL = "window.jupyterapp.shell.currentWidget.content"
#: How much of a notebook one picture shows, in pixels.
_WINDOW = {"width": 1200, "height": 2300}


def run_cell(notebook: OpenNotebook, cell: str, source: str | None = None) -> Locator:
    """Run one cell as Shift+Enter does, with another source if one is given, and wait until it has run.

    Returns:
        Its node on the page.
    """
    errors = notebook.page.evaluate(
        f"""async ([id, source]) => {{
            const panel = {_PANEL};
            panel.activeCellIndex = panel.widgets.findIndex(w => w.model.id === id);
            const cell = panel.activeCell;
            if (source !== null) cell.model.sharedModel.setSource(source);
            await window.jupyterapp.commands.execute('notebook:run-cell');
            cell.node.dataset.cell = id;
            return cell.model.outputs.toJSON().filter(o => o.output_type === 'error').map(o => o.evalue);
        }}""",
        [cell, source],
    )
    assert errors == [], cell
    return notebook.page.locator(f'[data-cell="{cell}"]')


def start_cell(notebook: OpenNotebook, cell: str) -> None:
    """Run one cell, and do not wait for it."""
    notebook.page.evaluate(
        f"""id => {{
            const panel = {_PANEL};
            panel.activeCellIndex = panel.widgets.findIndex(w => w.model.id === id);
            window.jupyterapp.commands.execute('notebook:run-cell');
        }}""",
        cell,
    )


def wait_until_idle(notebook: OpenNotebook) -> None:
    """Wait until the kernel has nothing more to do."""
    notebook.page.wait_for_function(f"() => {jupyter.KERNEL}?.status === 'idle'", timeout=60_000)


def predict(notebook: OpenNotebook, form: Locator) -> str:
    """Commit a prediction with the keyboard alone, after trying to commit nothing where that is possible.

    Returns:
        What it was, as the comparison shows it.
    """
    press = notebook.page.keyboard.press
    form.scroll_into_view_if_needed()
    commit = form.locator("[data-action=commit]")
    match form.get_attribute("data-kind"):
        case "number":
            _is_refused(form, commit)
            form.locator("input").focus()
            notebook.page.keyboard.type("1,234")
            press("Enter")
            predicted = "1,234"
        case "choice":
            _is_refused(form, commit)
            radios = form.get_by_role("radio")
            radios.first.focus()
            press("Space")
            press("ArrowDown")
            expect(radios.nth(1)).to_be_checked()
            predicted = str(radios.nth(1).get_attribute("value"))
        case "order":
            things = form.locator("li")
            form.locator("[data-move='1']").first.focus()
            press("ArrowDown")
            predicted = ", then ".join(str(thing.get_attribute("data-thing")) for thing in things.all())
        case "span":
            _is_refused(form, commit)
            form.get_by_role("slider").focus()
            press("PageDown")
            predicted = str(form.get_by_label("First address").input_value())
        case kind:
            raise AssertionError(f"a kind of prediction that no test knows: {kind}")
    if commit.is_visible():
        commit.focus()
        press("Enter")
    expect(form).to_have_attribute("data-state", "committed")
    return predicted


def _is_refused(form: Locator, commit: Locator) -> None:
    commit.press("Enter")
    expect(form.get_by_role("alert")).not_to_be_empty()
    expect(form).to_have_attribute("data-state", "open")


def reveals_in_the_order_of_predictions(notebook: OpenNotebook) -> Iterator[tuple[Locator, Locator]]:
    """Each prediction's form, with the comparison that belongs to it."""
    source = "\n".join(notebook.page.evaluate(f"() => {_PANEL}.widgets.map(w => w.model.sharedModel.getSource())"))
    made = re.findall(r"^(\w+) = predict\(", source, re.MULTILINE)
    shown = re.findall(r"^(\w+)\.reveal\(", source, re.MULTILINE)
    forms, reveals = notebook.page.locator(".ul-predict"), notebook.page.locator(".ul-reveal")
    assert (forms.count(), reveals.count()) == (len(made), len(shown))
    for number, name in enumerate(made):
        yield forms.nth(number), reveals.nth(shown.index(name))


def answer_all(page: Page, quiz: Locator) -> None:
    """Answer a quiz by keyboard, each question wrong until it is right."""
    quiz.scroll_into_view_if_needed()
    for question in quiz.locator("fieldset").all():
        states = []
        for radio in question.get_by_role("radio").all():
            radio.focus()
            page.keyboard.press("Space")
            expect(question).not_to_have_attribute("data-state", "open")
            states.append(question.get_attribute("data-state"))
            if states[-1] == "right":
                break
        assert states[-1] == "right"
        assert set(states[:-1]) <= {"wrong"}
        expect(question.locator(".ul-why")).to_contain_text("Right. ")
    expect(quiz).to_have_attribute("data-score", str(quiz.locator("fieldset").count()))


def state_of(view: Locator) -> dict[str, Any]:
    """All that a view says about itself, and where the focus is."""
    state: dict[str, Any] = view.evaluate(
        "node => ({...node.dataset, focus: {...document.activeElement.dataset},"
        " says: node.querySelector('dl')?.innerText})"
    )
    return state


def use(view: Locator) -> None:
    """Click a thing in a view, go on by keyboard, look at the table, and come back: each must change what is seen."""
    things = view.locator("[data-block], [data-item]")
    before = state_of(view)
    things.first.click()
    assert state_of(view) != before
    expect(view.locator("dd[data-field]").first).not_to_be_empty()
    view.locator(":is([data-block], [data-item])[tabindex='0']").last.focus()
    before = state_of(view)
    for key in ("ArrowDown", "ArrowRight"):
        view.page.keyboard.press(key)
    assert state_of(view) != before
    view.locator("[data-action=table]").click()
    expect(view.locator("table").first).to_be_visible()
    view.locator("[data-action=table]").click()
    expect(view.locator("svg").first).to_be_visible()


def shoot_all(notebook: OpenNotebook, name: str) -> None:
    """Keep pictures of the whole notebook, from top to bottom, among the test's artefacts."""
    page, before = notebook.page, notebook.page.viewport_size
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size(_WINDOW)  # type: ignore[arg-type]
    scroller = page.locator(".jp-WindowedPanel-outer").first
    # Below the last cell is room to scroll on.
    step, end = scroller.evaluate(
        """node => [node.clientHeight, [...node.querySelectorAll('.jp-Cell')].at(-1).getBoundingClientRect().bottom
            + node.scrollTop - node.getBoundingClientRect().top]"""
    )
    for number, top in enumerate(range(0, int(end), step)):
        scroller.evaluate("(node, top) => node.scrollTo({top, behavior: 'instant'})", top)
        scroller.screenshot(path=ARTEFACTS / f"{name}-{number:02}.png")
    if before:
        page.set_viewport_size(before)
