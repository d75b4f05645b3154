"""Journeys, boots, virtqueues, consoles and remote controls in a real JupyterLab: by pointer, by keyboard, by axe."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import looks
from tests.browser.axe import violations
from tests.browser.conftest import OpenNotebook
from unilab.measure import jupyter

_NOTEBOOK = "gallery2.ipynb"
_MANY = 200


@pytest.fixture(scope="module")
def notebook(open_for_module: Callable[..., OpenNotebook]) -> OpenNotebook:
    opened = open_for_module(_NOTEBOOK)
    opened.run_all()
    return opened


def _view(notebook: OpenNotebook, name: str, nth: int = 0) -> Locator:
    view = notebook.page.locator(f".uv-view-{name}, .uv-{name}").nth(nth)
    expect(view).to_have_attribute("data-ready", "true")
    view.scroll_into_view_if_needed()
    return view


def _crossings(notebook: OpenNotebook) -> list[tuple[int, str, str]]:
    """The long journey's changes of privilege: step, function, and how it was led to."""
    steps = "[[i, s.function, s.crossing] for i, s in enumerate(linux.steps) if s.crossing]"
    return [tuple(each) for each in notebook.run(f"import json; print(json.dumps({steps}))")]


def test_every_view_of_the_gallery_is_shown(notebook: OpenNotebook) -> None:
    assert set(notebook.run(looks.SHOWN)) == looks.GALLERIES[_NOTEBOOK]


def _selected(view: Locator) -> Locator:
    return view.locator('[data-item][aria-selected="true"]')


def _check(notebook: OpenNotebook, view: Locator) -> None:
    """No fault that axe finds, no word out of its place, wide and narrow, and a table that says the same."""
    assert violations(notebook.page, view, at_least=6) == []
    for width in looks.WIDTHS:
        assert looks.faults_at(view, width) == []
    if view.locator("[data-action=table]").count():
        view.locator("[data-action=table]").click()
        expect(view.locator("table").first).to_be_visible()
        expect(view.locator("svg")).to_be_hidden()
        if view.locator("tr").count() < _MANY:  # one row is like the next, and axe looks at each
            assert violations(notebook.page, view) == []
        view.locator("[data-action=table]").click()
    assert notebook.trouble == []


def test_journeys_are_stepped_through_by_keyboard(notebook: OpenNotebook) -> None:
    page, view = notebook.page, _view(notebook, "crossing")
    lengths = notebook.run("import json; print(json.dumps([len(j.steps) for j in (unikernel, linux)]))")
    view.locator('[data-item="1:0"]').click()
    # Every step, one after the other, also those that were folded away.
    for step in range(1, 25):
        page.keyboard.press("ArrowDown")
        expect(view).to_have_attribute("data-step", str(step))
    expect(_selected(view)).to_be_focused()
    page.keyboard.press("PageUp")
    expect(view).to_have_attribute("data-step", str(_crossings(notebook)[0][0]))
    page.keyboard.press("ArrowLeft")
    expect(view).to_have_attribute("data-journey", "0")
    page.keyboard.press("End")
    expect(view).to_have_attribute("data-step", str(lengths[0] - 1))
    fold = view.locator('.uv-folded[data-item^="1:"]').first
    key = fold.get_attribute("data-item") or ""
    first = int(key.removeprefix("1:").split("-")[0])
    fold.focus()
    page.keyboard.press("Enter")
    expect(view).to_have_attribute("data-expanded", key)
    for step in (first, first + 1):
        expect(view).to_have_attribute("data-step", str(step))
        page.keyboard.press("ArrowDown")


def test_journeys_are_followed_from_crossing_to_crossing(notebook: OpenNotebook) -> None:
    view = _view(notebook, "crossing")
    view.locator('[data-item="1:0"]').click()
    expect(view.locator("[data-badge]")).to_have_text(["LIVE", "RECORDED"])
    for at, function, led_here in _crossings(notebook):
        view.locator("[data-action=crossing]").click()
        expect(view).to_have_attribute("data-step", str(at))
        expect(view.locator("dd[data-field=function]")).to_have_text(function)
        expect(view.locator("dd[data-field='led here']")).to_have_text(led_here)
    notebook.screenshot("gallery2-crossing")
    _check(notebook, view)


def test_boots_are_compared_on_two_scales(notebook: OpenNotebook) -> None:
    page, view = notebook.page, _view(notebook, "boot")
    expect(view).to_have_attribute("data-axis", "log")
    view.locator("[data-action=axis-linear]").click()
    expect(view).to_have_attribute("data-axis", "linear")
    view.locator('[data-item="1:0"]').click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    event = notebook.run(
        "import json; from unilab.views.boot_timeline_drawing import time_text;"
        "print(json.dumps([long.events[2].name, time_text(long.events[2].seconds)]))"
    )
    expect(view.locator("dd[data-field=event]")).to_have_text(event[0])
    expect(view.locator("dd[data-field=at]")).to_have_text(event[1])
    page.keyboard.press("l")
    expect(view).to_have_attribute("data-axis", "log")
    expect(view).to_have_attribute("data-selected", "1:2")
    notebook.screenshot("gallery2-boot")
    _check(notebook, view)


def test_a_boot_is_stepped_through_by_keyboard(notebook: OpenNotebook) -> None:
    page, view = notebook.page, _view(notebook, "boot-steps")
    states = notebook.run("import json; print(json.dumps([[s.name, s.mode, s.registers.paging] for s in boot.states]))")
    expect(view).to_have_attribute("data-steps", str(len(states)))
    view.locator('[data-item="CR0"]').click()
    for at, (name, mode, paging) in enumerate(states):
        expect(view).to_have_attribute("data-at", str(at))
        expect(view.locator("svg")).to_have_attribute("aria-label", re.compile(f"{re.escape(name)}:"))
        expect(view.locator("[data-now=true]")).to_have_attribute("data-mode", mode)
        expect(_selected(view)).to_be_focused()
        expect(view.locator("dd[data-field=PG]")).to_have_count(int(paging))
        page.keyboard.press("ArrowRight")
    expect(view.locator("[data-action=next]")).to_be_disabled()
    page.keyboard.press("Home")
    expect(view).to_have_attribute("data-at", "0")
    view.locator("[data-action=last]").click()
    expect(view).to_have_attribute("data-at", str(len(states) - 1))
    view.locator('[data-item="run0"]').click()
    expect(view.locator("dd[data-field=permissions]")).to_have_text("r--")
    page.keyboard.press("ArrowDown")
    expect(view.locator("dd[data-field=permissions]")).to_have_text("r-x")
    notebook.screenshot("gallery2-boot-steps")
    _check(notebook, view)


def test_threads_are_walked_through_time_and_across(notebook: OpenNotebook) -> None:
    page, view = notebook.page, _view(notebook, "threads")
    turns = notebook.run("import json; print(json.dumps([[t.thread, str(t.why)] for t in turns.turns]))")
    view.locator('[data-item="0"]').click()
    for at, (thread, why) in enumerate(turns[:6]):
        expect(view).to_have_attribute("data-selected", str(at))
        expect(_selected(view)).to_have_attribute("data-thread", str(thread))
        expect(_selected(view)).to_be_focused()
        expect(view.locator("dd[data-field='then it']")).to_have_text(why)
        page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    expect(view).to_have_attribute("data-selected", str(len(turns) - 1))
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(_selected(view)).not_to_have_attribute("data-thread", str(turns[0][0]))
    notebook.screenshot("gallery2-threads")
    _check(notebook, view)


def test_a_request_is_followed_through_its_virtqueue(notebook: OpenNotebook) -> None:
    page, view = notebook.page, _view(notebook, "virtqueue")
    values = notebook.run(
        "import json; print(json.dumps([[s.caption, s.available_index, s.used_index] for s in steps]))"
    )
    expect(view).to_have_attribute("data-steps", str(len(values)))
    for at, (caption, available, used) in enumerate(values):
        expect(view).to_have_attribute("data-at", str(at))
        expect(view.locator("svg")).to_have_attribute("aria-label", re.compile(re.escape(caption)))
        words = view.locator(".uv-marker").all_text_contents()
        assert {f"index {available}", f"index {used}"} <= set(words)
        if at + 1 < len(values):
            view.locator("[data-action=next]").click()
    expect(view.locator("[data-action=next]")).to_be_disabled()
    view.locator("[data-item^=d]").first.click()
    page.keyboard.press("ArrowLeft")
    expect(view).to_have_attribute("data-at", str(len(values) - 2))
    expect(view.locator("dd[data-field='what for']")).to_have_text("header: read, from sector 0")
    notebook.screenshot("gallery2-virtqueue")
    _check(notebook, view)


def test_a_machine_is_typed_to_and_its_queue_moves(notebook: OpenNotebook) -> None:
    console, queue = _view(notebook, "console"), _view(notebook, "virtqueue", 1)
    log, line = console.locator("[role=log]"), console.locator("[data-action=line]")
    for text in ("<b>hello</b>", "again"):
        line.fill(text)
        line.press("Enter")
        expect(log).to_contain_text(f"> {text}\nkept {len(text) + 1} bytes\n> ")
    line.press("ArrowUp")
    expect(line).to_have_value("again")
    line.fill("")

    def index() -> int:
        return int((queue.locator(".uv-marker").first.text_content() or "").split()[1])

    before = index()
    queue.locator("[data-action=refresh]").click()
    expect(queue).to_have_attribute("data-busy", "false")
    assert index() > before
    _check(notebook, console)


def test_a_machine_is_controlled_while_a_cell_runs(notebook: OpenNotebook) -> None:
    """The cell ends when it has seen what the buttons did, so it is busy until then."""
    console, control = _view(notebook, "console"), _view(notebook, "control")
    busy = """
import time
def seen(what):
    until = time.monotonic() + 60
    while not what() and time.monotonic() < until:
        time.sleep(0.02)
seen(lambda: str(machine.state) == "paused")
seen(lambda: str(machine.state) == "running")
seen(lambda: "kept 5 bytes" in machine.console.text)
"""
    notebook.page.evaluate(
        f"code => {{ window.busy = {jupyter.KERNEL}.requestExecute({{code, store_history: false}}); }}", busy
    )
    notebook.page.wait_for_function(f"() => {jupyter.KERNEL}.status === 'busy'")
    control.locator("[data-action=pause]").click()
    expect(control).to_have_attribute("data-state", "paused")
    control.locator("[data-action=resume]").click()
    expect(control).to_have_attribute("data-state", "running")
    console.locator("[data-action=line]").fill("busy")
    console.locator("[data-action=line]").press("Enter")
    expect(console.locator("[role=log]")).to_contain_text("kept 5 bytes")
    assert notebook.page.evaluate("async () => (await window.busy.done).content.status") == "ok"


def test_a_machine_is_paused_stepped_and_ends(notebook: OpenNotebook) -> None:
    page = notebook.page
    console, control = _view(notebook, "console"), _view(notebook, "control")
    expect(control).to_have_attribute("data-state", "running")
    for action, off in (("pause", "false"), ("resume", "true"), ("step", "true")):
        expect(control.locator(f"[data-action={action}]")).to_have_attribute("aria-disabled", off)
    control.locator("[data-action=pause]").focus()
    page.keyboard.press("Enter")
    for view in (control, console):
        expect(view).to_have_attribute("data-state", "paused")
    seen = "import json; from unilab.views.words import address_text; print(json.dumps(address_text({})))"
    rip = control.locator("[data-register=RIP] td").first
    assert notebook.run(seen.format("machine.registers().rip")) == rip.text_content()
    # It waits for an interrupt, and none comes: that is said, and it stays as it is.
    control.locator("[data-action=step]").click()
    expect(control.locator("[role=alert]")).to_contain_text("halted until an interrupt comes")
    console.locator("[data-action=line]").fill("x")
    console.locator("[data-action=line]").press("Enter")
    control.locator("[data-action=step]").click()
    expect(control).to_have_attribute("data-steps", "1")
    expect(control.locator(".uv-place")).to_contain_text("interrupt")
    expect(control.locator("[role=alert]")).to_be_hidden()
    notebook.screenshot("gallery2-machine")
    _check(notebook, control)
    # What a cell does is seen, too.
    notebook.run("machine.resume(); print(1)")
    expect(control).to_have_attribute("data-state", "running")
    console.locator("[data-action=line]").press("Control+d")
    expect(console.locator("[role=log]")).to_contain_text("bye")
    for view in (console, control):
        expect(view).to_have_attribute("data-state", "ended")
        expect(view.locator(".uv-ending")).to_have_text("exit, exit status 0")
    expect(console.locator("[data-action=line]")).to_be_disabled()
    expect(control.locator("[data-action=quit]")).to_have_attribute("aria-disabled", "true")
    still = "import json, threading; print(json.dumps([t.name for t in threading.enumerate() if 'diary' in t.name]))"
    notebook.run("console._watcher.join(20); control._watcher.join(20); console._typist.join(20); print(1)")
    assert notebook.run(still) == []


def test_views_in_the_dark_outlive_their_kernel(notebook: OpenNotebook) -> None:
    """The last test of the module: it takes the kernel away."""
    page = notebook.page
    # The machine of the tests above has ended: have a running one, as the notebook has it at first.
    notebook.run_all()
    notebook.set_theme("dark")
    names = ("crossing", "boot", "boot-steps", "threads", "virtqueue", "console", "control")
    for name in names:
        view = _view(notebook, name)
        notebook.screenshot(f"gallery2-dark-{name}")
        assert violations(page, view, at_least=6) == []
        assert looks.faults_at(view, 1200) == []
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    for name in names:
        expect(_view(notebook, name).locator(".uv-stale")).to_be_visible(timeout=60_000)
    view = _view(notebook, "virtqueue")
    view.locator("[data-action=next]").click()
    expect(view).to_have_attribute("data-at", "1")
    expect(_view(notebook, "console").locator("[data-action=line]")).to_be_disabled()
    expect(_view(notebook, "control").locator("[data-action=pause]")).to_have_attribute("aria-disabled", "true")
    notebook.screenshot("gallery2-stale")
    assert notebook.trouble == []
