from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tests.unit.views.pictures import blocks, check, words
from unilab.errors import CourseError
from unilab.spaces.nested import Nested, Stage
from unilab.views import NestedView

CONTENT = bytes.fromhex("4889f0be820110008000000000000001")
FOUR = Nested(
    "the first byte of main",
    (
        Stage("guest virtual", 0x103E1D, "program text", "the guest's page tables", CONTENT, "QMP"),
        Stage("guest physical", 0x103E1D, "RAM", "QEMU's memory file", CONTENT, "QMP"),
        Stage("QEMU's virtual", 0x7F8858102E1D, "guest-ram", "the host's page tables", CONTENT, "/proc/4711/mem"),
        Stage("host physical", None, "", "", b"", ""),
    ),
    origin="QEMU microvm",
)


def test_the_picture_keeps_the_rules_of_all_pictures() -> None:
    for nested in (FOUR, replace(FOUR, stages=FOUR.stages[:1]), replace(FOUR, name="<odd> & long " * 30)):
        view = NestedView(nested)
        picture = ElementTree.fromstring(view.svg())
        check(picture)
        assert list(blocks(picture)) == [str(i) for i in range(len(nested.stages))] == list(view.details())


def test_every_stage_shows_address_and_bytes_of_the_byte_followed() -> None:
    view = NestedView(FOUR)
    for byte in (0, 3, 15):
        view.byte = byte
        drawn = blocks(ElementTree.fromstring(view.get_state()["_picture"]))
        for number, stage in enumerate(FOUR.stages[:3]):
            assert stage.address is not None
            address = stage.address + byte
            assert f"{address:#_x}" in words(drawn[str(number)])
            now = [node for node in drawn[str(number)].iter() if "uv-byte-now" in node.get("class", "").split()]
            assert [words(node) for node in now] == [[f"{CONTENT[byte]:02x}"]]
        assert "not told by this host" in words(drawn["3"])


def test_the_proof_is_told() -> None:
    assert "The same bytes, read 2 ways: QMP; /proc/4711/mem." in NestedView(FOUR).table()
    other = replace(FOUR.stages[2], content=bytes(16))
    changed = replace(FOUR, stages=(*FOUR.stages[:2], other))
    assert "do not hold the same bytes" in NestedView(changed).table()
    once = replace(FOUR, stages=FOUR.stages[:2])
    assert "nothing to compare with" in NestedView(once).static_html()
    assert 'data-proved="false"' in NestedView(once).svg()


def test_another_byte_is_followed_by_asking_the_machine() -> None:
    asked = []

    def follow(address: int) -> Nested:
        asked.append(address)
        return replace(FOUR, name=f"the byte at {address:#x}")

    view = NestedView(FOUR, follow=follow)
    view.byte = 15
    view._question = {"by": 16, "number": "1"}
    view._question = {"follow": "0x40_1000", "number": "2"}
    assert asked == [0x103E1D + 16, 0x401000]
    assert (view.shown, view.byte) == (2, 0)
    assert view.now.name == "the byte at 0x401000"
    assert view.get_state()["_names"] == ["the first byte of main", "the byte at 0x103e2d", "the byte at 0x401000"]
    view.shown = 0
    assert "the first byte of main" in view.get_state()["_picture"]


def test_what_cannot_be_followed_is_said() -> None:
    def ended(address: int) -> Nested:
        raise CourseError("the machine has ended")

    view = NestedView(FOUR, follow=ended)
    for number, (text, words_) in enumerate([("x", "hexadecimal"), ("0x8", "the machine has ended")]):
        view._question = {"follow": text, "number": str(number)}
        assert words_ in view._answer["error"]
    assert view.nested == (FOUR,)
    kept = NestedView(FOUR)
    kept._question = {"follow": "0x8", "number": "9"}
    assert "no machine" in kept._answer["error"]


@pytest.mark.parametrize("byte", [-3, 99])
def test_a_byte_that_is_not_there_is_the_nearest(byte: int) -> None:
    view = NestedView(FOUR, byte=byte)
    assert words(blocks(ElementTree.fromstring(view.svg()))["0"])


def test_nothing_cannot_be_shown() -> None:
    with pytest.raises(CourseError, match="no byte to show"):
        NestedView()
