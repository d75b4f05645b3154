"""What the addresses of an image's text are: function and owner, from its symbols and its link map."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import Path

from unilab.spaces.executed import Place
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import SymbolTable, symbols_of


@dataclass(frozen=True, slots=True)
class ProgramPlaces:
    """An image's functions.

    Attributes:
        symbols: Of the unstripped image.
        link_map: Of the image.
        starts: Where the link map's contributions start, in order.
    """

    symbols: SymbolTable
    link_map: LinkMap
    starts: tuple[int, ...]

    @classmethod
    def of(cls, debug: Path, link_map: Path) -> ProgramPlaces:
        """Those of an image.

        Args:
            debug: The image with symbols.
            link_map: Its map.

        Raises:
            LayoutError: One of them cannot be read.
        """
        read = LinkMap.read(link_map)
        return cls(symbols_of(debug), read, tuple(c.start for c in read.contributions))

    def has(self, function: str) -> bool:
        """Whether a function of that name is linked into it."""
        return function in self.symbols.names()

    def at(self, address: int) -> Place:
        """What an address is; the address itself, without an owner, where there is no function."""
        name = self.symbols.function(address)
        i = bisect.bisect_right(self.starts, address) - 1
        owner = self.link_map.contributions[i].owner if name is not None and i >= 0 else ""
        return Place(name if name is not None else f"{address:#x}", owner)
