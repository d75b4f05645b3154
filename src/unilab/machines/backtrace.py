"""Names for the addresses of a panic report, added as the report goes by.

The library OS prints addresses only: names would cost every image their bytes.
The host has the unstripped image, so it can add them.
"""

from __future__ import annotations

import re
from pathlib import Path

from unilab.toolchain.symbols import SymbolTable, symbols_of

_MARK = "libos: backtrace, innermost first\n"
_FRAME = re.compile(r"^  #(\d{1,3}) 0x([0-9a-f]{16})$")
#: What an unfinished line must look like to become one.
_FRAME_BEGUN = re.compile(r"^( {0,2}|  #(\d{0,3}|\d{1,3} (0|0x[0-9a-f]{0,16})?))$")


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
        """Translate the next piece. Keeps back only what may need a name, or may announce a backtrace."""
        self._held += text
        out = ""
        while self._held:
            if self._in_backtrace:
                line, newline, rest = self._held.partition("\n")
                if not newline and not last and _may_become_frame(line):
                    return out
                self._in_backtrace = _FRAME.match(line) is not None
                if self._in_backtrace:
                    out += self._name(line) + newline
                    self._held = rest
                    continue
            at = self._held.find(_MARK)
            if at >= 0:
                self._in_backtrace = True
                cut = at + len(_MARK)
            else:
                # The mark may be split between two pieces: keep what could be its beginning.
                cut = len(self._held) - (0 if last else _overlap(self._held, _MARK))
            out, self._held = out + self._held[:cut], self._held[cut:]
            if at < 0:
                return out
        return out

    def _name(self, line: str) -> str:
        frame = _FRAME.match(line)
        assert frame is not None
        if self._symbols is None:
            self._symbols = symbols_of(self._debug)
        # Frame 0 is the instruction itself; the others are return addresses, one past the call that is meant.
        number, address = int(frame[1]), int(frame[2], 16)
        location = self._symbols.locate(address if number == 0 else address - 1)
        return line if location is None else f"{line} {location}"


def _may_become_frame(line: str) -> bool:
    return _FRAME_BEGUN.match(line) is not None


def _overlap(text: str, mark: str) -> int:
    """The length of the longest end of ``text`` that begins ``mark``."""
    return next((n for n in range(min(len(text), len(mark) - 1), 0, -1) if mark.startswith(text[-n:])), 0)
