"""Style sheets in stored outputs: a saved form carries the one that it is shown with.

Run as ``python -m tests.notebooks.styles`` after a change of one, it writes it into every notebook: none has to be run
anew for its looks.
"""

from __future__ import annotations

import re

import nbformat

from tests.notebooks.course import NOTEBOOKS, code_cells, read
from unilab.learn.look import STATIC as LEARN
from unilab.views.theme import STATIC as VIEWS

#: By the line that each begins with.
_SHEETS = {
    sheet.partition("\n")[0]: sheet for sheet in ((LEARN / "learn.css").read_text(), (VIEWS / "source.css").read_text())
}
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def _current(found: re.Match[str]) -> str:
    first = found[1].split("\n", 1)[0]
    return f"<style>{_SHEETS[first]}</style>" if first in _SHEETS else found[0]


def renew(notebook: nbformat.NotebookNode) -> list[str]:
    """Give stored outputs the style sheets of now.

    Returns:
        The cells that had another.
    """
    changed = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            html = data.get("text/html", "")
            renewed = _STYLE.sub(_current, html)
            if renewed != html:
                data["text/html"] = renewed
                changed.append(cell.id)
    return changed


def main() -> None:
    """Write them into the notebooks."""
    for path in NOTEBOOKS:
        notebook = read(path)
        if renew(notebook):
            nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
