"""Views and questions as VS Code shows them: its own widget manager, which npm publishes, on a page like its webview.

VS Code's Jupyter extension itself is in no package registry. What it does for a widget, between the kernel's message
and the page, is in its manager; how it finds widgets' scripts is in vscode/renderer.js.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser import axe, npm
from tests.browser import notebooks as learner
from tests.browser.conftest import ARTEFACTS, Lab, OpenNotebook
from unilab.views.theme import LIGHT

_PAGE = Path(__file__).parent / "vscode"
_EXTENSIONS = Path(sys.prefix) / "share/jupyter/nbextensions"
_SCRIPTS = (
    npm.Script(
        "@vscode/jupyter-ipywidgets8",
        "1.0.9",
        "bocCThfa4JDIDd7qCFAfW3HpzHfTLYxOTpTbiDfw4DXOUjKHnr6ObkMBiIkuzYPRybh5bY4FhYLemuDuTvIbpQ==",
        "package/dist/ipywidgets.js",
        "ipywidgets.js",
    ),
    npm.Script(
        "@jupyterlab/services",
        "7.6.6",
        "EhjaH69qdWA7HfyM84kIjvE1o0vy1xELMfchGQ+NMgEWhzs4vVgkyazLVCrUM5XCy0cNJ/UcvwUGp/vlco/61Q==",
        "package/dist/dist/index.js",
        "services.js",
    ),
    npm.Script(
        "requirejs",
        "2.3.8",
        "7/cTSLOdYkNBNJcDMWf+luFvMriVm7eYxp4BcFCsAX0wF421Vyce5SXP17c+Jd5otXKGNehIonFlyQXSowL6Mw==",
        "package/require.js",
        "require.js",
    ),
)
_KINDS = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_CELLS = (
    "import os, tempfile\nos.environ['UNILAB_PROGRESS'] = tempfile.mktemp()\n"
    "from unilab import card, check, observe, predict, quiz, show, side_by_side, write_program\n"
    "from unilab.machines import recordings",
    "card(question='What?', objectives=['see it', 'do it'])",
    "owner = predict('Whose is the text?', choices=['mine', 'yours', 'nobody\\'s'])\nowner",
    "process = observe('programs/hello.c', on='process').space\n"
    "view = show(process, task='Find the stack.')\nowner.lock(view)\nview",
    "owner.reveal('mine', why='LIVE')",
    "check('it is right', True)",
    "check('it is wrong', False, hints=['look again'])",
    "files = [recordings.file_of('hello', on) for on in ('process', 'unikernel')]\n"
    "side_by_side(*(recordings.load(file).spaces[0] for file in files), task='Compare.')",
    "quiz('00')",
    "show(observe('programs/hello.c', on='unikernel').space, task='Open a group.')",
    "from unilab import boot_steps, image_map, thread_timeline, views, virtqueue_steps\n"
    "from unilab.machines import boot_timeline, journey, request_journey\n"
    "from unilab.measure import comparison",
    "views.CrossingView(journey.load('hello', 'linux'), task='Where is the border?')",
    "views.BootTimelineView(boot_timeline.load('hello', 'linux'), task='What takes the time?')",
    "views.BootStepsView(boot_steps('programs/hello.c'), task='Which step changes the mode?')",
    "views.ImageMapView(image_map('programs/hello.c'), task='What is the largest?')",
    "views.ThreadTimelineView(thread_timeline('programs/threads.c', args=['300000'], switches=20), task='Who waits?')",
    "views.VirtqueueView(*virtqueue_steps(write_program('diary.c', "
    '\'#include <stdio.h>\\nint main(void) { puts(""); return fclose(fopen("/data/a", "w")); }\')), task=\'Which?\')',
    "views.ExchangeView(request_journey.load('httpd', 'unikernel'), task='Find main.')",
    "views.ComparisonView(comparison.load(), task='What got worse?')",
    "show.source('console_write')",
)
#: By their CSS classes.
_KINDS_OF_VIEWS = [
    *("space", "side", "crossing", "boot", "boot-steps", "image-map", "threads", "virtqueue", "exchange", "comparison"),
]


@pytest.fixture(scope="module")
def webview(lab: Lab, browser: Browser) -> Iterator[OpenNotebook]:
    scripts = npm.fetch(*_SCRIPTS)
    # The reader's system is dark, and VS Code is light: the views must follow neither blindly.
    context = browser.new_context(viewport={"width": 1100, "height": 1000}, color_scheme="dark")
    # A page that Playwright answers for has no address of this host's, from which the kernel's socket could be used.
    context.grant_permissions(["local-network-access"])
    page = context.new_page()
    page.set_default_timeout(20_000)
    opened = OpenNotebook(page)

    def serve(route: Route) -> None:
        name = route.request.url.partition("/vscode/")[2].partition("?")[0]
        folder = _EXTENSIONS.parent if name.startswith("nbextensions/") else _PAGE
        file = next(path for path in (folder / name, scripts / name) if path.is_file())
        route.fulfill(path=file, content_type=_KINDS[file.suffix])

    page.route(f"{lab.url}/vscode/**", serve)
    page.on("pageerror", lambda error: opened.trouble.append(str(error)))
    page.on("console", lambda said: opened.trouble.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda sent: (
            opened.trouble.append(f"left the host: {sent.url}")
            if re.match("(http|ws)", sent.url) and lab.url.split("//")[1] not in sent.url
            else None
        ),
    )
    page.goto(f"{lab.url}/vscode/page.html")
    page.wait_for_function("() => window.webview")
    page.evaluate("([token, path]) => window.webview.start(token, path)", [lab.token, "notebooks/vscode.ipynb"])
    for cell in _CELLS:
        assert page.evaluate("code => window.webview.run(code)", cell) == [], cell
    yield opened
    page.evaluate("() => window.webview.shutdown()")
    context.close()


@pytest.fixture
def page(webview: OpenNotebook) -> Iterator[Page]:
    """The page that all tests share, in their order, as a learner goes down a notebook."""
    yield webview.page
    assert webview.trouble == []


def _view(page: Page, kind: str) -> Locator:
    view = page.locator(f".uv-view-{kind}[data-ready=true]").first
    view.scroll_into_view_if_needed()
    return view


def _shoot(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"vscode-{name}.png", full_page=True)


def test_a_prediction_is_committed_by_keyboard_and_unlocks_its_view(webview: OpenNotebook, page: Page) -> None:
    view = page.locator(".uv-view-space").first
    expect(view).to_have_attribute("data-locked", "true")
    expect(view.locator("svg")).to_be_hidden()
    assert learner.predict(webview, page.locator(".ul-predict")) == "yours"
    reveal = page.locator(".ul-reveal")
    expect(reveal.locator("[data-field=predicted]")).to_contain_text("yours")
    expect(reveal.locator("[data-field=observed]")).to_contain_text("mine")
    expect(view.locator("svg")).to_be_visible()


@pytest.mark.parametrize("kind", _KINDS_OF_VIEWS)
def test_a_view_is_clicked_and_keyed(page: Page, kind: str) -> None:
    learner.use(_view(page, kind))


def test_a_group_opens_in_the_kernel(page: Page) -> None:
    """From the page to Python and back: the kernel draws a view anew when a group is opened."""
    view = page.locator(".uv-view-space[data-ready=true]").last
    view.scroll_into_view_if_needed()
    group = view.locator("[data-block][aria-expanded=false]").first
    drawn = view.locator("[data-block]").count()
    group.focus()
    page.keyboard.press("Enter")
    expect(view.locator("[data-block][aria-expanded=true]")).to_have_count(1)
    assert view.locator("[data-block]").count() > drawn


def test_the_quiz_says_wrong_and_right(page: Page) -> None:
    learner.answer_all(page, page.locator(".ul-quiz"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("system", ["light", "dark"])
def test_everything_can_be_read(page: Page, theme: str, system: str) -> None:
    """Contrasts, by axe. Widgets are on white in every theme, everything else is on the editor's own colour."""
    page.emulate_media(color_scheme="dark" if system == "dark" else "light")
    page.evaluate("theme => window.webview.setTheme(theme)", theme)
    for output in page.locator(".output_container").all():
        output.scroll_into_view_if_needed()
        assert axe.violations(page, output, at_least=1) == []
    # axe knows no contrasts of SVG: the palettes have their own test, if only the right one is used.
    for picture in page.locator("svg.uv").all():
        colour = picture.evaluate("node => getComputedStyle(node).getPropertyValue('--uv-muted').trim()")
        assert colour == LIGHT.muted
    _shoot(page, f"{theme}-on-{system}")
