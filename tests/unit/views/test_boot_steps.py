from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.unit.spaces.boots import boot, state
from tests.unit.views.pictures import check, words
from unilab.errors import CourseError
from unilab.spaces.boot_steps import BootSteps
from unilab.views import BootStepsView
from unilab.views.boot_steps_drawing import svg
from unilab.views.boot_steps_table import as_text, bit_meanings, changes, register_rows

EACH = pytest.mark.parametrize("index", range(5))


@EACH
def test_each_picture_keeps_the_rules_of_all_pictures(index: int) -> None:
    picture = ElementTree.fromstring(svg(boot("It reset."), index))
    check(picture)
    items = [node.get("data-item") for node in picture.iter() if "data-item" in node.attrib]
    assert items[:10] == ["next", "CS", "SS", "RSP", "CR0", "CR3", "CR4", "EFER", "GDT", "IDT"]
    assert set(items) == set(BootStepsView(boot())._all_details[index])


def test_all_pictures_are_of_one_size_and_one_mode_is_marked() -> None:
    pictures = [ElementTree.fromstring(svg(boot(), index)) for index in range(5)]
    assert len({(picture.get("width"), picture.get("height")) for picture in pictures}) == 1
    for picture, each in zip(pictures, boot().states, strict=True):
        marked = [node.get("data-mode") for node in picture.iter() if node.get("data-now") == "true"]
        assert marked == [each.mode]


def test_what_is_new_says_so_without_colour() -> None:
    lines = words(ElementTree.fromstring(svg(boot(), 3)))
    assert any("+PG" in line and "+WP" in line for line in lines)
    assert lines.count("new") == 1  # the mode
    lines = words(ElementTree.fromstring(svg(boot(), 4)))
    assert lines.count("new") == 2  # two runs of pages


def test_the_next_line_and_what_was_executed_are_marked() -> None:
    picture = svg(boot(), 3)
    assert "▶65" in picture and picture.count('class="uv-line-done"') == 1
    assert "&lt;x87&gt;" in picture
    assert "the firmware's" in "".join(ElementTree.fromstring(svg(boot(), 0)).itertext())


def test_registers_are_told_bit_by_bit() -> None:
    states = boot().states
    first, long = (
        {row.name: row for row in register_rows(*pair)} for pair in ((states[0], None), (states[3], states[2]))
    )
    assert not any(row.changed or row.new or row.lost for row in first.values())
    assert first["CS"].words == "16-bit code, from 0xffff_0000 on"
    assert first["IDT"].words == "none: no exception is survived"
    assert (long["CR0"].kept, long["CR0"].new) == (("PE", "ET"), ("MP", "WP", "PG"))
    assert long["EFER"].meaning == "+LME +LMA +NXE"
    assert "paging" in bit_meanings(states[3], "CR0")["PG"]
    assert bit_meanings(states[3], "CS") == {}
    back = {row.name: row for row in register_rows(states[2], states[3])}
    assert back["CR0"].lost == ("MP", "WP", "PG")
    assert "CR0 −MP −WP −PG" in changes(states[2], states[3])


def test_the_table_has_all_and_the_end() -> None:
    text = as_text(boot("It reset."))
    assert text.splitlines()[0] == "hello as a unikernel [LIVE: QEMU 7.2 microvm, tcg]"
    assert " 4. 64-bit mode; 64-bit mode; paging on; next: fninit in libos_pvh_start+0x72 (boot.S:65)" in text
    assert text.endswith("It reset.")
    html = BootStepsView(boot("It reset.")).table_html()
    assert html.count("<tr>") >= 8 and "It reset." in html and "0x7fff_ffff_a000" in html


def test_it_begins_where_it_is_told_to() -> None:
    assert BootStepsView(boot(), at="64-bit mode").at == BootStepsView(boot(), at=3).at == 3
    with pytest.raises(CourseError, match="no step 'nowhere'") as caught:
        BootStepsView(boot(), at="nowhere")
    assert "64-bit mode" in (caught.value.remedy or "")
    with pytest.raises(CourseError, match="no step to show"):
        BootStepsView(BootSteps("nothing", ()))


def test_its_output_is_pictures_a_table_and_text() -> None:
    data, _ = BootStepsView(boot(), task="Which bit?")._repr_mimebundle_()
    assert data["text/plain"].startswith("Which bit?\n\nhello as a unikernel")
    assert data["text/html"].count("<img ") == 5
    assert data["text/html"].count("<details>") == 1
    many = BootSteps("long", tuple(state(f"step {n}", "64-bit") for n in range(30)))
    html = BootStepsView(many).static_html()
    assert html.count("<img ") == 2 and "28 more steps" in html


def test_paging_that_is_not_long_modes_says_so() -> None:
    text = (boot().states[3], boot().states[2])
    assert "goes through" in svg(boot(), 3)
    lost = state("paging on", _without_lma())
    picture = svg(BootSteps("lost", (text[1], lost)), 1)
    assert "not long mode" in picture


def _without_lma() -> str:
    from tests.unit.spaces.test_boot_steps import _LONG  # noqa: PLC0415

    return _LONG.replace("EFER=0000000000000d00", "EFER=0000000000000800")
