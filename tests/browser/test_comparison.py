"""The comparison of notebook 11, stopped by its button in the middle of a run, and run again."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import notebooks as learner
from tests.browser.conftest import OpenNotebook

_NOTEBOOK = "11-microservice.ipynb"
_STEP_MS = 120_000  # a Linux guest's start and load, on a busy host
#: As JSON: what came of it, and the processes that the kernel has started, and these in turn, by name.
_LEFT = """
import json
from pathlib import Path
def below(pid):
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from [Path(f"/proc/{child}/comm").read_text().strip(), *below(child)]
print(json.dumps({"rounds": comparison.rounds, "progress": comparison.progress, "left": list(below("self")),
    "samples": {m.architecture: len(m.samples) for m in comparison.measured if m.quantity == "boot"}}))
"""


def test_stop_keeps_what_was_measured_leaves_nothing_and_a_second_run_works(
    open_notebook: Callable[..., OpenNotebook],
) -> None:
    notebook = open_notebook(_NOTEBOOK)
    page = notebook.page
    for cell in ("imports", "build"):
        learner.run_cell(notebook, cell)
    learner.start_cell(notebook, "run")
    experiment = page.locator(".uv-experiment")
    expect(experiment).to_have_attribute("data-state", "running")
    page.wait_for_function("() => Number(document.querySelector('.uv-experiment').dataset.done) >= 2", timeout=_STEP_MS)
    stop = experiment.get_by_role("button")
    stop.focus()
    page.keyboard.press("Enter")
    expect(experiment.get_by_role("status")).to_contain_text("Stopping after this step")
    expect(experiment).to_have_attribute("data-state", "stopped", timeout=_STEP_MS)
    expect(stop).to_be_disabled()
    learner.wait_until_idle(notebook)
    found = notebook.run(_LEFT)
    assert found["rounds"] < 4 and "stopped" in found["progress"]
    assert sum(found["samples"].values()) >= 2 and found["samples"]["process"] >= 1
    assert found["left"] == []

    again = 'comparison = compare(httpd, ("process", "unikernel"), rounds=2, only=("boot",), accelerator="tcg")'
    learner.run_cell(notebook, "run", again)
    expect(page.locator(".uv-experiment")).to_have_attribute("data-state", "done")
    found = notebook.run(_LEFT)
    assert found["samples"] == {"process": 2, "unikernel": 2}
    assert (found["rounds"], found["left"]) == (2, [])
    assert notebook.trouble == []
