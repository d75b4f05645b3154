"""Where variables and the fields of C structures lie, from an unstripped image's debugging information (DWARF)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.elf.elffile import ELFFile

from unilab.errors import LayoutError

#: The operation of an expression that is one address. DWARF 5, section 2.5.1.1.
_ADDRESS = 0x03


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure's shape.

    Attributes:
        name: Its tag.
        size: Bytes, padding included.
        fields: Name -> offset and size, bytes.
    """

    name: str
    size: int
    fields: Mapping[str, tuple[int, int]]

    def offset(self, field: str) -> int:
        """Bytes before a field.

        Raises:
            LayoutError: There is no such field.
        """
        return self._field(field)[0]

    def field_size(self, field: str) -> int:
        """Bytes in a field.

        Raises:
            LayoutError: There is no such field.
        """
        return self._field(field)[1]

    def _field(self, field: str) -> tuple[int, int]:
        if field not in self.fields:
            raise LayoutError(f"struct {self.name} has no field {field}")
        return self.fields[field]


@cache
def structure(elf: Path, name: str) -> Structure:
    """The shape of ``struct name``.

    Raises:
        LayoutError: The image says nothing of it.
    """
    with _units(elf) as units:
        for unit in units:
            for entry in unit.iter_DIEs():
                if entry.tag == "DW_TAG_structure_type" and _name(entry) == name and entry.has_children:
                    fields = {
                        _name(field): (int(field.attributes["DW_AT_data_member_location"].value), _size(field))
                        for field in entry.iter_children()
                        if field.tag == "DW_TAG_member"
                    }
                    return Structure(name, _size(entry), fields)
    raise LayoutError(f"{Path(elf).name} says nothing of a struct {name}")


@cache
def variable(elf: Path, unit: str, name: str) -> int:
    """The address of a variable, also of one that only its own file knows.

    Args:
        elf: An unstripped image.
        unit: How the path of the C file ends.
        name: The variable's.

    Raises:
        LayoutError: The image says nothing of it, or it is not in the image.
    """
    with _units(elf) as units:
        for each in units:
            top = each.get_top_DIE()
            if not _name(top).endswith(unit):
                continue
            for entry in top.iter_children():
                place = entry.attributes.get("DW_AT_location")
                if entry.tag != "DW_TAG_variable" or _name(entry) != name or place is None:
                    continue
                # What the linker has dropped is at 0.
                if address := _address(each, place.value):
                    return address
    raise LayoutError(f"{Path(elf).name} says nothing of a variable {name} in {unit}")


@contextmanager
def _units(elf: Path) -> Iterator[Iterator[Any]]:
    try:
        with Path(elf).open("rb") as file:
            parsed = ELFFile(file)
            yield parsed.get_dwarf_info().iter_CUs() if parsed.has_dwarf_info() else iter(())
    except (OSError, ELFError, DWARFError) as error:
        raise LayoutError(f"{elf} is not an ELF file that can be read: {error}") from error


def _name(entry: Any) -> str:
    name = entry.attributes.get("DW_AT_name")
    return "" if name is None else str(name.value.decode(errors="replace"))


def _address(unit: Any, expression: list[int]) -> int:
    if not expression or expression[0] != _ADDRESS:
        raise LayoutError("the variable has no fixed address")
    size = unit.header.address_size
    return int.from_bytes(bytes(expression[1 : 1 + size]), "little")


def _size(entry: Any) -> int:
    """Bytes of a type, or of what has one."""
    if "DW_AT_byte_size" in entry.attributes:
        return int(entry.attributes["DW_AT_byte_size"].value)
    if entry.tag == "DW_TAG_pointer_type":
        return int(entry.cu.header.address_size)
    if "DW_AT_type" not in entry.attributes:
        return 0
    one = _size(entry.get_DIE_from_attribute("DW_AT_type"))
    if entry.tag != "DW_TAG_array_type":
        return one
    for bound in entry.iter_children():
        if bound.tag == "DW_TAG_subrange_type" and "DW_AT_count" in bound.attributes:
            one *= int(bound.attributes["DW_AT_count"].value)
        elif bound.tag == "DW_TAG_subrange_type" and "DW_AT_upper_bound" in bound.attributes:
            one *= int(bound.attributes["DW_AT_upper_bound"].value) + 1
    return one
