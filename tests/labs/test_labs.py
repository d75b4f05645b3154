"""Every lab: its solution gets all points, its stub none and for the stated reason, and every known-wrong submission is
caught with the message it should get."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.labs.conftest import HERE, ROOT, Submission
from unilab.errors import Unavailable
from unilab.labs import Report, lab

LABS = [path.name for path in lab.folders(ROOT)]
WRONG = [(name, path.name) for name in LABS for path in sorted((HERE / name / "wrong").iterdir())]
#: What the checks see that a learner could not have seen.
HIDDEN_SEEDS = (20_001, 20_002)


def check(folder: Path, *, seed: int = 0, checks: Path | None = None) -> Report:
    """Grade it; where this host cannot run what the lab takes, the test is skipped with the reason."""
    try:
        return lab.check(folder, seed=seed, checks=checks)
    except Unavailable as error:
        pytest.skip(str(error))


def test_there_are_labs() -> None:
    assert LABS


@pytest.mark.parametrize("name", LABS)
def test_the_solution_gets_all_points(name: str, submission: Submission) -> None:
    folder = submission(name, HERE / name / "solution")
    hidden = HERE / name / "hidden.py"
    for seed in HIDDEN_SEEDS:
        report = check(folder, seed=seed)
        assert report.passed, report
    if hidden.exists():
        report = check(folder, seed=HIDDEN_SEEDS[0], checks=hidden)
        assert report.passed, report


@pytest.mark.parametrize("name", LABS)
def test_the_stub_fails_for_the_stated_reason(name: str, submission: Submission) -> None:
    report = check(submission(name))
    assert report.earned == 0
    assert (HERE / name / "stub.txt").read_text().strip() in repr(report)


@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=[f"{name}-{wrong}" for name, wrong in WRONG])
def test_a_wrong_submission_is_told_why(name: str, wrong: str, submission: Submission) -> None:
    over = HERE / name / "wrong" / wrong
    folder = submission(name, over)
    expected = (over / "expected.txt").read_text().strip()
    report = check(folder, seed=HIDDEN_SEEDS[0])
    said = [part.message for part in report.parts if not part.passed]
    hidden = HERE / name / "hidden.py"
    if not said and hidden.exists():
        said = [part.message for part in check(folder, seed=HIDDEN_SEEDS[0], checks=hidden).parts if not part.passed]
    assert any(expected in message.replace("\n", " ") or expected in message for message in said), said


@pytest.mark.parametrize("name", LABS)
def test_enough_is_known_to_go_wrong(name: str) -> None:
    assert sum(1 for lab_name, _ in WRONG if lab_name == name) >= 8


@pytest.mark.parametrize("name", LABS)
def test_a_lab_has_what_a_class_needs(name: str) -> None:
    folder = ROOT / "labs" / name
    brief = (folder / "README.md").read_text()
    for heading in ("## Goal", "## What done looks like", "## Hints"):
        assert heading in brief, heading
    assert "minutes" in brief and "After notebook" in brief
    assert brief.count("<details>") >= 3
    notes = (folder / "TEACHING.md").read_text()
    for heading in ("## Misconceptions", "## Timing", "## Board plan"):
        assert heading in notes, heading


@pytest.mark.parametrize("name", LABS)
def test_what_is_handed_in_is_left_alone(name: str, submission: Submission) -> None:
    folder = submission(name, HERE / name / "solution")
    before = _contents(folder)
    check(folder)
    assert _contents(folder) == before


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
