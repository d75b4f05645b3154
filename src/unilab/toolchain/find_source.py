"""Where in the library OS's source a name is defined: functions, types, macros, variables, labels of assembly."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache as memoize
from pathlib import Path
from typing import TYPE_CHECKING

from unilab.errors import CourseError
from unilab.toolchain import libos

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

#: What a name can be, and which is meant if it is several: the first.
_RANK = ("function", "label", "type", "macro", "variable", "constant", "prototype")
_TYPES = {"struct_specifier", "union_specifier", "enum_specifier", "type_definition"}
_MACROS = {"preproc_def", "preproc_function_def"}
#: What definitions lie in, besides the file itself.
_AROUND = re.compile(r"preproc_(if|ifdef|else|elif|elifdef)|linkage_specification|ERROR")
_LABEL = re.compile(r"^([A-Za-z_]\w*):", re.MULTILINE)
_ASSEMBLY_MACRO = re.compile(r"^\s*\.macro\s+(\w+)", re.MULTILINE)
_NAME = re.compile(r"(?:(?:struct|union|enum)\s+)?([A-Za-z_]\w*)(?:\(\))?")


@dataclass(frozen=True, slots=True)
class Found:
    """A definition.

    Attributes:
        name: What is defined.
        kind: ``function``, ``label``, ``type``, ``macro``, ``variable``, ``constant`` or ``prototype``.
        file: Its file's name in ``libos/``.
        first: Its first line, with the comment above it; lines count from 1.
        last: Its last line.
        static: Whether only its file knows it.
    """

    name: str
    kind: str
    file: str
    first: int
    last: int
    static: bool = False


def find(name: str, tree: Path, *, file: str = "") -> Found:
    """Where a name is defined.

    Args:
        name: As in the source, or as in an image, where private names begin with ``libos_``.
        tree: The library OS's source tree.
        file: Look in this file only, by its name in the tree.

    Raises:
        CourseError: It is defined nowhere, or in several files. The message has the nearest names.
    """
    match = _NAME.fullmatch(name.strip())
    if not match:
        raise CourseError(f"{name!r} is no name of C or assembly", remedy='name a function or a file: "tcp_input"')
    word = match[1]
    found = definitions(word, tree, file)
    if not found and word.startswith("libos_"):
        found = definitions(word.removeprefix("libos_"), tree, file)
    if not found:
        near = difflib.get_close_matches(word, names(tree), 3, 0.7)
        where = f"libos/{file}" if file else "libos/"
        remedy = f"did you mean {' or '.join(near)}?" if near else "search for it in the folder libos/"
        raise CourseError(f"nothing in {where} is called {word}", remedy=remedy)
    best = min(_RANK.index(each.kind) for each in found)
    found = [each for each in found if _RANK.index(each.kind) == best]
    # Of a file that stands in for another under Xen, the other is meant.
    found = [each for each in found if not each.file.startswith(libos.XEN)] or found
    found = [each for each in found if not each.static] or found
    files = list(dict.fromkeys(each.file for each in found))
    if len(files) > 1:
        raise CourseError(
            f"{word} is defined in {len(files)} files: {', '.join(files)}",
            remedy=f'say which: show.source("{word}", file="{files[0]}")',
        )
    return found[0]


def definitions(word: str, tree: Path, file: str = "") -> list[Found]:
    """Every definition and prototype of a name."""
    paths = [tree / file] if file else _files(tree)
    pattern = re.compile(rf"\b{re.escape(word)}\b")
    texts = ((path, path.read_bytes()) for path in paths)
    return [
        each
        for path, data in texts
        if pattern.search(data.decode(errors="replace"))
        for each in _definitions(path.relative_to(tree).as_posix(), data)
        if each.name == word
    ]


def names(tree: Path) -> list[str]:
    """Every name that is defined in a tree."""
    every = (each for path in _files(tree) for each in _definitions(path.name, path.read_bytes()))
    return sorted({each.name for each in every})


def _files(tree: Path) -> list[Path]:
    return sorted(path for path in tree.rglob("*") if path.suffix in {".c", ".h", ".S"})


@memoize
def _definitions(file: str, data: bytes) -> tuple[Found, ...]:
    if file.endswith(".S"):
        return tuple(_of_assembly(file, data.decode(errors="replace")))
    found = tuple(_of_c(file, _parser().parse(data).root_node))
    # A header may have macros for assembly too.
    return (*found, *_assembly_macros(file, data.decode(errors="replace"))) if b".macro" in data else found


@memoize
def _parser() -> Parser:
    import tree_sitter  # noqa: PLC0415 - only who looks for a name needs it
    import tree_sitter_c  # noqa: PLC0415

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_c.language()))


def _of_c(file: str, around: Node) -> Iterator[Found]:
    for node in around.children:
        if _AROUND.fullmatch(node.type):
            yield from _of_c(file, node)
            continue
        first, last = _with_comment(node), _last_row(node)
        static = any(child.type == "storage_class_specifier" and _text(child) == "static" for child in node.children)
        for name, kind in _named(node):
            yield Found(name, kind, file, first + 1, last + 1, static)


def _named(node: Node) -> Iterator[tuple[str, str]]:
    """The names that one declaration defines."""
    if node.type in _MACROS:
        yield _text(node.child_by_field_name("name")), "macro"
    elif node.type == "function_definition":
        yield _declared(node.child_by_field_name("declarator"))[0], "function"
    elif node.type in {"declaration", "type_definition"}:
        for declarator in node.children_by_field_name("declarator"):
            name, is_function = _declared(declarator)
            outside = any(_text(child) == "extern" for child in node.children)
            kind = "prototype" if is_function or outside else "variable"
            yield name, "type" if node.type == "type_definition" else kind
    specifier = node if node.type in _TYPES else node.child_by_field_name("type")
    body = None if specifier is None else specifier.child_by_field_name("body")
    if specifier is None or body is None:
        return
    if (name_node := specifier.child_by_field_name("name")) is not None:
        yield _text(name_node), "type"
    for child in body.children:
        if child.type == "enumerator":
            yield _text(child.child_by_field_name("name")), "constant"


def _declared(node: Node | None) -> tuple[str, bool]:
    """The name inside a declarator, and whether it is a function's."""
    is_function = False
    while node is not None and node.type not in {"identifier", "type_identifier", "field_identifier"}:
        inner = node.child_by_field_name("declarator")
        # Around a pointer to a function it stands, too.
        is_function |= node.type == "function_declarator" and inner is not None and inner.type == "identifier"
        node = inner if inner is not None else next((child for child in node.children if child.is_named), None)
    return _text(node), is_function


def _text(node: Node | None) -> str:
    return (node.text or b"").decode(errors="replace") if node is not None else ""


def _last_row(node: Node) -> int:
    # A line of the preprocessor ends after its newline.
    return node.end_point.row - (node.end_point.column == 0)


def _with_comment(node: Node) -> int:
    """The row where the comment right above begins, or else the node itself; rows count from 0."""
    row = node.start_point.row
    before = node.prev_sibling
    while before is not None and before.type == "comment" and before.end_point.row == row - 1:
        if before.prev_sibling is not None and _last_row(before.prev_sibling) == before.start_point.row:
            break  # it stands behind another line's code
        row = before.start_point.row
        before = before.prev_sibling
    return row


def _assembly_macros(file: str, text: str) -> Iterator[Found]:
    lines = text.split("\n")
    for match in _ASSEMBLY_MACRO.finditer(text):
        start = text.count("\n", 0, match.start(1))
        end = next((i for i in range(start, len(lines)) if lines[i].strip() == ".endm"), len(lines) - 1)
        yield Found(match[1], "macro", file, _above(lines, start) + 1, end + 1)


def _of_assembly(file: str, text: str) -> Iterator[Found]:
    """A label goes on to the next label or section; a macro to its end."""
    lines = text.split("\n")
    yield from _assembly_macros(file, text)
    for match in re.finditer(r"^#define\s+(\w+)", text, re.MULTILINE):
        row = text.count("\n", 0, match.start())
        yield Found(match[1], "macro", file, row + 1, row + 1)
    for match in _LABEL.finditer(text):
        start = text.count("\n", 0, match.start())
        end = start
        while end + 1 < len(lines) and not re.match(r"[A-Za-z_]\w*:|\s*\.section|\s*\.macro", lines[end + 1]):
            end += 1
        # What stands before the next label belongs to that.
        while end > start and re.match(r"\s*(\.globl.*|\.balign.*|\.code\d\d|/\*.*|\*.*)?$|.*\*/$", lines[end]):
            if lines[end].strip() and not lines[end].lstrip().startswith(("/*", "*", ".")):
                break
            end -= 1
        yield Found(match[1], "label", file, _above(lines, start) + 1, end + 1)


def _above(lines: list[str], row: int) -> int:
    """The first row of the comment and the directives right above a row."""
    while row and re.match(r"\s*(\.globl|\.balign|\.code\d\d|\.section|/\*|\*)|.*\*/$", lines[row - 1]):
        row -= 1
    return row
