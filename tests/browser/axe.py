"""axe-core on what a page shows: accessibility faults that a program can find."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Locator, Page

#: Of axe's four impacts, those that keep somebody from using a view.
_SERIOUS = ("serious", "critical")


@cache
def _script() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, view: Locator, *, at_least: int = 1) -> list[str]:
    """The serious and critical faults inside an element, each with the elements it was found on.

    Args:
        page: Where it is.
        view: Exactly one element, visible.
        at_least: How many of axe's rules must have had something to look at: none means that it looked at nothing.
    """
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(_script())
    looked, found = view.evaluate(
        "node => window.axe.run(node, {resultTypes: ['violations']}).then(r => [r.passes.length, r.violations])"
    )
    assert looked >= at_least
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: "
        + "; ".join(f"{node['html'][:160]} {node['failureSummary']}" for node in each["nodes"][:3])
        for each in found
        if each["impact"] in _SERIOUS
    ]
