"""Machine code of one image, or of two beside each other, as an HTML table and as text.

Nothing moves here, so it is no widget: what a notebook shows is what it keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import zip_longest

from unilab.errors import CourseError
from unilab.spaces.code import Code, Flow, Function, Instruction, Row, align
from unilab.views.theme import sheet

#: What an instruction's mark says beside its colour.
DOOR, SERVICE = "enters a kernel", "library OS"
_LIBRARY_OS = "libos_"


@dataclass(frozen=True, slots=True)
class _Section:
    """A function on either side, and its lines; ``compared`` if it is the same function."""

    functions: tuple[Function | None, Function | None]
    rows: tuple[Row, ...]
    compared: bool


@dataclass(frozen=True, slots=True, repr=False)
class CodeTable:
    """What ``side_by_side_code`` gives. Jupyter shows it as HTML, and everybody else as text.

    Attributes:
        codes: One or two, left to right.
        task: What to look for.
    """

    codes: tuple[Code, ...]
    task: str = ""

    def _sections(self) -> Iterator[_Section]:
        left, right = (list(code.functions) for code in (*self.codes, Code("", (), 0))[:2])
        names = [each.name for each in right]
        # What has the same name is compared line by line; what is left stands side by side in its order.
        common = [(each, right[names.index(each.name)]) for each in left if each.name in names]
        shared = {each.name for each, _ in common}
        rest = ([each for each in side if each.name not in shared] for side in (left, right))
        for one, other in [*common, *zip_longest(*rest)]:
            ours, theirs = (each.instructions if each else () for each in (one, other))
            compared = bool(one and other and one.name == other.name)
            rows = align(ours, theirs) if compared else list(zip_longest(ours, theirs))
            yield _Section((one, other), tuple(rows), compared)

    def __repr__(self) -> str:
        """The text form."""
        sides = len(self.codes)
        lines: list[tuple[str, ...]] = [tuple(f"{code.name} [{code.source}]" for code in self.codes)]
        lines.append(tuple(_count(code) for code in self.codes))
        for section in self._sections():
            lines.append(("",) * sides)
            lines.append(tuple(_title(each) for each in section.functions[:sides]))
            for row in section.rows:
                lines.append(tuple(_line(*each) for each in zip(row[:sides], section.functions, strict=False)))
        width = max(len(line[0]) for line in lines)
        text = "\n".join(" | ".join([line[0].ljust(width), *line[1:]]).rstrip() for line in lines)
        return f"{self.task}\n\n{text}" if self.task else text

    def _repr_html_(self) -> str:
        """Jupyter's hook."""
        sides = len(self.codes)
        head = "".join(
            f'<th scope="col" colspan="2"{_next(i)}>{_badge(code)}{escape(code.name)}<small>{escape(_count(code))}'
            "</small></th>"
            for i, code in enumerate(self.codes)
        )
        body = []
        for section in self._sections():
            titles = "".join(
                f'<th colspan="2"{_next(i)}>{_title_html(each)}</th>'
                for i, each in enumerate(section.functions[:sides])
            )
            body.append(f"<tr>{titles}</tr>")
            for row in section.rows:
                differs = section.compared and None in row
                cells = "".join(_cells(each, section.functions[i], i) for i, each in enumerate(row[:sides]))
                body.append(f'<tr class="uv-code-differs">{cells}</tr>' if differs else f"<tr>{cells}</tr>")
        names = " and ".join(code.name for code in self.codes)
        task = f"<p>{escape(self.task)}</p>" if self.task else ""
        return (
            f'<div class="uv uv-code"><style>{sheet("code.css")}</style>{task}'
            f'<div class="uv-code-pane" tabindex="0" role="region" aria-label="Machine code of {escape(names)}">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div></div>"
        )


def side_by_side_code(*codes: Code, task: str = "") -> CodeTable:
    """Show machine code, of one image or of two, functions of the same name aligned line by line.

    Args:
        codes: From ``disassemble``; one or two.
        task: One sentence above it: what to look for.

    Raises:
        CourseError: There are none, or more than two.
    """
    if not 1 <= len(codes) <= 2:
        raise CourseError(f"one or two pieces of code can stand beside each other, not {len(codes)}")
    return CodeTable(codes, task)


def _count(code: Code) -> str:
    doors = "no instruction enters" if code.doors == 0 else f"{code.doors} instruction{'s' * (code.doors > 1)} enter"
    return f"in the whole image, {doors}{'s' * (code.doors == 1)} a kernel"


def _mark(instruction: Instruction, function: Function | None) -> str:
    if instruction.flow is Flow.ENTERS:
        return DOOR
    outside = function is None or not function.name.startswith(_LIBRARY_OS)
    return SERVICE if outside and instruction.target.startswith(_LIBRARY_OS) else ""


def _line(instruction: Instruction | None, function: Function | None) -> str:
    if instruction is None:
        return ""
    mark = _mark(instruction, function)
    return f"  {f'+{instruction.offset:#x}':6} {instruction.text}" + (f"   <- {mark}" if mark else "")


def _title(function: Function | None) -> str:
    if function is None:
        return ""
    origin = ", ".join(filter(None, (function.owner, function.file)))
    return f"{function.name} ({origin})" if origin else function.name


def _title_html(function: Function | None) -> str:
    if function is None:
        return ""
    origin = ", ".join(filter(None, (function.owner, function.file, f"{function.size} bytes")))
    return f"{escape(function.name)} <small>{escape(origin)}</small>"


def _cells(instruction: Instruction | None, function: Function | None, side: int) -> str:
    if instruction is None:
        return f"<td{_next(side)}></td><td></td>"
    mark = _mark(instruction, function)
    look = {DOOR: ' class="uv-code-door"', SERVICE: ' class="uv-code-service"'}.get(mark, "")
    text = escape(instruction.text) + (f"   ← {mark}" if mark else "")
    if mark == DOOR:
        text += f" ({instruction.code.hex(' ')})"
    at = f'class="uv-code-at{" uv-code-next" * side}"'
    return f"<td {at}>+{instruction.offset:#x}</td><td{look}>{text}</td>"


def _next(side: int) -> str:
    return ' class="uv-code-next"' if side else ""


def _badge(code: Code) -> str:
    return f'<span class="uv-code-badge uv-code-{code.source.lower()}">{code.source}</span>'
