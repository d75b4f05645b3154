"""What a machine prints, as lines that are safe to show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.views.terminal import LONGEST_LINE, Terminal


def shown(text: str, **options: int) -> str:
    terminal = Terminal(**options)
    terminal.feed(text)
    return terminal.text


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("hello\n", "hello\n"),
        ("hello\r\nworld", "hello\nworld"),
        ("10%\r20%\r100%\n", "100%\n"),
        ("abcdef\r12", "12cdef"),
        ("abcdef\r12\x1b[K", "12"),
        ("abcdef\x1b[2Kx", "      x"),
        ("ab\bc", "ac"),
        ("\b\bx", "x"),
        ("a\tb\n12345678\tc", "a       b\n12345678        c"),
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07text\x1b]2;b\x1b\\!", "text!"),
        ("\x1b(Bascii\x1b7\x1b8", "ascii"),
        ("bell\a", "bell"),
        ("nul\0 esc\x1b", "nul␀ esc"),
        ("del\x7f", "del␡"),
        ("<script>alert(1)</script>&amp;", "<script>alert(1)</script>&amp;"),
        ("turned \u202e round", "turned \ufffd round"),
        ("é€🐧\u00a0x", "é€🐧\u00a0x"),
        ("trailing   \nx", "trailing\nx"),
    ],
)
def test_what_is_printed_and_what_is_shown(printed: str, text: str) -> None:
    assert shown(printed) == text


def test_a_sequence_in_pieces_is_one() -> None:
    terminal = Terminal()
    for character in "a\x1b[31mb\x1b]0;title\x1b\\c\x1b[0m":
        terminal.feed(character)
    assert terminal.text == "abc"


def test_a_sequence_that_never_ends_does_not_swallow_everything() -> None:
    text = shown("\x1b]" + "x" * 300 + "\nafter")
    assert text.endswith("x\nafter")


def test_only_the_last_lines_are_kept() -> None:
    terminal = Terminal(scrollback=3)
    terminal.feed("1\n2\n3\n4\n5")
    assert terminal.text == "3\n4\n5"
    assert terminal.dropped == 2


def test_what_is_skipped_is_counted() -> None:
    terminal = Terminal(scrollback=3)
    terminal.feed("1\n2\n3\nhalf")
    terminal.skip("")
    assert terminal.text == "2\n3\nhalf"
    terminal.skip(" a line\n5\n")
    terminal.feed("6\n7")
    assert terminal.text == "6\n7"
    assert terminal.dropped == 5


def test_a_line_without_end_is_broken() -> None:
    text = shown("x" * (2 * LONGEST_LINE + 5))
    assert [len(line) for line in text.split("\n")] == [LONGEST_LINE, LONGEST_LINE, 5]


@given(st.text(), st.lists(st.integers(0, 100)))
def test_pieces_make_no_difference_and_nothing_that_controls_is_left(text: str, cuts: list[int]) -> None:
    terminal = Terminal()
    at = 0
    for cut in sorted(cuts):
        terminal.feed(text[at:cut])
        at = max(at, min(cut, len(text)))
    terminal.feed(text[at:])
    assert terminal.text == shown(text)
    assert not set(terminal.text) & {chr(code) for code in [*range(10), *range(11, 32), *range(127, 160), 0x202E]}


@given(
    st.from_regex(r"(\x1b(\[[0-9;]{0,5}[A-Za-z]?|\][a-z]{0,5}(\x07|\x1b\\)?|[ -~]?)|[a-z\r\n]){0,20}", fullmatch=True)
)
def test_whatever_the_sequences_pieces_make_no_difference(text: str) -> None:
    terminal = Terminal()
    for character in text:
        terminal.feed(character)
    assert terminal.text == shown(text)
    assert "\x1b" not in terminal.text
