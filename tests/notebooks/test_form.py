"""The rules that every notebook follows (length, card, alternatives, end)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.notebooks.course import NOTEBOOKS, ROOT, code_cells, markdown, read
from unilab.learn.question import load

_FIGURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_length(path: Path) -> None:
    notebook = read(path)
    assert 20 <= len(notebook.cells) <= 45
    assert 600 <= len(markdown(notebook).split()) <= 1700
    for cell in code_cells(notebook):
        lines = cell.source.splitlines()
        assert len(lines) <= 15 and max(map(len, lines)) <= 96, f"{cell.id}: what does not fit is cut off on a screen"


def test_opens_with_a_card_of_three_to_five_objectives(path: Path) -> None:
    first = next(cell for cell in code_cells(read(path)) if "card(" in cell.source)
    assert code_cells(read(path)).index(first) <= 1
    call = next(n for n in ast.walk(ast.parse(first.source)) if isinstance(n, ast.Call))
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    assert {"question", "objectives", "prerequisites", "time", "machine", "fallback"} <= set(given)
    assert 3 <= len(given["objectives"]) <= 5


def test_every_prediction_meets_its_observation_later(path: Path) -> None:
    source = "\n".join(cell.source for cell in code_cells(read(path)))
    names = re.findall(r"^(\w+) = predict\(", source, re.MULTILINE)
    assert names
    for name in names:
        assert source.find(f"{name}.reveal(") > source.find(f"{name} = predict("), name


def test_ends_with_what_we_learnt_a_quiz_and_where_to_read_on(path: Path) -> None:
    notebook = read(path)
    ends = [cell.source for cell in notebook.cells[-3:]]
    assert "## What we learnt" in ends[0] and "## Recall" in ends[0]
    assert ends[1] == f'quiz("{path.stem[:2]}")'
    assert "## Where to read on" in ends[2] and "**Next:**" in ends[2]
    assert 4 <= len(load(path.stem[:2])) <= 6


def test_figures_are_there_and_say_in_words_what_they_show(path: Path) -> None:
    for alternative, target in _FIGURE.findall(markdown(read(path))):
        file = (path.parent / target).resolve()
        assert file.is_file() and file.parent == ROOT / "images"
        assert alternative == file.with_suffix(".alt.txt").read_text().strip()


def test_links_to_notebooks_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#:]+)\)", markdown(read(path))):
        assert (path.parent / target).exists(), target
