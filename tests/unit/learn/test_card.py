from __future__ import annotations

from xml.etree import ElementTree

from unilab.learn import card

QUESTION = "What is <in> an address space?"


def test_text_has_question_objectives_and_the_facts_given() -> None:
    opening = card(
        question=QUESTION, objectives=["read a map", "name a region"], time="35 minutes", fallback="A recording."
    )
    assert repr(opening).splitlines() == [
        QUESTION,
        "",
        "Afterwards you can:",
        "  1. read a map",
        "  2. name a region",
        "",
        "Time: 35 minutes",
        "Otherwise: A recording.",
    ]


def test_html_says_the_same_escaped() -> None:
    opening = card(question=QUESTION, objectives=["a & b"], prerequisites="C", machine="QEMU")
    form = ElementTree.fromstring(opening._repr_html_())
    assert form.get("class") == "ul ul-card"
    assert form.findtext("p") == QUESTION
    assert [item.text for item in form.iterfind("ol/li")] == ["a & b"]
    assert [(pair.findtext("dt"), pair.findtext("dd")) for pair in form.iterfind("dl/div")] == [
        ("Before this", "C"),
        ("Runs on", "QEMU"),
    ]


def test_a_card_without_facts_has_no_empty_list() -> None:
    form = ElementTree.fromstring(card(question=QUESTION, objectives=["a"])._repr_html_())
    assert form.find("dl") is None
