"""Plain values as text in a file, to show where the thing itself cannot run.

Any frozen dataclass of plain values will do. JSON: a dataclass is the list of its fields' values, and the names of the
fields are written once. Large numbers, which are addresses, are hexadecimal text; so are bytes.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache as memoize
from typing import Any, TypeVar

from unilab.errors import LayoutError
from unilab.spaces.model import Source

T = TypeVar("T")
#: Field names by class.
Fields = dict[str, list[str]]

#: Fields that say where a value comes from: a recording says that once, for all that is in it.
_ONCE = {"source", "origin"}
#: Numbers up to here are more readable as they are.
_SMALL = 1 << 16


def encode(value: object, fields: Fields) -> object:
    """The value as JSON has values.

    Args:
        value: A dataclass, or what its fields may hold: numbers, text, bytes, enumerations, None, and tuples of such.
        fields: Gets the names of the fields of each class that occurs.

    Raises:
        TypeError: It is something else.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if field.name not in _ONCE]
        fields[type(value).__name__] = names
        return [encode(getattr(value, name), fields) for name in names]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool) or value is None or isinstance(value, str | float):
        return value
    if isinstance(value, int):
        return value if -_SMALL < value < _SMALL else hex(value)
    if isinstance(value, tuple | list):
        return [encode(each, fields) for each in value]
    raise TypeError(f"{type(value).__name__} cannot be recorded")


def decode(kind: type[T], data: object, fields: Mapping[str, Sequence[str]], *, origin: str) -> T:
    """The value again, and all in it that has a source, as RECORDED.

    Args:
        kind: The dataclass.
        data: What ``encode`` gave, through a file.
        fields: What ``encode`` noted. Fields that the class has got since have their defaults.
        origin: Where and when it was recorded.

    Raises:
        LayoutError: It is nothing that ``encode`` gives for this class.
    """
    try:
        value = _decode(kind, data, fields, origin)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LayoutError(f"this is no recorded {kind.__name__}: {error!r}") from error
    return typing.cast(T, value)


def dumps(value: object) -> str:
    """JSON for people: a list that holds no list is one line, so that a change shows as the lines that changed."""
    return "".join(_lines(value, 0)) + "\n"


def _decode(kind: Any, data: Any, fields: Mapping[str, Sequence[str]], origin: str) -> object:
    outer, inner = typing.get_origin(kind), typing.get_args(kind)
    if outer in {typing.Union, types.UnionType}:
        return None if data is None else _decode(next(k for k in inner if k is not type(None)), data, fields, origin)
    if outer is tuple:
        if not isinstance(data, list):
            raise TypeError(f"{data!r} is no list")
        kinds = [inner[0]] * len(data) if inner[-1] is Ellipsis else inner
        return tuple(_decode(k, each, fields, origin) for k, each in zip(kinds, data, strict=True))
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, data, fields, origin)
    return kind(data) if issubclass(kind, Enum) else _decode_scalar(kind, data)


def _decode_scalar(kind: Any, data: Any) -> object:
    if kind is bytes:
        return bytes.fromhex(data)
    if kind is int and isinstance(data, str):
        return int(data, 16)
    if kind not in {int, str, float, bool} or not isinstance(data, int | float if kind is float else kind):
        raise TypeError(f"{data!r} is no {kind}")
    return data


def _decode_dataclass(kind: Any, data: Any, fields: Mapping[str, Sequence[str]], origin: str) -> object:
    if not isinstance(data, list):
        raise TypeError(f"{data!r} is no list")
    kinds = _field_types(kind)
    named = zip(fields[kind.__name__], data, strict=True)
    values = {name: _decode(kinds[name], each, fields, origin) for name, each in named if name in kinds}
    values |= {name: now for name, now in (("source", Source.RECORDED), ("origin", origin)) if name in kinds}
    return kind(**values)


@memoize
def _field_types(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind) if field.init}


def _lines(value: object, depth: int) -> list[str]:
    inner, outer = " " * (depth + 1), " " * depth
    if isinstance(value, dict) and value:
        items = [(f"{json.dumps(name)}: ", each) for name, each in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, list) and any(isinstance(each, list | dict) for each in value):
        items = [("", each) for each in value]
        opening, closing = "[", "]"
    else:
        return [json.dumps(value, ensure_ascii=False)]
    lines = [opening + "\n"]
    for i, (name, each) in enumerate(items):
        first, *rest = _lines(each, depth + 1)
        lines += [inner + name + first, *rest, ",\n" if i + 1 < len(items) else "\n"]
    return [*lines, outer + closing]
