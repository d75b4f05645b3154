from __future__ import annotations

from xml.etree import ElementTree

import pytest

from unilab.spaces.model import AddressSpace, Region, Source, Translation
from unilab.views.table import as_html, as_text, gap_text, translation_text


def rows_of(markup: str) -> list[list[str]]:
    root = ElementTree.fromstring(f"<all>{markup}</all>")
    return [["".join(cell.itertext()) for cell in row] for row in root.iter("tr")]


def test_text_has_a_line_for_each_region_and_gap_with_high_addresses_on_top(process: AddressSpace) -> None:
    lines = as_text([process]).splitlines()
    assert lines[0] == "hello as a process [LIVE: process 4711, /proc/4711/maps]"
    assert lines[1] == "Linux process"
    assert lines[2].split() == "start end size permissions privilege owner kind label backing".split()
    assert lines[3] == "  (unmapped, 10 MiB)"
    assert lines[4].split()[:5] == ["0xffff_ffff_ff60_0000", "0xffff_ffff_ff60_1000", "4", "KiB", "--x"]
    assert lines[-1] == "  (unmapped, 4 MiB, null page included)"
    assert sum(line.startswith("0x") for line in lines) == len(process.regions)


def test_columns_stay_where_they_are_when_addresses_have_other_lengths() -> None:
    texts = [as_text([AddressSpace("a", (Region(start, start + 4096, "r--"),))]) for start in (0x1000, 2**46)]
    assert len({text.splitlines()[1] for text in texts}) == 1
    assert len({text.splitlines()[3].index("r--") for text in texts}) == 1


def test_html_says_the_same_as_text(unikernel: AddressSpace) -> None:
    rows = rows_of(as_html([unikernel]))
    text = as_text([unikernel])
    assert len(rows) == 1 + sum(line.startswith(("0x", "  (")) for line in text.splitlines())
    for cell in (cell for row in rows for cell in row):
        assert cell in text


def test_html_has_caption_and_headers(process: AddressSpace, unikernel: AddressSpace) -> None:
    tables = list(ElementTree.fromstring(f"<all>{as_html([process, unikernel])}</all>"))
    assert [table.findtext("caption") for table in tables] == [
        "hello as a process, LIVE: process 4711, /proc/4711/maps; Linux process",
        "hello as a unikernel, RECORDED: QEMU microvm, 2030-01-01; x86-64, 4 levels, CR3 0x11_6000, 9 table pages",
    ]
    assert {cell.get("scope") for cell in tables[0].iterfind("thead/tr/th")} == {"col"}
    assert all(cell.get("scope") == "row" for cell in tables[0].iterfind("tbody/tr/th"))


def test_html_escapes_what_it_is_given() -> None:
    odd = "<script>&\"'"
    space = AddressSpace(odd, (Region(0, 4096, "r--", owner=odd, kind=odd, label=odd, backing=odd),), origin=odd)
    markup = as_html([space])
    assert "<script" not in markup
    assert rows_of(markup)[2][5:] == [odd] * 4


def test_an_empty_space_still_says_what_is_not_there() -> None:
    text = as_text([AddressSpace("nothing", (), source=Source.MODEL, address_bits=47)])
    assert text.splitlines()[0] == "nothing [MODEL]"
    assert text.splitlines()[-1] == "  (unmapped, 128 TiB, null page included)"
    assert as_text([]) == as_html([]) == ""


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        ((0, 4096, 0), "unmapped, 4 KiB, null page included"),
        ((4096, 8192, 2**63), "unmapped, 8 KiB, non-canonical hole"),
        ((2**47, 0, 2**63), "unmapped, non-canonical hole"),
    ],
)
def test_gaps_in_words(gap: tuple[int, int, int], text: str) -> None:
    assert gap_text(*gap) == text


def test_translation_says_what_is_known() -> None:
    assert translation_text(Translation("none")) == ""
    assert translation_text(Translation("x86-64, 4 levels", root=0)) == "x86-64, 4 levels, CR3 0x0"
