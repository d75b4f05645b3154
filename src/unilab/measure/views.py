"""What a view of thousands of regions costs a reader: the first paint, frames while moving, bytes in a notebook."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from unilab.architectures import ARCHITECTURES
from unilab.errors import CourseError, Unavailable
from unilab.machines import EXIT, start
from unilab.measure.figure import Figure, at_least, at_most, reported
from unilab.measure.jupyter import KERNEL, chromium, lab
from unilab.measure.programs import of_bench, of_course
from unilab.spaces.model import AddressSpace

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

_REGIONS = 5000
_ROUNDS = 7
_FRAMES = 120
_OUTPUTS = "window.jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.toJSON()"
_PATIENCE_MS = 60_000
#: The second shows the view with its groups open down to one region in the middle: more is drawn than at first.
_CELLS = (
    "from unilab.measure.views import crowd\n"
    "from unilab.views import AddressSpaceView\n"
    "from unilab.views.layout import path_to\n"
    "space = crowd()\n"
    "opened = [f'0:{key}' for key in path_to(space, len(space.regions) // 2)]",
    "view = AddressSpaceView(space, height=700, expanded=opened)\nview",
)
#: Runs the notebook's second cell. Resolves with milliseconds: from the view's state arriving in the browser to the
#: frame after it was drawn, and the same from the moment that the cell was run.
_PAINT = f"""async () => {{
    const kernel = {KERNEL};
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.widgets[1].model.sharedModel.setOutputs([]);
    notebook.activeCellIndex = 1;
    let arrived = null;
    const hear = (_, {{msg, direction}}) => {{
        if (direction === 'recv' && msg.header.msg_type === 'comm_open') arrived ??= performance.now();
    }};
    kernel.anyMessage.connect(hear);
    const painted = new Promise(resolve => {{
        const look = () => document.querySelector('.uv-view[data-ready=true] svg')
            ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())))
            : setTimeout(look, 0);
        look();
    }});
    const begin = performance.now();
    await window.jupyterapp.commands.execute('notebook:run-cell');
    const end = await painted;
    kernel.anyMessage.disconnect(hear);
    return [end - arrived, end - begin];
}}"""
#: Moves for so many frames, one move a frame, and resolves with frames a second.
_MOVE = """([frames, moves]) => new Promise(resolve => {
    const pane = document.querySelector('.uv-view .uv-pane');
    const blocks = [...pane.querySelectorAll('[data-block]')];
    const corner = pane.getBoundingClientRect();
    const at = {bubbles: true, cancelable: true, clientX: corner.left + 60, clientY: corner.top + 60};
    const turn = n => new WheelEvent('wheel', {...at, ctrlKey: true, deltaY: n % 12 < 6 ? -30 : 30});
    const zoom = n => pane.dispatchEvent(turn(n));
    const hover = n => blocks[n % blocks.length].dispatchEvent(new PointerEvent('pointerover', {bubbles: true}));
    let count = 0;
    let begin = null;
    const frame = now => {
        begin ??= now;
        if (count === frames) return resolve(1000 * frames / (now - begin));
        (moves === 'zoom' ? zoom : hover)(count);
        count += 1;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
})"""


def crowd() -> AddressSpace:
    """A live process with 5,000 mappings and more."""
    with start(of_bench("mappings.c"), "process", args=[str(_REGIONS)], stop_at=EXIT) as machine:
        return machine.address_space()


def thousands() -> Iterable[Figure]:
    """A view of 5,000 regions in JupyterLab: milliseconds, frames a second, bytes."""
    with ExitStack() as stack:
        folder, private = (Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unilab-"))) for _ in range(2))
        notebook = folder / "views.ipynb"
        notebook.write_text(json.dumps(_notebook()), encoding="utf-8")
        server = stack.enter_context(lab(folder, notebook, private))
        page = stack.enter_context(chromium()).new_page(viewport={"width": 1400, "height": 1100})
        page.set_default_timeout(_PATIENCE_MS)
        server.open(page, notebook.name)
        _run_first(page)
        rounds: list[tuple[float, float]] = []
        busy: list[float] = []
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        for _ in range(_ROUNDS):
            before = _main_thread(session)
            rounds.append(tuple(page.evaluate(_PAINT)))
            busy.append(_main_thread(session) - before)
        yield at_most("views.thousands.first_paint.ms", 300, "ms", [paint for paint, _ in rounds])
        # Of all that JupyterLab does with a cell's output; other programs of a busy host are not in it.
        yield reported("views.thousands.first_paint.cpu.ms", "ms", busy)
        yield reported("views.thousands.run_to_paint.ms", "ms", [whole for _, whole in rounds])
        for moves in ("zoom", "hover"):
            before = _main_thread(session)
            rates = [page.evaluate(_MOVE, [_FRAMES, moves]) for _ in range(3)]
            each = (_main_thread(session) - before) / (3 * _FRAMES)
            yield at_least(f"views.thousands.{moves}.fps", 30, "frames/s", rates)
            yield reported(f"views.thousands.{moves}.cpu.ms", "ms a frame", [each])
        size = page.evaluate(f"() => JSON.stringify({_OUTPUTS}).length")
        yield at_most("views.thousands.output.bytes", 200_000, "bytes", [size])


def _main_thread(session: CDPSession) -> float:
    """Milliseconds of processor time that the page's main thread has used."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(1e3 * next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


def _notebook() -> dict[str, object]:
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(_CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _run_first(page: Page) -> None:
    said = page.evaluate(
        "async () => { const n = window.jupyterapp.shell.currentWidget.content; n.activeCellIndex = 0;"
        " await window.jupyterapp.commands.execute('notebook:run-cell');"
        " return n.widgets[0].model.outputs.toJSON().map(o => o.evalue ?? o.text ?? '').join(); }"
    )
    if said:
        raise CourseError(f"the notebook that is measured does not run: {said}")


def side_by_side() -> Iterable[Figure]:
    """From nothing to the picture of hello in every architecture that runs here, live: seconds."""
    from unilab.views import side_by_side as show  # noqa: PLC0415

    begin = time.monotonic()
    # Some of them wait more than they compute.
    with ThreadPoolExecutor(len(ARCHITECTURES)) as pool:
        spaces = [space for space in pool.map(_live, ARCHITECTURES) if space is not None]
    view = show(*spaces)
    seconds = time.monotonic() - begin
    assert view.svg()
    yield reported("views.side_by_side.architectures", "count", [len(spaces)])
    yield at_most("views.side_by_side.s", 15, "s", [seconds])


def _live(architecture: str) -> AddressSpace | None:
    """Of hello; None where this host cannot run it so: how many there were is reported beside the time."""
    try:
        with start(of_course("hello.c"), architecture, stop_at=EXIT) as machine:
            return machine.address_space()
    except Unavailable:
        return None
