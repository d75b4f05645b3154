"""Names for addresses: functions, files and lines from an unstripped image."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from unilab.errors import LayoutError


@dataclass(frozen=True, slots=True)
class Location:
    """Where an address is.

    Attributes:
        function: The symbol at or before it.
        offset: Bytes from the symbol's start.
        file: Source file name; None without line information.
        line: Line in it, from 1; None without line information.
    """

    function: str
    offset: int
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        """As in a backtrace: ``main+0x1f (hello.c:7)``."""
        place = f" ({self.file}:{self.line})" if self.file else ""
        return f"{self.function}+{self.offset:#x}{place}"


@dataclass(frozen=True, slots=True)
class Section:
    """A section that is in memory. Addresses in bytes, half-open; flags of ``wx``."""

    name: str
    start: int
    end: int
    flags: str


#: Images whose symbols are kept. Of each, lines may be some megabytes.
_KEPT = 16


def symbols_of(elf: Path) -> SymbolTable:
    """The symbols of an ELF file, read once as long as it does not change: to look at, by whoever wants them.

    Raises:
        LayoutError: It is not an ELF file.
    """
    try:
        status = elf.stat()
    except OSError as error:
        raise LayoutError(f"{elf} is not an ELF file that can be read: {error}") from error
    return _kept(elf.absolute(), (status.st_mtime_ns, status.st_size, status.st_ino))


@lru_cache(_KEPT)
def _kept(elf: Path, _stamp: tuple[int, int, int]) -> SymbolTable:
    return SymbolTable(elf)


class SymbolTable:
    """The symbols, sections and line numbers of an ELF file.

    Args:
        elf: An unstripped image.

    Raises:
        LayoutError: It is not an ELF file.
    """

    def __init__(self, elf: Path) -> None:
        self.path = Path(elf)
        self._addresses: dict[str, int] = {}
        functions: list[tuple[int, int, str]] = []
        sections: list[Section] = []
        try:
            with self.path.open("rb") as file:
                parsed = ELFFile(file)
                for section in parsed.iter_sections():
                    start, size, flags = section["sh_addr"], section["sh_size"], section["sh_flags"]
                    if flags & 2 and size:
                        letters = ("w" if flags & 1 else "") + ("x" if flags & 4 else "")
                        sections.append(Section(section.name, start, start + size, letters))
                table = parsed.get_section_by_name(".symtab")
                for symbol in table.iter_symbols() if isinstance(table, SymbolTableSection) else ():
                    if not symbol.name or symbol["st_shndx"] == "SHN_UNDEF":
                        continue
                    self._addresses.setdefault(symbol.name, symbol["st_value"])
                    if symbol["st_info"]["type"] in ("STT_FUNC", "STT_NOTYPE"):
                        functions.append((symbol["st_value"], symbol["st_size"], symbol.name))
        except (OSError, ELFError) as error:
            raise LayoutError(f"{elf} is not an ELF file that can be read: {error}") from error
        self._sections = tuple(sorted(sections, key=lambda s: s.start))
        self._functions = sorted(f for f in functions if self._in_text(f[0]))
        self._starts = [f[0] for f in self._functions]

    def _in_text(self, address: int) -> bool:
        return any(s.start <= address < s.end and "x" in s.flags for s in self._sections)

    def sections(self) -> tuple[Section, ...]:
        """The sections in memory, in address order."""
        return self._sections

    def names(self) -> dict[str, int]:
        """Every defined symbol with its address."""
        return dict(self._addresses)

    def address(self, name: str) -> int:
        """The address of a symbol.

        Raises:
            KeyError: There is none of that name.
        """
        return self._addresses[name]

    def function(self, address: int) -> str | None:
        """The name of the function that holds an address of the text, without looking for its line; or None."""
        i = bisect.bisect_right(self._starts, address) - 1
        return self._functions[i][2] if i >= 0 and self._in_text(address) else None

    def locate(self, address: int) -> Location | None:
        """The function that holds an address of the text, with file and line where known; None outside the text."""
        if not self._in_text(address):
            return None
        i = bisect.bisect_right(self._starts, address) - 1
        if i < 0:
            return None
        start, _, name = self._functions[i]
        file, line = self._line(address)
        return Location(name, address - start, file, line)

    @cached_property
    def _lines(self) -> list[tuple[int, int, str, int]]:
        """(first address, address after the last, file, line), sorted."""
        rows: list[tuple[int, int, str, int]] = []
        with self.path.open("rb") as file:
            parsed = ELFFile(file)
            if not parsed.has_dwarf_info():
                return rows
            dwarf = parsed.get_dwarf_info()
            for unit in dwarf.iter_CUs():
                program = dwarf.line_program_for_CU(unit)
                if program is None:
                    continue
                files = program["file_entry"]
                before = None
                for entry in program.get_entries():
                    state = entry.state
                    if state is None:
                        continue
                    if before is not None and before.address < state.address:
                        name = files[before.file - 1].name.decode(errors="replace")
                        rows.append((before.address, state.address, name, before.line))
                    before = None if state.end_sequence else state
        return sorted(rows)

    def _line(self, address: int) -> tuple[str | None, int | None]:
        i = bisect.bisect_right(self._lines, (address, 1 << 64, "", 0)) - 1
        if i >= 0 and self._lines[i][0] <= address < self._lines[i][1] and self._lines[i][3]:
            return self._lines[i][2], self._lines[i][3]
        return None, None
