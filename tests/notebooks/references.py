"""Terms and sources: what the glossary and the bibliography define, and where the notebooks use it.

Run as ``python -m tests.notebooks.references``, it writes the links that are missing into the notebooks, and puts the
entries in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat

from tests.notebooks.course import NOTEBOOKS, ROOT, read

GLOSSARY = ROOT / "notebooks/glossary.md"
BIBLIOGRAPHY = ROOT / "notebooks/bibliography.md"
READ_ON = "## Where to read on"

#: What is no running text: code, headings, pictures, links, and tables.
_APART = re.compile(
    r"```.*?```|`[^`\n]*`|^#.*?$|^\|.*?$|!?\[(?:[^\[\]]|\[[^\]]*\])*\]\([^)]*\)", re.DOTALL | re.MULTILINE
)
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((glossary|bibliography)\.md#([^)]+)\)")
_KEY = re.compile(r"\[([a-z][a-z0-9-]+)\](?!\()")


def entries(page: Path) -> dict[str, str]:
    """The entries of a page: its third-level headings, and the text below each."""
    parts = re.split(r"^### (.+)$", page.read_text(), flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def fragment(name: str) -> str:
    """The address of a heading in its page, as JupyterLab makes it."""
    return name.replace(" ", "-")


def links(text: str, page: Path) -> list[tuple[str, str]]:
    """The words and the fragment of each link to a page."""
    return [(words, target) for words, stem, target in _LINK.findall(text) if stem == page.stem]


def keys(text: str) -> list[str]:
    """The citation keys of a text, linked or not."""
    unlinked = _APART.sub(lambda found: " " * len(found[0]), text)
    return [target for _, target in links(text, BIBLIOGRAPHY)] + _KEY.findall(unlinked)


def find(term: str, text: str) -> re.Match[str] | None:
    """Where running text first uses a term, in the singular or the plural."""
    prose = _APART.sub(lambda found: " " * len(found[0]), text)
    words = re.sub(r"y$", r"(?:y|ies)", r"\s+".join(map(re.escape, term.split())))
    case = 0 if re.search("[A-Z]{2}", term) else re.IGNORECASE
    return re.search(rf"(?<![\w-]){words}s?(?![\w-])", prose, case)


def items(text: str) -> list[str]:
    """The items of the list under "Where to read on"."""
    found = re.search(rf"^{READ_ON}$(.*?)(?=^\*\*Next|\Z)", text, re.DOTALL | re.MULTILINE)
    return re.split(r"^- ", found[1], flags=re.MULTILINE)[1:] if found else []


def first_uses(notebooks: list[nbformat.NotebookNode]) -> Iterator[tuple[str, nbformat.NotebookNode, bool]]:
    """Each term that prose uses, the cell that does so first, and whether it links the term.

    A longer term counts for itself: "page table" is no use of "page".
    """
    cells = [cell for notebook in notebooks for cell in notebook.cells if cell.cell_type == "markdown"]
    cells = [cell for cell in cells if READ_ON not in cell.source]
    terms = entries(GLOSSARY)
    for term in sorted(terms, key=len, reverse=True):
        longer = [other for other in terms if other != term and term.lower() in other.lower()]
        for cell in cells:
            if fragment(term) in (target for _, target in links(cell.source, GLOSSARY)):
                yield term, cell, True
                break
            if find(term, _without(longer, cell.source)):
                yield term, cell, False
                break


def _without(terms: list[str], text: str) -> str:
    for term in terms:
        while found := find(term, text):
            text = text[: found.start()] + "_" * len(found[0]) + text[found.end() :]
    return text


def _link_terms(notebooks: list[nbformat.NotebookNode]) -> None:
    for term, cell, linked in list(first_uses(notebooks)):
        if linked:
            continue
        longer = [other for other in entries(GLOSSARY) if other != term and term.lower() in other.lower()]
        if found := find(term, _without(longer, cell.source)):
            link = f"[{cell.source[found.start() : found.end()]}](glossary.md#{fragment(term)})"
            cell.source = cell.source[: found.start()] + link + cell.source[found.end() :]


def _link_sources(cell: nbformat.NotebookNode) -> None:
    sources = entries(BIBLIOGRAPHY)
    for item in items(cell.source):
        # A title stands in italics; that of the manual pages may stand plainly.
        plain = " ".join((item if "*" in item else f"*{item}*").split())
        titles = {key: re.search(r"\*(.+?)\*", text) for key, text in sources.items()}
        found = [key for key, title in titles.items() if title and title[0 if "*" in item else 1] in plain]
        missing = [key for key in found if key not in keys(item)]
        mark = "".join(f"[{key}] " for key in missing)
        cell.source = cell.source.replace(f"- {item}", f"- {mark}{item}")
    apart = [found.span() for found in _APART.finditer(cell.source)]
    for found in reversed(list(_KEY.finditer(cell.source))):
        if found[1] in sources and not any(begin <= found.start() < end for begin, end in apart):
            link = f"[{found[0]}](bibliography.md#{found[1]})"
            cell.source = cell.source[: found.start()] + link + cell.source[found.end() :]


def _put_in_order(page: Path) -> None:
    """Sort a page's entries, and leave out what stands there twice, as after two merges."""
    head, *parts = re.split(r"^### ", page.read_text(), flags=re.MULTILINE)
    once = {part.strip() for part in parts}
    in_order = sorted(once, key=lambda part: part.partition("\n")[0].lower())
    page.write_text("\n\n".join([head.strip(), *(f"### {part}" for part in in_order)]) + "\n")


def main() -> None:
    """Write the links that are missing, and put both pages in order."""
    for page in (GLOSSARY, BIBLIOGRAPHY):
        _put_in_order(page)
    notebooks = [read(path) for path in NOTEBOOKS]
    _link_terms(notebooks)
    for path, notebook in zip(NOTEBOOKS, notebooks, strict=True):
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                _link_sources(cell)
        if notebook != read(path):
            nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
