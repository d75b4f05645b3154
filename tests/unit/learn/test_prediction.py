from __future__ import annotations

from xml.etree import ElementTree

import pytest

from unilab.errors import CourseError
from unilab.learn import predict
from unilab.spaces.model import AddressSpace, Region
from unilab.views import AddressSpaceView, show


@pytest.fixture
def view() -> AddressSpaceView:
    return show(AddressSpace("a space", (Region(0x1000, 0x2000, "r-x", label="a region"),)))


def test_a_prediction_starts_open_without_a_value() -> None:
    prediction = predict("How many?", unit="calls")
    assert (prediction.state, prediction.value) == ("open", None)


def test_a_committed_number_is_a_number() -> None:
    prediction = predict("How many?")
    prediction.commit("1,200")
    assert (prediction.state, prediction.answer, prediction.value) == ("committed", "1,200", 1200)


def test_a_committed_choice_is_the_choice() -> None:
    prediction = predict("Which?", choices=["10", "20"])
    prediction.commit("10")
    assert prediction.value == "10"


@pytest.mark.parametrize(("choices", "remedy"), [([], "such as 12"), (["left", "right"], "left, right")])
def test_a_bad_answer_is_refused_and_the_prediction_stays_open(choices: list[str], remedy: str) -> None:
    prediction = predict("Which?", choices=choices)
    with pytest.raises(CourseError, match=remedy):
        prediction.commit("many")
    assert (prediction.state, prediction.answer) == ("open", "")


def test_whatever_the_browser_sends_a_bad_number_is_no_value() -> None:
    prediction = predict("How many?")
    prediction.set_state({"answer": "many", "state": "committed"})
    assert prediction.value is None


@pytest.mark.parametrize("act", ["commit", "skip"])
def test_a_view_is_locked_until_the_learner_commits_or_skips(view: AddressSpaceView, act: str) -> None:
    prediction = predict("How many?", locks=view)
    assert view.locked
    if act == "commit":
        prediction.commit(1)
    else:
        prediction.skip()
    assert not view.locked


def test_a_view_locked_after_the_fact_stays_open(view: AddressSpaceView) -> None:
    prediction = predict("How many?")
    prediction.skip()
    prediction.lock(view)
    assert not view.locked


def test_a_view_can_be_unlocked_anyway(view: AddressSpaceView) -> None:
    predict("How many?", locks=view).unlock(view)
    assert not view.locked


def test_running_the_cell_again_keeps_the_answer() -> None:
    predict("How many?", unit="calls").commit(3)
    assert predict("How many?", unit="calls").value == 3


def test_answers_are_kept_by_key_and_dropped_when_the_question_changes() -> None:
    first = predict("How many?", key="calls")
    first.commit(3)
    assert predict("How many?", key="other").state == "open"
    assert predict("How many?", key="calls") is first
    assert predict("How many system calls?", key="calls").state == "open"


def test_reveal_waits_for_the_prediction(view: AddressSpaceView) -> None:
    prediction = predict("How many?", unit="calls")
    reveal = prediction.reveal(61, then=view, why="Because.")
    assert (reveal.locked, view.locked) == (True, True)
    prediction.commit(10)
    assert (reveal.locked, view.locked) == (False, False)
    assert (reveal.predicted, reveal.observed) == ("10 calls", "61 calls")
    assert reveal.verdict == "Observed is 6.1 times what you predicted."


def test_reveal_after_the_fact_is_open() -> None:
    prediction = predict("How many?")
    prediction.skip()
    reveal = prediction.reveal(61)
    assert (reveal.locked, reveal.predicted, reveal.verdict) == (False, "no prediction", "")


def test_the_view_below_crosses_to_the_browser_by_reference(view: AddressSpaceView) -> None:
    reveal = predict("How many?").reveal(61, then=view)
    assert reveal.get_state()["then"] == f"anywidget:{view.model_id}"
    assert predict("How many?").reveal(61).get_state()["then"] is None


def test_static_forms_hold_question_and_observation_with_nobody_at_the_keyboard(view: AddressSpaceView) -> None:
    prediction = predict("Which <one>?", unit="calls", choices=["this & that", "neither"])
    assert prediction.static_text() == "Predict: Which <one>? (in calls)\n  - this & that\n  - neither"
    form = ElementTree.fromstring(prediction.static_html())
    assert form.findtext("p") == "Predict: Which <one>? (in calls)"
    assert [item.text for item in form.iterfind("ul/li")] == ["this & that", "neither"]

    reveal = prediction.reveal("neither", then=view, why="Two & two.")
    assert reveal.static_text().splitlines()[:3] == [
        "Predicted: no prediction",
        "Observed:  neither calls",
        "Two & two.",
    ]
    assert reveal.static_text().endswith(view.static_text())
    shown, _, below = reveal.static_html().partition('</div><div class="uv-static">')
    assert "Two &amp; two." in shown
    assert "a region" in below


def test_a_static_reveal_shows_the_prediction_there_was() -> None:
    prediction = predict("How many?", unit="calls")
    prediction.commit(10)
    form = ElementTree.fromstring(prediction.reveal(61, why="So.").static_html())
    assert form.get("data-state") == "committed"
    assert [node.text for node in form.iter("dd")] == ["10 calls", "61 calls"]
    assert [node.text for node in form.iterfind("p")] == ["Observed is 6.1 times what you predicted.", "So."]


def test_a_notebook_gets_the_widget_and_both_static_forms() -> None:
    prediction = predict("How many?")
    for widget in (prediction, prediction.reveal(1)):
        data, _ = widget._repr_mimebundle_()
        assert data["text/html"] == widget.static_html()
        assert data["text/plain"] == widget.static_text()
        assert "application/vnd.jupyter.widget-view+json" in data
