"""Physical memory, as far as a walker needs it. Given: you need not change it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

_ENTRIES = 512


class Memory:
    """The memory that holds the tables.

    Args:
        tables: Physical address of each table, and its 512 entries.
    """

    def __init__(self, tables: dict[int, tuple[int, ...]]) -> None:
        self._tables = tables

    def entry(self, table: int, index: int) -> int:
        """One entry.

        Args:
            table: Physical address of the table, a multiple of 4096.
            index: 0 to 511.

        Raises:
            ValueError: No table begins there, or there is no such entry.
        """
        if table not in self._tables:
            raise ValueError(f"there is no page table at physical address {table:#x}")
        if not 0 <= index < _ENTRIES:
            raise ValueError(f"a table has entries 0 to 511, and none with number {index}")
        return self._tables[table][index]


def load(file: str) -> Memory:
    """Memory out of a file: each table as its address and its entries, 64 bits each."""
    data = Path(file).read_bytes()
    tables = {}
    for start in range(0, len(data), 8 + 8 * _ENTRIES):
        table, *entries = struct.unpack_from(f"<Q{_ENTRIES}Q", data, start)
        tables[table] = tuple(entries)
    return Memory(tables)


_loaded: dict[str, Memory] = {}


def prepare(file: str, cr3: int, address: int, levels: int) -> tuple[Memory, int, int, int]:
    """What a call of the check's is made with. Numbers come as text: JSON has none of 64 bits."""
    if file not in _loaded:
        _loaded[file] = load(file)
    return _loaded[file], int(str(cr3), 16), int(str(address), 16), levels


def example() -> tuple[Memory, int]:
    """Tables to try things with, and their CR3. ``example.json`` shows every entry that is not 0."""
    shown = json.loads(Path(__file__).with_name("example.json").read_text())
    tables = {}
    for table, entries in shown["tables"].items():
        row = [0] * _ENTRIES
        for index, value in entries.items():
            row[int(index)] = int(value, 16)
        tables[int(table, 16)] = tuple(row)
    return Memory(tables), int(shown["cr3"], 16)
