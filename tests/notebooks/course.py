"""The notebooks, as the tests of this folder see them."""

from __future__ import annotations

from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))
IGNORED = "nbval-ignore-output"


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook, valid or an error."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Its code cells that hold something."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def markdown(notebook: nbformat.NotebookNode) -> str:
    """All its prose."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def ignored(cell: nbformat.NotebookNode) -> bool:
    """Whether nbval does not compare its output."""
    return IGNORED in cell.metadata.get("tags", [])


def shown_text(cell: nbformat.NotebookNode) -> str:
    """The plain text of its outputs."""
    parts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(parts)
