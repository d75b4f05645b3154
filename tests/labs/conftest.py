from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent

Submission = Callable[..., Path]


@pytest.fixture
def submission(tmp_path: Path) -> Submission:
    """Copies a lab, and puts files of another folder over those that a learner has."""

    def make(lab: str, over: Path | None = None) -> Path:
        folder = tmp_path / lab
        shutil.copytree(ROOT / "labs" / lab, folder, ignore=shutil.ignore_patterns("__pycache__"))
        if over is not None:
            shutil.copytree(over, folder, dirs_exist_ok=True)
        return folder

    return make
