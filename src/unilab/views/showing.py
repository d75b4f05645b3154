"""``show``: address spaces as pictures, and ``show.source``: a part of the library OS as text."""

from __future__ import annotations

import os
from pathlib import Path

from unilab.errors import CourseError
from unilab.toolchain import find_source
from unilab.toolchain import overlay as overlays
from unilab.toolchain.libos import tree as course_tree
from unilab.views.address_space import show as show_spaces
from unilab.views.source import SourceView

#: Where the course's own files are, seen from a notebook.
_FROM_NOTEBOOK = "../libos/"


def source(
    name: str,
    *,
    file: str = "",
    lines: tuple[int, int] | None = None,
    around: str = "",
    context: int = 6,
    overlay: str | Path | None = None,
) -> SourceView:
    """Show the source of a name, or a part of a file, of the library OS.

    Args:
        name: A function, struct, enum, macro, variable or label; or a file, such as ``boot.S``.
        file: The file in which a name is meant that several have.
        lines: The first and the last line to show, from 1, instead of the whole.
        around: Show the lines around the first place with this text, instead of the whole.
        context: How many lines around it, on either side.
        overlay: A folder whose files stand in front of those of ``libos/``.

    Raises:
        CourseError: There is nothing of that name, or no such lines. The message has the nearest names.
    """
    changed = {} if overlay is None else overlays.changes(overlay)
    tree = course_tree() if overlay is None else overlays.merged(changed)
    if Path(name).suffix in overlays.SUFFIXES:
        where = _full_name(name, changed)
        text = (tree / where).read_text(encoding="utf-8", errors="replace")
        first, last = 1, text.count("\n") + (not text.endswith("\n"))
    else:
        found = find_source.find(name, tree, file=_full_name(file, changed) if file else "")
        where, first, last = found.file, found.first, found.last
        text = (tree / where).read_text(encoding="utf-8", errors="replace")
    if around:
        first, last = _around(text.split("\n"), around, context, range(first, last + 1))
    if lines is not None:
        first, last = _within(lines, text, where)
    link = f"{_FROM_NOTEBOOK}{where}"
    if overlay is not None and where in changed:
        link = Path(os.path.relpath(Path(overlay) / where)).as_posix()
    return SourceView(f"libos/{where}", text, first, last, link)


def _full_name(name: str, changed: dict[str, bytes]) -> str:
    """The full name of a file that is in the overlay, or else in the course's tree."""
    new = [full for full in changed if full == name or full.endswith("/" + name)]
    return new[0] if len(new) == 1 else overlays.full_name(name)


def _around(lines: list[str], wanted: str, context: int, numbers: range) -> tuple[int, int]:
    at = next((number for number in numbers if wanted in lines[number - 1]), None)
    if at is None:
        raise CourseError(f"the text {wanted!r} is not in it", remedy="look at all of it, without around=")
    return max(numbers[0], at - context), min(numbers[-1], at + context)


def _within(lines: tuple[int, int], text: str, where: str) -> tuple[int, int]:
    first, last = lines
    count = text.count("\n") + (not text.endswith("\n"))
    if not 1 <= first <= last <= count:
        raise CourseError(f"libos/{where} has lines 1 to {count}, not {first} to {last}", remedy="give lines=(1, 20)")
    return first, last


class _Show:
    """Shows address spaces when it is called; its ``source`` shows text."""

    __call__ = staticmethod(show_spaces)
    source = staticmethod(source)

    def __repr__(self) -> str:
        return "show(space, ...), show.source(name)"


show = _Show()
