"""A guest's memory by virtual addresses."""

from __future__ import annotations

from collections.abc import Callable

from unilab.errors import LayoutError
from unilab.spaces import paging

_PAGE = 4096

#: Gives so many bytes of the guest's RAM from a physical address on.
ReadMemory = Callable[[int, int], bytes]


class VirtualMemory:
    """Memory as one set of page tables shows it, at one moment: translations are remembered.

    Args:
        root: Physical address of the top table, bytes.
        memory: Reads the guest's RAM.
        levels: 4 or 5.
    """

    def __init__(self, root: int, memory: ReadMemory, *, levels: int = 4) -> None:
        self.root = root
        self.levels = levels
        self._memory = memory
        self._frames: dict[int, int | None] = {}

    def read(self, address: int, length: int) -> bytes:
        """Bytes from a virtual address on.

        Raises:
            LayoutError: Not all of it is mapped.
        """
        pieces = []
        while length > 0:
            inside = address % _PAGE
            part = min(length, _PAGE - inside)
            pieces.append(self._memory(self._frame(address - inside) + inside, part))
            address, length = address + part, length - part
        return b"".join(pieces)

    def physical(self, address: int) -> int:
        """Where a virtual address leads.

        Raises:
            LayoutError: Nowhere.
        """
        return self._frame(address - address % _PAGE) + address % _PAGE

    def unsigned(self, address: int, size: int = 8) -> int:
        """A number of ``size`` bytes.

        Raises:
            LayoutError: It is not mapped.
        """
        return int.from_bytes(self.read(address, size), "little")

    def signed(self, address: int, size: int = 8) -> int:
        """A number of ``size`` bytes that may be negative.

        Raises:
            LayoutError: It is not mapped.
        """
        return int.from_bytes(self.read(address, size), "little", signed=True)

    def text(self, address: int, length: int) -> str:
        """Characters up to a NUL, at most ``length``.

        Raises:
            LayoutError: They are not mapped.
        """
        return self.read(address, length).partition(b"\0")[0].decode("ascii", "replace")

    def _frame(self, page: int) -> int:
        if page not in self._frames:
            found = paging.translate(page, self.root, lambda table: self._memory(table, _PAGE), levels=self.levels)
            self._frames[page] = found[0] if found else None
        frame = self._frames[page]
        if frame is None:
            raise LayoutError(f"nothing is mapped at {page:#x} in the tables at {self.root:#x}")
        return frame
