"""Exercises cannot rot: each solution passes its check, and the dots that a learner starts from do not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import nbclient
import pytest

from tests.notebooks.course import NOTEBOOKS, code_cells, read, shown_text

_SOLUTIONS = Path(__file__).parent / "solutions"


def _exercises(path: Path) -> list[dict[str, str]]:
    exercises: list[dict[str, str]] = tomllib.loads((_SOLUTIONS / f"{path.stem}.toml").read_text())["exercise"]
    return exercises


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_dots_are_no_answer(path: Path) -> None:
    cells = {cell.id: cell for cell in code_cells(read(path))}
    for exercise in _exercises(path):
        assert "..." in cells[exercise["cell"]].source
        assert "not tried yet" in shown_text(cells[exercise["check"]])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_unsolved_cell_has_a_solution(path: Path) -> None:
    unsolved = {cell.id for cell in code_cells(read(path)) if cell.source.rstrip().endswith("= ...")}
    assert unsolved == {exercise["cell"] for exercise in _exercises(path)}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_solutions_pass(path: Path, tmp_path: Path) -> None:
    notebook = read(path)
    cells = {cell.id: cell for cell in notebook.cells}
    for exercise in _exercises(path):
        cells[exercise["cell"]].source = exercise["solution"]
    nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for exercise in _exercises(path):
        assert shown_text(cells[exercise["check"]]).endswith(": right."), shown_text(cells[exercise["check"]])
