"""Source text and changes of it, highlighted: as HTML that needs no script, and as plain text."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape

from pygments.lexer import Lexer
from pygments.lexers.asm import GasLexer
from pygments.lexers.c_cpp import CLexer
from pygments.token import Comment, Keyword, Name, Number, String, _TokenType

from unilab.views.theme import STATIC

#: Kinds of words that are told apart, and their class in source.css.
_CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Comment.Preproc, "p"),
    (Comment.PreprocFile, "s"),
    (Comment, "c"),
    (String, "s"),
    (Number, "m"),
    (Keyword, "k"),
    (Name.Function, "f"),
    (Name.Label, "f"),
)


@dataclass(frozen=True, slots=True, repr=False)
class SourceView:
    """Lines of a file. Shown by Jupyter as HTML and as text.

    Attributes:
        name: The file's name, such as ``libos/core/main.c``.
        text: All of the file: what a line means may depend on those above it.
        first: The first line to show, from 1.
        last: The last.
        link: Where the file is, seen from the notebook; empty for no link.
    """

    name: str
    text: str
    first: int
    last: int
    link: str = ""

    @property
    def lines(self) -> list[str]:
        """The lines on show, without numbers."""
        return self.text.split("\n")[self.first - 1 : self.last]

    def _where(self) -> str:
        return f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"

    def __repr__(self) -> str:
        """The text form."""
        width = len(str(self.last))
        numbered = (f"{number:>{width}}  {line}".rstrip() for number, line in enumerate(self.lines, self.first))
        return "\n".join([f"{self.name}, {self._where()}", *numbered])

    def _repr_html_(self) -> str:
        """Jupyter's hook."""
        width = len(str(self.last))
        coloured = list(highlighted(self.text, self.name))[self.first - 1 : self.last]
        rows = "\n".join(
            f'<span class="uv-n">{number:>{width}}</span>  {line}' for number, line in enumerate(coloured, self.first)
        )
        return framed(_title(self.name, self.link, self._where()), rows, f"{self.name}, {self._where()}")


@dataclass(frozen=True, slots=True, repr=False)
class DiffView:
    """What was changed in a file. Shown by Jupyter as HTML and as text.

    Attributes:
        name: The file's name, such as ``libos/core/main.c``.
        before: Its text as it was; None if there was no such file.
        after: Its text as it is.
        link: Where it is, seen from the notebook; empty for no link.
        note: A sentence below.
    """

    name: str
    before: str | None
    after: str
    link: str = ""
    note: str = ""

    @property
    def lines(self) -> list[str]:
        """A unified diff, without the names of the files."""
        changed = difflib.unified_diff((self.before or "").splitlines(), self.after.splitlines(), lineterm="")
        return list(changed)[2:]

    def _says(self) -> str:
        if self.before is None:
            return "a new file"
        return "changed" if self.lines else "as the course has it"

    def __repr__(self) -> str:
        """The text form."""
        return "\n".join([f"{self.name}, {self._says()}", *self.lines, *([self.note] if self.note else [])])

    def _repr_html_(self) -> str:
        """Jupyter's hook."""
        kinds = {"+": "ins", "-": "del", "@": "at"}
        rows = "\n".join(
            f'<span class="uv-{kinds[line[0]]}">{escape(line)}</span>' if line[:1] in kinds else escape(line)
            for line in self.lines
        )
        title = _title(self.name, self.link, self._says())
        return framed(title, rows, f"changes of {self.name}", note=self.note)


def highlighted(text: str, name: str) -> Iterator[str]:
    """Each line of a file as HTML.

    Args:
        text: C or assembly, or else plain.
        name: The file's, which says which.
    """
    lexer = _lexer(name.rpartition(".")[2])
    if lexer is None:
        yield from map(escape, text.split("\n"))
        return
    line = ""
    for kind, piece in lexer.get_tokens(text):
        style = next((style for parent, style in _CLASSES if kind in parent), "")
        for index, part in enumerate(piece.split("\n")):
            if index:
                yield line
                line = ""
            if part:
                line += f'<span class="uv-{style}">{escape(part)}</span>' if style else escape(part)
    yield line


@cache
def _lexer(suffix: str) -> Lexer | None:
    # Empty lines at the ends count: lines have numbers.
    options = {"stripnl": False, "ensurenl": False}
    if suffix in {"c", "h"}:
        return CLexer(**options)
    return GasLexer(**options) if suffix == "S" else None


def _title(name: str, link: str, says: str) -> str:
    named = f'<a href="{escape(link, quote=True)}">{escape(name)}</a>' if link else escape(name)
    return f"{named}, {escape(says)}"


def framed(title: str, rows: str, label: str, *, note: str = "") -> str:
    """Preformatted text in the frame that source is shown in. It scrolls sideways, by keyboard too.

    Args:
        title: HTML above it.
        rows: HTML, lines as in ``pre``; empty for none.
        label: What it is, for those who hear it.
        note: A sentence below.
    """
    body = f'<pre tabindex="0" role="region" aria-label="{escape(label, quote=True)}">{rows}</pre>' if rows else ""
    below = f"<p>{escape(note)}</p>" if note else ""
    return f'<div class="uv-source"><style>{_style()}</style><p>{title}</p>{body}{below}</div>'


@cache
def _style() -> str:
    return (STATIC / "source.css").read_text(encoding="utf-8")
