"""What the addresses of a Linux kernel's text are: its functions, by its own symbols."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable

from unilab.spaces.executed import Place
from unilab.spaces.kallsyms import KernelSymbol

#: The letters of functions: local or global, weak or not.
_FUNCTIONS = set("tTwW")
#: Not functions: the padding in front of one; what marks the edges of sections.
_NO_FUNCTION = re.compile(r"__pfx_|__cfi_|_[se]?text$|__\w+text_(start|end)$")
#: Below this, addresses are a process's own.
_UPPER_HALF = 1 << 63


class KernelPlaces:
    """The functions of a kernel and its modules.

    Args:
        symbols: All that it has.
    """

    def __init__(self, symbols: Iterable[KernelSymbol]) -> None:
        found: dict[int, str] = {}
        for symbol in symbols:
            if symbol.kind in _FUNCTIONS and symbol.address >= _UPPER_HALF and not _NO_FUNCTION.match(symbol.name):
                # The first of several names, as the kernel's own messages have it.
                found.setdefault(symbol.address, symbol.name)
        self._starts = sorted(found)
        self._names = [found[start] for start in self._starts]

    def at(self, address: int) -> Place:
        """The function that holds an address, or is the last before it."""
        i = bisect.bisect_right(self._starts, address) - 1
        return Place(self._names[i] if i >= 0 else f"{address:#x}", "kernel")
