"""What is stored in a notebook can be compared at all: nbval passes a cell without an execution count in silence."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.notebooks.course import NOTEBOOKS, code_cells, ignored, read
from tests.notebooks.styles import renew
from unilab.learn.recall import quiz

_WIDGET = "application/vnd.jupyter.widget-view+json"
_DRAWING = re.compile(r"data:image/svg\+xml[^,]*,([^\"']+)")
#: Absolute paths of whoever ran the notebook; those that every Linux has say nothing.
_PATH = re.compile(r"(?<![\w/.])/(?!proc/|sys/|dev/|usr/|lib/)[a-z]\w*/[\w./-]+")

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_every_cell_was_run_in_order_from_a_fresh_kernel(path: Path) -> None:
    counts = [cell.execution_count for cell in code_cells(read(path))]
    assert counts == list(range(1, len(counts) + 1)), "run all cells from a fresh kernel, then save"


def test_no_widget_state_is_stored(path: Path) -> None:
    assert "widgets" not in read(path).metadata


def test_every_widget_has_a_static_form(path: Path) -> None:
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            data = output.get("data", {})
            if _WIDGET in data:
                assert {"text/html", "text/plain"} <= set(data), cell.id


def test_every_picture_says_where_it_comes_from(path: Path) -> None:
    drawn = [
        (cell.id, unquote(drawing))
        for cell in code_cells(read(path))
        for output in cell.outputs
        for drawing in _DRAWING.findall(output.get("data", {}).get("text/html", ""))
    ]
    assert drawn
    for cell, drawing in drawn:
        assert re.search(r"uv-badge-(live|recorded|model)\b", drawing), cell


def test_what_is_not_compared_is_checked_in_the_next_cell(path: Path) -> None:
    cells = code_cells(read(path))
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        if ignored(cell):
            assert following is not None and not ignored(following), cell.id
            assert re.search(r"\bcheck\(|\bassert\b", following.source), f"{following.id} checks nothing of {cell.id}"


def test_no_stored_output_names_a_path_of_the_host(path: Path) -> None:
    for cell in code_cells(read(path)):
        assert not _PATH.search(str(cell.outputs)), cell.id


def test_stored_forms_have_the_style_sheets_of_now(path: Path) -> None:
    assert renew(read(path)) == [], "python -m tests.notebooks.styles writes them"


def test_no_stored_output_is_an_error(path: Path) -> None:
    for cell in code_cells(read(path)):
        expected = "raises-exception" in cell.metadata.get("tags", [])
        assert any(output.output_type == "error" for output in cell.outputs) == expected, cell.id


def test_the_stored_quiz_asks_what_it_asks_now(path: Path) -> None:
    """Questions change with those of earlier notebooks, which nobody runs anew for it."""
    cell = next(cell for cell in code_cells(read(path)) if cell.source.startswith("quiz("))
    now, (stored,) = quiz(path.stem[:2]), (output.data for output in cell.outputs)
    assert (stored["text/plain"], stored["text/html"]) == (now.static_text(), now.static_html())
