from __future__ import annotations

import json
from pathlib import Path

import pytest

from unilab.errors import CourseError
from unilab.learn import card, check, journal, objectives, progress


@pytest.fixture(autouse=True)
def kept_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "of" / "mine.json"
    monkeypatch.setenv("UNILAB_PROGRESS", str(path))
    monkeypatch.setattr(journal, "_kernel", journal._Kernel())
    return path


def _open(*texts: str, notebook: str = "01") -> None:
    card(question="What?", objectives=texts or ("see it", "do it"), notebook=notebook)


def _reached() -> list[str]:
    return [one.reached for one in progress().objectives]


def test_a_card_opens_what_is_not_reached_yet() -> None:
    _open()
    assert _reached() == ["open", "open"]
    assert repr(objectives()) == "· 1. see it: not yet\n· 2. do it: not yet"


def test_a_check_notes_what_it_shows() -> None:
    _open()
    check("it", True, objective=1)
    check("that", False, objective=2)
    assert _reached() == ["done", "tried"]


def test_what_is_done_stays_done_in_the_next_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    _open()
    check("it", True, objective=1)
    monkeypatch.setattr(journal, "_kernel", journal._Kernel())
    _open()
    check("it", False, objective=1)
    assert _reached() == ["done", "open"]
    assert repr(objectives()).startswith("✓ 1. see it: done")


def test_what_is_not_tried_is_not_noted() -> None:
    _open()
    check("it", ..., objective=1)
    assert _reached() == ["open", "open"]


def test_an_objective_that_is_worded_anew_is_a_new_one() -> None:
    _open()
    check("it", True, objective=1)
    _open("see more", "do it")
    assert _reached() == ["open", "open"]


def test_notebooks_are_kept_side_by_side() -> None:
    _open(notebook="02")
    check("it", True, objective=2)
    _open("look", notebook="01")
    assert [(one.notebook, one.number, one.reached) for one in progress().objectives] == [
        ("01", 1, "open"),
        ("02", 1, "open"),
        ("02", 2, "done"),
    ]


def test_a_check_needs_the_card_before_it() -> None:
    with pytest.raises(CourseError, match="run the card"):
        check("it", True, objective=1)


def test_it_is_exported_and_reset(tmp_path: Path, kept_here: Path) -> None:
    _open()
    check("it", True, objective=1)
    view = progress()
    exported = json.loads(view.export(tmp_path / "out.json").read_text())
    assert [one["reached"] for one in exported["objectives"]] == ["done", "open"]
    view.reset()
    assert view.objectives == () and not kept_here.exists()
    assert [one.reached for one in objectives().objectives] == ["open", "open"]


def test_the_browser_resets_too() -> None:
    _open()
    view = progress()
    view.set_state({"_order": "reset 1 17"})
    assert view.objectives == ()


@pytest.mark.parametrize("text", ["no json", '{"objectives": [{"notebook": "01"}]}', "[]"])
def test_a_file_that_is_spoilt_is_put_aside(kept_here: Path, text: str) -> None:
    kept_here.parent.mkdir(parents=True)
    kept_here.write_text(text)
    assert progress().objectives == ()
    assert kept_here.with_suffix(".unreadable.json").read_text() == text


def test_where_nothing_can_be_written_learning_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("UNILAB_PROGRESS", str(blocked / "below.json"))
    _open()
    assert check("it", True, objective=1)
    assert repr(objectives()).startswith("✓")


def test_off_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNILAB_PROGRESS", "off")
    _open()
    check("it", True, objective=1)
    assert progress().objectives == ()
    assert repr(objectives()).startswith("✓")


def test_texts_are_escaped() -> None:
    _open("<b>bold</b>")
    assert "<b>" not in progress().static_html() and "<b>" not in objectives()._repr_html_()
