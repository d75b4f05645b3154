"""Address spaces as text in a file, to show where the thing itself cannot run.

JSON, with addresses as hexadecimal text: a JSON number loses digits above 2^53.
"""

from __future__ import annotations

import dataclasses
import json

from unilab.errors import LayoutError
from unilab.spaces.model import AddressSpace, Privilege, Region, Source, Translation

_REGION = tuple(field.name for field in dataclasses.fields(Region))


def to_json(space: AddressSpace) -> dict[str, object]:
    """The space as values that JSON has."""
    return {
        "name": space.name,
        "origin": space.origin,
        "address_bits": space.address_bits,
        "translation": {
            "scheme": space.translation.scheme,
            "root": None if space.translation.root is None else f"{space.translation.root:#x}",
            "table_pages": space.translation.table_pages,
        },
        "regions": [_region_to_json(region) for region in space.regions],
    }


def from_json(data: object, *, origin: str) -> AddressSpace:
    """The space as RECORDED.

    Args:
        data: What ``to_json`` gave, through a file.
        origin: Where and when it was recorded.

    Raises:
        LayoutError: It is nothing that ``to_json`` gives.
    """
    try:
        assert isinstance(data, dict)
        translation = data["translation"]
        root = translation["root"]
        return AddressSpace(
            data["name"],
            tuple(_region_from_json(region) for region in data["regions"]),
            Translation(translation["scheme"], None if root is None else int(root, 16), translation["table_pages"]),
            Source.RECORDED,
            origin,
            data["address_bits"],
        )
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise LayoutError(f"this is no recorded address space: {error!r}") from error


def dumps(recording: dict[str, object]) -> str:
    """JSON for people: one region a line, so that a change shows as the lines that changed.

    Args:
        recording: Any values; what ``to_json`` gave is under ``space``.
    """
    space = recording["space"]
    assert isinstance(space, dict)
    lines = [json.dumps(region, ensure_ascii=False) for region in space["regions"]]
    text = json.dumps(recording | {"space": space | {"regions": None}}, indent=1, ensure_ascii=False)
    return text.replace('"regions": null', '"regions": [\n   ' + ",\n   ".join(lines) + "\n  ]") + "\n"


def _region_to_json(region: Region) -> list[object]:
    values = [getattr(region, name) for name in _REGION]
    return [f"{values[0]:#x}", f"{values[1]:#x}", *values[2:]]


def _region_from_json(values: list[object]) -> Region:
    fields = dict(zip(_REGION, values, strict=True))
    for edge in ("start", "end"):
        fields[edge] = int(str(fields[edge]), 16)
    fields["privilege"] = Privilege(str(fields["privilege"]))
    return Region(**fields)  # type: ignore[arg-type]  # each value is of its field's type, or Region is not read
