"""Plain lines out of what a machine prints, as a terminal without colours would show them.

Escape sequences are taken out, a carriage return and a backspace move the cursor, other control characters are shown by
their symbols: nothing a machine prints can do anything to the page.

Source: ECMA-48, "Control Functions for Coded Character Sets", sections 5.4 and 8.3.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque

_TAB = 8
#: A line that is longer is broken there, so that no machine can fill a page with one line.
LONGEST_LINE = 2000
#: An escape sequence that has not ended after so many characters is none.
_LONGEST_SEQUENCE = 256
_SEQUENCE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # control sequence, as for colours
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # control string, as for a window's title
    r"|[ -/]+[0-~]"  # such as a change of character set
    r"|[0-OQ-WYZ\\`-~]"
    r")"
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?\Z")


class Terminal:
    """The text on a terminal and above it.

    Args:
        scrollback: Lines kept, the last one included.
    """

    def __init__(self, scrollback: int = 2000) -> None:
        #: How many lines have been let go of.
        self.dropped = 0
        self._lines: deque[str] = deque()
        self._scrollback = max(1, scrollback)
        self._line: list[str] = []
        self._column = 0
        self._pending = ""

    @property
    def text(self) -> str:
        """All lines that are kept."""
        return "\n".join([*self._lines, "".join(self._line)])

    def feed(self, text: str) -> None:
        """Print some more. A sequence may begin in one call and end in another."""
        text = self._pending + text
        self._pending = ""
        unfinished = _UNFINISHED.search(text)
        if unfinished and len(unfinished[0]) < _LONGEST_SEQUENCE:
            self._pending = unfinished[0]
            text = text[: unfinished.start()]
        at = 0
        for sequence in _SEQUENCE.finditer(text):
            self._print(text[at : sequence.start()])
            self._obey(sequence[0])
            at = sequence.end()
        self._print(text[at:])

    def skip(self, text: str) -> None:
        """Count the lines of a text, and keep none of them, nor any before them. It ends with a line's end."""
        if text:
            self.dropped += len(self._lines) + text.count("\n")
            self._lines.clear()
            self._line, self._column, self._pending = [], 0, ""

    def _obey(self, sequence: str) -> None:
        """Of all sequences, only erasing in the line matters where there are only lines."""
        if sequence.startswith("\x1b[") and sequence.endswith("K"):
            part = sequence[2:-1]
            if part in ("", "0"):
                del self._line[self._column :]
            elif part == "2":
                self._line = [" "] * self._column

    def _print(self, text: str) -> None:
        for character in text:
            if character == "\n":
                self._end_line()
            elif character == "\r":
                self._column = 0
            elif character == "\b":
                self._column = max(0, self._column - 1)
            elif character == "\t":
                for _ in range(_TAB - self._column % _TAB):
                    self._put(" ")
            elif character != "\a":
                self._put(_shown(character))

    def _put(self, character: str) -> None:
        if self._column >= LONGEST_LINE:
            self._end_line()
        if self._column < len(self._line):
            self._line[self._column] = character
        else:
            self._line.append(character)
        self._column += 1

    def _end_line(self) -> None:
        self._lines.append("".join(self._line).rstrip(" "))
        self._line = []
        self._column = 0
        while len(self._lines) >= self._scrollback:
            self._lines.popleft()
            self.dropped += 1


def _shown(character: str) -> str:
    """What stands for a character: itself, unless it is one that controls."""
    if character.isprintable() or character == " ":
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    # Such as those that turn the direction of writing. Marks that only join letters do no harm.
    return (
        character
        if unicodedata.category(character) == "Zs" or code in (0x200C, 0x200D)
        else "\N{REPLACEMENT CHARACTER}"
    )
