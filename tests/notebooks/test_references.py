"""Terms of art are linked where prose first uses them, and sources are named by keys that resolve."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks import references
from tests.notebooks.course import NOTEBOOKS, code_cells, markdown, read
from tests.notebooks.references import BIBLIOGRAPHY, GLOSSARY, READ_ON, entries, keys, links

_EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

#: A number that somebody must have measured, counted or read somewhere.
_UNIT = r"ns|µs|ms|s|seconds?|minutes|cycles|%|per cent|times|KB|MB|[KMG]iB|bytes|lines|instructions"
_FIGURE = re.compile(rf"(?<![\w.^-])(\d[\d,.]*)\s?(?:{_UNIT})(?!\w)")
#: Where prose sends a reader who asks how we know.
_SHOWN = re.compile(r"\b(?:sections?|notebooks?|exercises?|labs?)\s+\d|\(\d\d?\.\d\)", re.IGNORECASE)


def test_every_term_and_source_is_used() -> None:
    notebooks = [read(path) for path in NOTEBOOKS]
    assert {term for term, _, _ in references.first_uses(notebooks)} == set(entries(GLOSSARY))
    cited = {key for notebook in notebooks for key in keys(markdown(notebook))}
    assert set(entries(BIBLIOGRAPHY)) == cited


def test_every_term_is_linked_where_it_is_first_used() -> None:
    missing = [
        f"{term} in {cell.id}"
        for term, cell, linked in references.first_uses([read(p) for p in NOTEBOOKS])
        if not linked
    ]
    assert not missing, "python -m tests.notebooks.references writes the links"


@_EACH
def test_links_to_terms_and_sources_resolve(path: Path) -> None:
    text = markdown(read(path))
    for words, target in links(text, GLOSSARY):
        term = {references.fragment(name): name for name in entries(GLOSSARY)}[target]
        assert references.find(term, words), f"{words!r} is linked to {term!r}"
    assert set(keys(text)) <= set(entries(BIBLIOGRAPHY))


@_EACH
def test_every_source_to_read_on_has_a_key_and_is_the_one_of_the_bibliography(path: Path) -> None:
    sources = entries(BIBLIOGRAPHY)
    found = references.items(markdown(read(path)))
    assert found
    for item in found:
        named = keys(item)
        assert named or "](../" in item, f"a key is missing: {item}"
        for doi in re.findall(r"doi:(10\.[\d.]+/[\w.]*\w)", item):
            assert any(doi in sources[key] for key in named), doi


def _unshown(notebook: nbformat.NotebookNode) -> list[str]:
    """The numbers in prose that no code and no output holds, in paragraphs that do not say where they come from."""
    cells = "\n".join(f"{cell.source}\n{cell.outputs}" for cell in code_cells(notebook)).replace(",", "")
    unshown = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown" or READ_ON in cell.source:
            continue
        for paragraph in cell.source.split("\n\n"):
            if paragraph.startswith("![") or keys(paragraph) or _SHOWN.search(paragraph):
                continue
            for figure in _FIGURE.finditer(paragraph):
                number = figure[1].rstrip(".,").replace(",", "")
                if not re.search(rf"(?<![\d.]){re.escape(number)}(?!\.?\d)", cells):
                    unshown.append(f"{cell.id}: {figure[0]}")
    return unshown


@_EACH
def test_a_number_in_prose_has_a_cell_or_a_citation(path: Path) -> None:
    assert _unshown(read(path)) == []


def test_a_number_out_of_nowhere_is_found() -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("It takes 37 ms.\n\nIt takes 38 ms, as section 1.2 shows.", id="said"),
            nbformat.v4.new_markdown_cell("It makes 1,000 bytes, and 39 cycles [sdm].", id="shown"),
            nbformat.v4.new_code_cell("print(1000)", id="code"),
        ]
    )
    assert _unshown(notebook) == ["said: 37 ms"]


def test_definitions_are_short_and_in_order() -> None:
    for page in (GLOSSARY, BIBLIOGRAPHY):
        names = list(entries(page))
        assert names == sorted(names, key=str.lower) and len(names) == len(set(map(str.lower, names)))
    for term, text in entries(GLOSSARY).items():
        assert 5 <= len(text.split()) <= 45, term
