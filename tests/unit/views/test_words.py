from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.spaces.model import Privilege, Region
from unilab.views.words import (
    UNKNOWN,
    address_text,
    distinct,
    group_details,
    group_name,
    name_of,
    region_details,
    size_text,
)


@given(st.integers(0, 2**64))
def test_an_address_reads_back(address: int) -> None:
    text = address_text(address)
    assert int(text, 16) == address
    assert all(len(digits) == 4 for digits in text.split("_")[1:])


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (2**20 - 1, "1 MiB"),
        (2**39, "512 GiB"),
        (2**64 - 2**48, "16 EiB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


@given(st.integers(1, 2**64))
def test_no_size_is_written_with_1024_of_a_unit(size: int) -> None:
    assert 1 <= float(size_text(size).split()[0]) < 1024


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"label": "main stack", "kind": "stack"}, "main stack"),
        ({"kind": "stack", "backing": "anonymous"}, "stack"),
        ({"backing": "/lib/libc.so.6"}, "libc.so.6"),
        ({"owner": "kernel"}, "kernel"),
        ({}, "no name"),
    ],
)
def test_the_best_name_there_is(fields: dict[str, str], name: str) -> None:
    assert name_of(Region(0, 4096, "r--", **fields)) == name  # type: ignore[arg-type]


def test_details_of_a_region_say_what_is_not_known() -> None:
    details = region_details(Region(0x1000, 0x3000, "r-x", Privilege.KERNEL, label=".text"))
    assert details == {
        "label": ".text",
        "start": "0x1000",
        "end": "0x3000",
        "size": "8 KiB",
        "permissions": "r-x",
        "privilege": "kernel",
        "owner": UNKNOWN,
        "kind": UNKNOWN,
        "backing": UNKNOWN,
        "page size": "4 KiB",
    }


LIBRARY = [
    Region(
        0x1000, 0x2000, "r--", owner="C library", kind="read-only data", label="libc.so.6", backing="/lib/libc.so.6"
    ),
    Region(0x2000, 0x6000, "r-x", owner="C library", kind="text", label="libc.so.6", backing="/lib/libc.so.6"),
]
ANONYMOUS = Region(0x8000, 0x100000, "rw-", kind="mapping", backing="anonymous")


def test_details_of_a_group_have_the_fields_of_a_region_and_leave_gaps_out_of_the_size() -> None:
    details = group_details([*LIBRARY, ANONYMOUS])
    assert details.keys() == region_details(ANONYMOUS).keys()
    assert details["label"] == "libc.so.6, mapping, 3 mappings"
    assert (details["start"], details["end"], details["size"]) == ("0x1000", "0x10_0000", "1012 KiB mapped")
    assert details["permissions"] == "r-- r-x rw-"
    assert details["owner"] == f"C library, {UNKNOWN}"
    assert details["backing"] == "2 different"
    assert group_details(LIBRARY)["backing"] == "/lib/libc.so.6"


def test_a_group_is_called_by_its_labels_before_larger_things_without() -> None:
    assert group_name([*LIBRARY, ANONYMOUS]) == "libc.so.6, mapping"


def test_a_group_is_called_by_its_two_largest_names() -> None:
    libraries = [Region(n * 0x10000, n * 0x10000 + n * 0x1000, "r--", label=f"lib{n}.so") for n in (1, 2, 3, 4)]
    assert group_name(libraries) == "lib4.so, lib3.so and 2 more"


def test_distinct_keeps_the_first_order() -> None:
    assert distinct(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]
