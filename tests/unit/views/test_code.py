"""Machine code as a table in HTML and in text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from unilab.errors import CourseError
from unilab.spaces.code import Code, Flow, Function, Instruction
from unilab.spaces.model import Source
from unilab.views.code import DOOR, SERVICE, side_by_side_code
from unilab.views.theme import DARK, LIGHT, contrast

PUSH, RET = Instruction(0, b"\x55", "pushq", "%rbp"), Instruction(9, b"\xc3", "retq", "", Flow.RETURNS)
SYSCALL = Instruction(1, b"\x0f\x05", "syscall", "", Flow.ENTERS)
CALL = Instruction(1, b"\xe8\0\0\0\0", "callq", "libos_sys_write", Flow.CALLS, "libos_sys_write")
INNER = Instruction(1, b"\xe8\0\0\0\0", "callq", "libos_file_write", Flow.CALLS, "libos_file_write")
PROCESS = Code("x as a process", (Function("write", "C library", "write.o", (PUSH, SYSCALL, RET)),), 15)
UNIKERNEL = Code(
    "x as a unikernel",
    (
        Function("write", "C library", "write.o", (PUSH, CALL, RET)),
        Function("libos_sys_write", "library OS", "posix/read_write.c", (INNER, RET)),
    ),
    0,
    Source.RECORDED,
)


class _Table(HTMLParser):
    """Rows of a page's tables: the words of each cell, and its class."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[tuple[str, str, int]]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append(("", dict(attrs).get("class") or "", int(dict(attrs).get("colspan") or 1)))

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            text, look, span = self.rows[-1][-1]
            self.rows[-1][-1] = (text + data, look, span)


def table(html: str) -> _Table:
    made = _Table()
    made.feed(html)
    return made


def test_each_row_has_all_columns() -> None:
    for shown, columns in ((side_by_side_code(PROCESS, UNIKERNEL), 4), (side_by_side_code(UNIKERNEL), 2)):
        rows = table(shown._repr_html_()).rows
        assert {sum(span for _, _, span in row) for row in rows} == {columns}


def test_what_leaves_says_so_in_words_and_stands_on_one_line() -> None:
    rows = table(side_by_side_code(PROCESS, UNIKERNEL)._repr_html_()).rows
    (door,) = [row for row in rows if any("uv-code-door" in look for _, look, _ in row)]
    assert DOOR in door[1][0] and "0f 05" in door[1][0]
    assert SERVICE in door[3][0] and "uv-code-service" in door[3][1]
    # Inside the library OS, a call of the library OS is nothing special.
    (inner,) = [row for row in rows if any("libos_file_write" in text for text, _, _ in row)]
    assert not any(SERVICE in text for text, _, _ in inner)


def test_the_text_says_the_same() -> None:
    text = repr(side_by_side_code(PROCESS, UNIKERNEL, task="Where?"))
    assert text.startswith("Where?\n\n")
    assert "x as a process [LIVE]" in text and "x as a unikernel [RECORDED]" in text
    assert "15 instructions enter a kernel" in text and "no instruction enters a kernel" in text
    (line,) = [line for line in text.splitlines() if "syscall " in line]
    assert DOOR in line and "libos_sys_write   <- library OS" in line
    assert "1 instruction enters a kernel" in repr(side_by_side_code(Code("one", (), 1)))


def test_it_scrolls_by_keyboard_and_has_a_name() -> None:
    tags = table(side_by_side_code(PROCESS, UNIKERNEL)._repr_html_()).tags
    (pane,) = [attributes for _, attributes in tags if attributes.get("role") == "region"]
    assert pane["tabindex"] == "0" and pane["aria-label"] == "Machine code of x as a process and x as a unikernel"
    assert not any(tag == "script" for tag, _ in tags)


def test_names_are_no_markup() -> None:
    function = Function("<f>", "", "<o>", (Instruction(0, b"", "<m>", "<&>"),))
    html = side_by_side_code(Code("<x>", (function,), 0), task="<t>")._repr_html_()
    assert not re.search(r"<(f|o|m|x|t)>", html) and "&lt;m&gt;" in html


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_words_can_be_read_on_their_ground(palette) -> None:  # type: ignore[no-untyped-def]
    values = palette.variables()
    for ink, ground in (
        ("ink", "paper"),
        ("ink", "neutral"),
        ("muted", "paper"),
        ("muted", "neutral"),
        ("loud-ink", "fill-rwx"),
        ("ink", "fill-rx"),
        ("badge-ink", "live"),
        ("badge-ink", "recorded"),
    ):
        assert contrast(values[ink], values[ground]) >= 4.5, (ink, ground)


@pytest.mark.parametrize("many", [0, 3])
def test_one_or_two(many: int) -> None:
    with pytest.raises(CourseError, match="one or two"):
        side_by_side_code(*[PROCESS] * many)
