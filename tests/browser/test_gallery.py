"""Every view of address spaces in a real JupyterLab: looked at, clicked, keyed, and compared with the plain values."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser import axe, looks
from tests.browser.conftest import ARTEFACTS, Lab, OpenNotebook

_NOTEBOOK = "gallery.ipynb"
#: The views, in the order of the notebook, by their CSS class, and which of its kind each is.
_VIEWS = {
    "space": ("space", 0),
    "crowd": ("space", 1),
    "side": ("side", 0),
    "recorded": ("side", 1),
    "walk": ("walk", 0),
    "nested": ("nested", 0),
}
_CONTEXT = "window.jupyterapp.shell.currentWidget.context"


@pytest.fixture(scope="module")
def gallery(open_for_module: Callable[..., OpenNotebook]) -> OpenNotebook:
    opened = open_for_module(_NOTEBOOK)
    opened.run_all()
    return opened


@pytest.fixture(autouse=True)
def _no_trouble(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "gallery" in request.fixturenames:
        assert request.getfixturevalue("gallery").trouble == []


def view_of(notebook: OpenNotebook, name: str) -> Locator:
    kind, number = _VIEWS[name]
    view = notebook.page.locator(f".uv-view-{kind}[data-ready=true]").nth(number)
    view.scroll_into_view_if_needed()
    return view


def facts(view: Locator) -> dict[str, str]:
    return {str(item.get_attribute("data-field")): item.inner_text() for item in view.locator("dd[data-field]").all()}


def shoot(view: Locator, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    view.screenshot(path=ARTEFACTS / f"{name}.png")


def block(view: Locator, key: str) -> Locator:
    return view.locator(f'[data-block="{key}"]')


@pytest.mark.parametrize("name", _VIEWS)
def test_axe_finds_nothing_serious(gallery: OpenNotebook, name: str) -> None:
    view = view_of(gallery, name)
    assert axe.violations(gallery.page, view, at_least=10) == []
    shoot(view, f"gallery-{name}")
    view.locator("[data-action=table]").click()
    expect(view.locator("table").first).to_be_visible()
    assert axe.violations(gallery.page, view) == []
    view.locator("[data-action=table]").click()
    expect(view.locator("svg")).to_be_visible()


def test_every_view_of_the_gallery_is_shown(gallery: OpenNotebook) -> None:
    assert set(gallery.run(looks.SHOWN)) == looks.GALLERIES[_NOTEBOOK]


@pytest.mark.parametrize("width", looks.WIDTHS)
@pytest.mark.parametrize("name", _VIEWS)
def test_no_word_is_cut_off_covered_or_faint(gallery: OpenNotebook, name: str, width: int) -> None:
    assert looks.faults_at(view_of(gallery, name), width) == []


@pytest.mark.parametrize("name", _VIEWS)
def test_a_view_has_one_tab_stop_a_column_and_speaks(gallery: OpenNotebook, name: str) -> None:
    view = view_of(gallery, name)
    stops = view.locator("[data-block][tabindex='0']")
    assert stops.count() == (view.locator(".uv-column").count() or 1)
    stops.last.focus()
    before = view.evaluate("node => document.activeElement.dataset.block")
    gallery.page.keyboard.press("ArrowDown")
    after = view.evaluate("node => document.activeElement.dataset.block")
    if name == "walk":  # from all steps to the first
        expect(view).to_have_attribute("data-step", "0")
    elif name == "nested":  # from the first byte to the second
        expect(view).to_have_attribute("data-byte", "1")
        gallery.page.keyboard.press("ArrowUp")
        expect(view).to_have_attribute("data-byte", "0")
    else:
        assert before != after
    assert view.evaluate("node => document.activeElement.getAttribute('aria-label')")
    # Notebook 7 takes keys on their way down, but for those whose target has this attribute.
    kept = "() => document.activeElement.hasAttribute('data-lm-suppress-shortcuts')"
    gallery.page.keyboard.press("Shift")
    assert view.evaluate(kept)
    gallery.page.keyboard.press("Control+F1")
    assert not view.evaluate(kept)
    gallery.page.keyboard.press("Escape")


def close_all(view: Locator) -> None:
    """Close every group of an address space, the innermost first."""
    while opened := view.get_attribute("data-expanded"):
        block(view, opened.split()[-1]).press("ArrowLeft")
        expect(view).not_to_have_attribute("data-expanded", opened)


def test_a_name_is_found_among_thousands_and_its_groups_open(gallery: OpenNotebook) -> None:
    view = view_of(gallery, "crowd")
    assert view.locator("svg *").count() < 1000
    find = view.locator("[data-action=find]")
    find.fill("lib777.so")
    find.press("Enter")
    expect(view.locator("dd[data-field=label]")).to_have_text("lib777.so")
    expect(view).not_to_have_attribute("data-expanded", "")
    region = gallery.run(
        "import json; r = [r for r in crowd.regions if r.label == 'lib777.so'][-1];"
        " print(json.dumps([hex(r.start), hex(r.end)]))"
    )
    assert [view.get_attribute("data-start"), view.get_attribute("data-end")] == region
    find.fill("0x7ffc_0000_0123")
    find.press("Enter")
    expect(view.locator("dd[data-field=label]")).to_have_text("main stack")
    find.fill("0x1000")
    find.press("Enter")
    expect(view.locator(".uv-answer")).to_have_text("0x1000 is unmapped.")
    expect(find).to_have_attribute("aria-invalid", "true")


def test_zooming_in_on_a_group_opens_it_and_zooming_out_closes_it(gallery: OpenNotebook) -> None:
    gallery.page.evaluate("() => document.activeElement.blur()")
    view = view_of(gallery, "crowd")
    view.locator("[data-action=fit]").click()
    close_all(view)
    group = view.locator('[data-block][aria-expanded="false"]').first
    key = group.get_attribute("data-block")
    group.hover()
    gallery.page.keyboard.down("Control")
    for _ in range(12):
        gallery.page.mouse.wheel(0, -120)
    gallery.page.keyboard.up("Control")
    expect(block(view, str(key))).to_have_attribute("aria-expanded", "true")
    block(view, str(key)).focus()
    gallery.page.keyboard.press("Escape")  # first back to the whole picture
    gallery.page.keyboard.press("Escape")
    expect(block(view, str(key))).to_have_attribute("aria-expanded", "false")


def test_groups_open_in_the_table_too(gallery: OpenNotebook) -> None:
    view = view_of(gallery, "crowd")
    close_all(view)
    view.locator("[data-action=table]").click()
    rows = view.locator("tbody tr")
    before = rows.count()
    assert before < 100
    row = view.locator("tr[data-group]").first
    key = row.get_attribute("data-group")
    row.locator("button").click()
    opened = view.locator(f'tr[data-group="{key}"][data-open=true]')
    expect(opened).to_have_count(1)
    assert rows.count() > before
    opened.locator("button").click()
    expect(view.locator(f'tr[data-group="{key}"][data-open=false]')).to_have_count(1)
    view.locator("[data-action=table]").click()


def test_links_lead_from_architecture_to_architecture(gallery: OpenNotebook) -> None:
    view = view_of(gallery, "side")
    places = gallery.run(
        "import json; print(json.dumps([[f'{m.symbol} at {m.address:#_x}' for m in s.marks if m.name == 'printf'][0]"
        " for s in (process, live)]))"
    )
    block(view, "0:mark-printf").click()
    expect(view).to_have_attribute("data-thing", "printf")
    shown = facts(view)
    assert shown["hello as a process"] == f"{places[0]}, user"
    assert shown["hello as a unikernel"] == f"{places[1]}, kernel"
    assert view.locator(".uv-lit").evaluate_all("links => links.map(link => link.dataset.link)") == ["printf"]
    gallery.page.keyboard.press("ArrowRight")
    expect(view).to_have_attribute("data-selected", "1:mark-printf")
    assert view.evaluate("() => document.activeElement.dataset.block") == "1:mark-printf"
    shoot(view, "gallery-side-link")
    gallery.page.keyboard.press("]")
    expect(view).to_have_attribute("data-selected", "1:mark-main")
    gallery.page.keyboard.press("ArrowLeft")
    expect(view).to_have_attribute("data-selected", "0:mark-main")
    view.locator("[data-action=follow]", has_text="write service").click()
    expect(view).to_have_attribute("data-selected", "1:mark-write service")
    expect(view.locator(".uv-says")).to_contain_text("libos_sys_writev")
    assert facts(view)["hello as a process"] == "not visible"


def test_filters_put_out_what_is_not_asked_for(gallery: OpenNotebook) -> None:
    view = view_of(gallery, "side")
    everything = view.locator("[data-block]").count()
    user = view.locator('[data-filter="Privilege"][value="user"]')
    user.uncheck()
    of_user = view.locator('[data-block][data-ring="user"]').count()
    expect(view).to_have_attribute("data-hidden", str(of_user))
    assert 0 < of_user < everything
    assert view.locator('[data-ring="user"][data-block]:not([aria-hidden="true"])').count() == 0
    view.locator('[data-filter="Owner"][value="library OS"]').uncheck()
    assert view.locator("[data-block]:not(.uv-off)").evaluate_all(
        "blocks => blocks.every(b => b.dataset.owners.split('|').some(o => o !== 'library OS'))"
    )
    user.check()
    view.locator('[data-filter="Owner"][value="library OS"]').check()
    expect(view).to_have_attribute("data-hidden", "0")


def test_a_walk_is_stepped_with_the_keys_and_shows_the_real_entries(gallery: OpenNotebook) -> None:
    view = view_of(gallery, "walk")
    entries = gallery.run(
        "import json; print(json.dumps([[f'{e.value:#018x}', e.index, hex(e.table)] for e in walk.walk.entries]))"
    )
    block(view, "0").click()
    expect(view).to_have_attribute("data-step", "0")
    for number, (value, index, table) in enumerate(entries, 1):
        gallery.page.keyboard.press("ArrowDown")
        expect(view).to_have_attribute("data-step", str(number))
        shown = facts(view)
        assert shown["value"] == value
        assert shown["entry"].startswith(f"{index}, at ")
        assert shown["table"].replace("_", "").endswith(table)
        assert view.locator(".uv-later").count() == len(entries) + 1 - number
        expect(view.locator(".uv-says")).to_contain_text(f"Entry {index} of the")
        assert view.locator(".uv-field.uv-now").count() == 1
    view.locator("[data-action=next]").click()
    physical = gallery.run("import json; print(json.dumps(f'{walk.walk.physical:#_x}'))")
    assert facts(view)["physical address"] == physical
    expect(view.locator("[data-action=next]")).to_be_disabled()
    gallery.page.keyboard.press("Tab")
    block(view, str(len(entries))).click()
    shoot(view, "gallery-walk-step")
    view.locator("[data-action=all]").click()
    expect(view).to_have_attribute("data-step", "-1")
    assert view.locator(".uv-later").count() == 0


def test_another_address_is_walked_to_on_the_live_machine(gallery: OpenNotebook) -> None:
    view = view_of(gallery, "walk")
    field = view.locator("[data-action=walk]")
    field.fill("0x8")
    field.press("Enter")
    expect(view.locator(".uv-answer")).to_contain_text("page fault")
    space = gallery.run("import json; print(json.dumps(walk.walk.space))")
    expect(view.locator("svg")).to_have_attribute("aria-label", f"Page walk of 0x8 in {space}")
    field.fill("rubbish")
    field.press("Enter")
    expect(view.locator(".uv-answer")).to_contain_text("hexadecimal")
    field.fill(gallery.run("import json; print(json.dumps(hex(main)))"))
    field.press("Enter")
    expect(view.locator(".uv-answer")).to_contain_text("in physical memory")


def test_a_byte_is_followed_through_the_stages(gallery: OpenNotebook) -> None:
    view = view_of(gallery, "nested")
    stages = gallery.run(
        "import json; print(json.dumps([[s.space, s.address, s.content[1:2].hex()] for s in down.now.stages]))"
    )
    assert len(stages) == 4
    view.locator('[data-block="0"] [data-byte="1"]').click()
    expect(view).to_have_attribute("data-byte", "1")
    for number, (space, address, content) in enumerate(stages):
        expect(view).to_have_attribute("data-stage", str(number))
        shown = facts(view)
        assert shown["space"] == space
        if address is not None:
            assert shown["address"] == f"{address + 1:#_x}"
        if content:
            assert shown["byte"] == f"0x{content}"
        gallery.page.keyboard.press("ArrowRight")
    expect(view.locator("[data-proved]")).to_have_attribute("data-proved", "true")
    gallery.page.keyboard.press("ArrowDown")
    expect(view).to_have_attribute("data-byte", "2")
    field = view.locator("[data-action=follow]")
    field.fill(gallery.run("import json; print(json.dumps(hex(live.regions[-1].start)))"))
    field.press("Enter")
    expect(view).to_have_attribute("data-shown", "1")
    expect(view).to_have_attribute("data-byte", "0")
    view.locator("[data-action=shown]").select_option("0")
    expect(view).to_have_attribute("data-shown", "0")


def test_what_a_saved_notebook_holds_is_small_and_is_shown_without_a_kernel(
    gallery: OpenNotebook, lab: Lab, browser: Browser, tmp_path: Path
) -> None:
    path = gallery.page.evaluate(f"async () => {{ await {_CONTEXT}.save(); return {_CONTEXT}.path; }}")
    saved = json.loads((lab.folder / path).read_text(encoding="utf-8"))
    outputs = [output["data"] for cell in saved["cells"] for output in cell.get("outputs", []) if "data" in output]
    assert len(outputs) == len(_VIEWS)
    for data in outputs:
        assert len(json.dumps(data)) <= 200_000
    saved["metadata"].pop("widgets", None)
    file = tmp_path / "saved.ipynb"
    file.write_text(json.dumps(saved), encoding="utf-8")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output", "saved.html", str(file)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stderr
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.route(
        "**/*", lambda route: route.continue_() if route.request.url.startswith(("file:", "data:")) else route.abort()
    )
    page.goto((tmp_path / "saved.html").as_uri())
    pictures = page.locator(".uv-static img")
    assert pictures.count() == len(_VIEWS)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("node => node.naturalWidth") > 300
        assert picture.get_attribute("alt")
    page.locator(".uv-static summary").first.click()
    expect(page.locator(".uv-static table").first).to_be_visible()
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / "gallery-saved.png", full_page=True)
    page.close()


def test_dark_pages_have_dark_pictures_without_faults(gallery: OpenNotebook) -> None:
    gallery.set_theme("dark")
    for name in _VIEWS:
        view = view_of(gallery, name)
        paper = view.locator("svg .uv-paper").first.evaluate("node => getComputedStyle(node).fill")
        assert max(int(part) for part in paper.removeprefix("rgb(").removesuffix(")").split(",")) < 64
        assert axe.violations(gallery.page, view, at_least=10) == []
        assert looks.faults_at(view, 1200) == []
        shoot(view, f"gallery-{name}-dark")
    gallery.set_theme("light")


def test_views_outlive_their_kernel_and_say_so(gallery: OpenNotebook) -> None:
    """The last test of the module: it takes the kernel away."""
    gallery.page.evaluate(f"async () => {{ await {_CONTEXT}.sessionContext.session.kernel.restart(); }}")
    for name in _VIEWS:
        view = view_of(gallery, name)
        expect(view.locator(".uv-stale")).to_be_visible(timeout=20_000)
        expect(view.locator("svg")).to_be_visible()
    walk = view_of(gallery, "walk")
    block(walk, "0").click()
    gallery.page.keyboard.press("ArrowDown")
    expect(walk).to_have_attribute("data-step", "1")
    crowd = view_of(gallery, "crowd")
    find = crowd.locator("[data-action=find]")
    find.fill("main stack")
    find.press("Enter")
    expect(crowd.locator("dd[data-field=label]")).to_have_text("main stack")
    group = crowd.locator('[data-block][aria-expanded="false"]').first
    group.press("Enter")
    expect(group).to_have_attribute("aria-expanded", "false")
    expect(crowd.locator(".uv-answer")).to_contain_text("No kernel is there")
    field = walk.locator("[data-action=walk]")
    field.fill("0x8")
    field.press("Enter")
    expect(walk.locator(".uv-answer")).to_contain_text("The kernel does not answer")
    shoot(walk, "gallery-stale")
