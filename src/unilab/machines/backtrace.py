"""Names for the addresses of a panic report, added as the report goes by.

The library OS prints addresses only: names would cost every image their bytes.
The host has the unstripped image, so it can add them.
"""

from __future__ import annotations

import re
from pathlib import Path

from unilab.toolchain.symbols import SymbolTable

_MARK = "libos: backtrace, innermost first\n"
_FRAME = re.compile(r"^  #(\d+) 0x([0-9a-f]{16})$")


class Symboliser:
    """Passes console text on, with ``function+offset (file:line)`` after each address of a backtrace.

    Args:
        debug: The unstripped image.
    """

    def __init__(self, debug: Path) -> None:
        self._debug = debug
        self._symbols: SymbolTable | None = None
        self._held = ""
        self._in_backtrace = False

    def __call__(self, text: str, last: bool) -> str:
        """Translate the next piece. Keeps back an unfinished line only where it may need a name."""
        self._held += text
        out = ""
        if not self._in_backtrace:
            at = self._held.find(_MARK)
            if at < 0:
                # The mark may be split between two pieces: keep what could be its beginning.
                keep = 0 if last else _overlap(self._held, _MARK)
                cut = len(self._held) - keep
                out, self._held = self._held[:cut], self._held[cut:]
                return out
            self._in_backtrace = True
            at += len(_MARK)
            out, self._held = self._held[:at], self._held[at:]
        *lines, self._held = self._held.split("\n")
        out += "".join(self._name(line) + "\n" for line in lines)
        if last:
            out += self._name(self._held)
            self._held = ""
        return out

    def _name(self, line: str) -> str:
        frame = _FRAME.match(line)
        if frame is None:
            return line
        if self._symbols is None:
            self._symbols = SymbolTable(self._debug)
        # Frame 0 is the instruction itself; the others are return addresses, one past the call that is meant.
        number, address = int(frame[1]), int(frame[2], 16)
        location = self._symbols.locate(address if number == 0 else address - 1)
        return line if location is None else f"{line} {location}"


def _overlap(text: str, mark: str) -> int:
    """The length of the longest end of ``text`` that begins ``mark``."""
    return next((n for n in range(min(len(text), len(mark) - 1), 0, -1) if mark.startswith(text[-n:])), 0)
