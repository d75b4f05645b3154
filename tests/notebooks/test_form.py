"""The rules that every notebook follows (length, card, alternatives, end)."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import pytest

from tests.notebooks.course import NOTEBOOKS, ROOT, code_cells, markdown, read
from unilab.learn.question import chosen, load

_FIGURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_length(path: Path) -> None:
    notebook = read(path)
    assert 20 <= len(notebook.cells) <= 45
    assert 600 <= len(markdown(notebook).split()) <= 1700
    for cell in code_cells(notebook):
        lines = cell.source.splitlines()
        assert len(lines) <= 15 and max(map(len, lines)) <= 96, f"{cell.id}: what does not fit is cut off on a screen"


def test_one_title_and_headings_that_go_down_a_step_at_a_time(path: Path) -> None:
    levels = [len(marks) for marks in re.findall(r"^(#+) ", markdown(read(path)), re.MULTILINE)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_sections_are_numbered_in_order(path: Path) -> None:
    numbers = re.findall(r"^## (\d+)\.(\d+) ", markdown(read(path)), re.MULTILINE)
    assert numbers == [(str(int(path.stem[:2])), str(number)) for number in range(1, len(numbers) + 1)]


def test_every_claim_names_a_section_that_is_there(path: Path) -> None:
    text = markdown(read(path))
    sections = set(re.findall(r"^## (\d+\.\d+) ", text, re.MULTILINE))
    rows = re.findall(r"^\|(.+)\|(.+)\|$", text.partition("## What we learnt")[2], re.MULTILINE)[2:]
    assert len(rows) >= 3
    for claim, shown in rows:
        named = set(re.findall(r"\d+\.\d+", shown))
        assert named <= sections and (named or "exercise" in shown), claim


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
    earlier = int(path.stem[:2]) > 0
    own, asked = load(path.stem[:2]), chosen(path.stem[:2])
    assert 4 <= len(asked) <= 6
    assert len(asked) - len(own) == (2 if earlier else 0)


def test_figures_are_there_and_say_in_words_what_they_show(path: Path) -> None:
    for alternative, target in _FIGURE.findall(markdown(read(path))):
        file = (path.parent / target).resolve()
        assert file.is_file() and file.parent == ROOT / "images"
        assert alternative == file.with_suffix(".alt.txt").read_text().strip()


def test_links_to_notebooks_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#:]+)\)", markdown(read(path))):
        assert (path.parent / target).exists(), target
