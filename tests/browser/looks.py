"""What a program can see of a view's look: text cut off or covered, contrasts in pictures, names of controls."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Locator

#: Each gallery's views, by their classes.
GALLERIES = {
    "gallery.ipynb": {"AddressSpaceView", "NestedView", "PageWalkView", "SideBySide"},
    "gallery2.ipynb": {
        *("BootStepsView", "BootTimelineView", "ConsoleView", "CrossingView", "MachineControl"),
        *("ThreadTimelineView", "VirtqueueView"),
    },
    "gallery3.ipynb": {"ComparisonView", "ExchangeView", "ExperimentView", "ImageMapView"},
}
#: For the kernel: prints the classes of the views that there are.
SHOWN = """
import gc, json
from unilab.views.static_form import StaticFormWidget
print(json.dumps(sorted({type(each).__name__ for each in gc.get_objects() if isinstance(each, StaticFormWidget)})))
"""
#: How wide a view may be, in pixels: beside other windows, and on a wide screen.
WIDTHS = (600, 1200)


@cache
def _script() -> str:
    return Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def faults(view: Locator) -> list[str]:
    """What is wrong with a view as it is now, a sentence each.

    axe looks at HTML; this looks into SVG, too, where axe knows neither contrasts nor boxes.

    Args:
        view: Its root element, in view.
    """
    found: list[str] = view.evaluate(_script())
    return found


def faults_at(view: Locator, width: int) -> list[str]:
    """The same where it has so much room, which it has only meanwhile.

    Args:
        view: Its root element.
        width: Pixels.
    """
    # Two frames: the view measures its room in the first, and is laid out anew in the second.
    settle = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"
    room = view.locator("xpath=..")
    before = room.get_attribute("style") or ""
    room.evaluate("(node, width) => Object.assign(node.style, {width: `${width}px`, maxWidth: `${width}px`})", width)
    view.evaluate(settle)
    view.scroll_into_view_if_needed()
    found = faults(view)
    room.evaluate("(node, style) => node.setAttribute('style', style)", before)
    view.evaluate(settle)
    return [f"{width} px: {each}" for each in found]
