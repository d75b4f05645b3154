"""Where the members of a Linux kernel's structures lie: its own type information, the BPF type format.

Source: Linux, Documentation/bpf/btf.rst, and include/uapi/linux/btf.h.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from unilab.errors import LayoutError

_MAGIC = 0xEB9F
_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")
_MEMBER = struct.Struct("<III")
_INT, _PTR, _ARRAY, _STRUCT, _UNION, _ENUM, _FWD, _TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _FUNC = range(1, 13)
_FUNC_PROTO, _VAR, _DATASEC, _FLOAT, _DECL_TAG, _TYPE_TAG, _ENUM64 = range(13, 20)
#: Bytes after a type's three words: so many at all, and so many for each of its ``vlen`` parts.
_EXTRA = {
    **dict.fromkeys((_PTR, _FWD, _TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _FUNC, _FLOAT, _TYPE_TAG), (0, 0)),
    _INT: (4, 0),
    _ARRAY: (12, 0),
    **dict.fromkeys((_STRUCT, _UNION, _DATASEC, _ENUM64), (0, 12)),
    **dict.fromkeys((_ENUM, _FUNC_PROTO), (0, 8)),
    _VAR: (4, 0),
    _DECL_TAG: (4, 0),
}
_TRANSPARENT = (_TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _TYPE_TAG)


@dataclass(frozen=True, slots=True)
class _Type:
    kind: int
    at: int
    """Where its parts begin."""
    parts: int
    size_or_type: int
    bit_fields: bool


class Btf:
    """The types of one kernel.

    Args:
        data: The whole of it, as in /sys/kernel/btf/vmlinux.

    Raises:
        LayoutError: It is no BTF.
    """

    def __init__(self, data: bytes) -> None:
        try:
            magic, _, _, header, types, types_length, strings, strings_length = _HEADER.unpack_from(data)
        except struct.error as error:
            raise LayoutError(f"this is no BTF: {error}") from error
        if magic != _MAGIC or header + strings + strings_length > len(data):
            raise LayoutError("this is no BTF, or its end is missing")
        self._strings = data[header + strings : header + strings + strings_length]
        self._data = data[header + types : header + types + types_length]
        self._places = [-1]
        self._structs: dict[int, int] = {}
        self._known: dict[tuple[str, str], int] = {}
        self._index()

    def offset(self, structure: str, path: str) -> int:
        """Bytes from the beginning of a structure to a member.

        Args:
            structure: Its name without ``struct``: ``task_struct``.
            path: The member, or a member of a member: ``context.vdso``. Those of unnamed structures and unions inside
                count as the structure's own.

        Raises:
            LayoutError: There is no such structure or member.
        """
        known = self._known.get((structure, path))
        if known is not None:
            return known
        number, total = self._named(structure), 0
        for name in path.split("."):
            found = self._member(number, name)
            if found is None:
                raise LayoutError(f"the kernel's struct {structure} has no {path}")
            total, number = total + found[0], found[1]
        self._known[structure, path] = total
        return total

    def has(self, structure: str, path: str) -> bool:
        """Whether there is such a member."""
        try:
            self.offset(structure, path)
        except LayoutError:
            return False
        return True

    def size(self, structure: str) -> int:
        """Bytes of a structure.

        Raises:
            LayoutError: There is none of that name.
        """
        return self._type(self._named(structure)).size_or_type

    def _index(self) -> None:
        """Where each type is, and the structures by the place of their names."""
        at, data, unpack = 0, self._data, _TYPE.unpack_from
        while at < len(data):
            name, information, _ = unpack(data, at)
            kind = information >> 24 & 0x1F
            if kind not in _EXTRA:
                raise LayoutError(f"the kernel's BTF has a kind of types, {kind}, that is not known here")
            if kind in (_STRUCT, _UNION) and name:
                self._structs.setdefault(name, len(self._places))
            self._places.append(at)
            fixed, each = _EXTRA[kind]
            at += _TYPE.size + fixed + each * (information & 0xFFFF)

    def _named(self, structure: str) -> int:
        wanted = b"\0" + structure.encode() + b"\0"
        at = self._strings.find(wanted)
        while at >= 0:
            if at + 1 in self._structs:
                return self._structs[at + 1]
            at = self._strings.find(wanted, at + 1)
        raise LayoutError(f"the kernel has no struct {structure}")

    def _type(self, number: int) -> _Type:
        at = self._places[number]
        _, information, size_or_type = _TYPE.unpack_from(self._data, at)
        kind = information >> 24 & 0x1F
        return _Type(kind, at + _TYPE.size, information & 0xFFFF, size_or_type, bool(information >> 31))

    def _resolved(self, number: int) -> int:
        """The type behind typedefs and qualifiers."""
        while number and (found := self._type(number)).kind in _TRANSPARENT:
            number = found.size_or_type
        return number

    def _member(self, number: int, name: str) -> tuple[int, int] | None:
        """Offset in bytes and type of a member of a structure."""
        number = self._resolved(number)
        found = self._type(number)
        if not number or found.kind not in (_STRUCT, _UNION):
            return None
        for i in range(found.parts):
            named, kind, bits = _MEMBER.unpack_from(self._data, found.at + i * _MEMBER.size)
            # Where there are bit fields, the upper byte is the field's width.
            offset = (bits & 0xFF_FFFF if found.bit_fields else bits) // 8
            if not named:
                inner = self._member(kind, name)
                if inner is not None:
                    return offset + inner[0], inner[1]
            elif self._strings[named : self._strings.index(b"\0", named)] == name.encode():
                return offset, kind
        return None
