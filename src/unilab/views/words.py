"""How addresses, sizes and permissions are written, in every picture and table alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from unilab.spaces.model import Region

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")

#: Shown where a reader could not find a value out.
UNKNOWN = "not known"


def address_text(address: int) -> str:
    """Hexadecimal with the digits in fours.

    >>> address_text(0x7FFFFFFFF000)
    '0x7fff_ffff_f000'
    """
    return f"{address:#_x}"


def size_text(size: int) -> str:
    """A number of bytes in the largest binary unit it reaches, with at most one decimal.

    >>> size_text(24 * 1024), size_text(1536), size_text(17)
    ('24 KiB', '1.5 KiB', '17 B')
    """
    amount = float(size)
    unit = 0
    # Compare what will be printed: 1023.97 KiB must not become "1024 KiB".
    while round(amount, 1) >= 1024 and unit < len(_UNITS) - 1:
        amount /= 1024
        unit += 1
    return f"{amount:.1f}".removesuffix(".0") + f" {_UNITS[unit]}"


def name_of(region: Region) -> str:
    """The best short name there is: the label, else what it holds, else what is behind it."""
    return region.label or region.kind or region.backing.rsplit("/", 1)[-1] or region.owner or "no name"


def region_details(region: Region) -> dict[str, str]:
    """Everything a view says about one region, by field name, as text.

    >>> region_details(Region(0x1000, 0x3000, "r-x", label=".text"))["size"]
    '8 KiB'
    """
    return {
        "label": region.label or UNKNOWN,
        "start": address_text(region.start),
        "end": address_text(region.end),
        "size": size_text(region.size),
        "permissions": region.permissions,
        "privilege": str(region.privilege),
        "owner": region.owner or UNKNOWN,
        "kind": region.kind or UNKNOWN,
        "backing": region.backing or UNKNOWN,
        "page size": size_text(region.page_size),
    }


def group_name(regions: Sequence[Region]) -> str:
    """What a run of regions is called: its two largest names, labels before other words.

    >>> group_name([Region(0, 1, "r--", label="libc.so.6"), Region(1, 2, "r-x", label="libc.so.6")])
    'libc.so.6'
    """
    sizes: dict[tuple[bool, str], int] = {}
    for region in regions:
        name = (bool(region.label), name_of(region))
        sizes[name] = sizes.get(name, 0) + region.size
    names = distinct(text for _, text in sorted(sizes, key=lambda name: (name[0], sizes[name]), reverse=True))
    more = len(names) - 2
    return ", ".join(names[:2]) + (f" and {more} more" if more > 0 else "")


def group_details(regions: Sequence[Region]) -> dict[str, str]:
    """What a view says about a run of regions drawn as one block; the fields are those of one region."""
    backings = distinct(r.backing or UNKNOWN for r in regions)
    return {
        "label": f"{group_name(regions)}, {len(regions)} mappings",
        "start": address_text(regions[0].start),
        "end": address_text(regions[-1].end),
        "size": size_text(sum(r.size for r in regions)) + " mapped",
        "permissions": " ".join(distinct(r.permissions for r in regions)),
        "privilege": ", ".join(distinct(str(r.privilege) for r in regions)),
        "owner": ", ".join(distinct(r.owner or UNKNOWN for r in regions)),
        "kind": ", ".join(distinct(r.kind or UNKNOWN for r in regions)),
        "backing": backings[0] if len(backings) == 1 else f"{len(backings)} different",
        "page size": ", ".join(distinct(size_text(r.page_size) for r in regions)),
    }


def distinct(words: Iterable[str]) -> list[str]:
    """The words once each, in the order they first appear."""
    return list(dict.fromkeys(words))
