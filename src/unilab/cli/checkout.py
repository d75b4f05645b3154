"""Where the notebooks, labs and tests are: in the checkout, not in the package."""

from __future__ import annotations

from pathlib import Path

from unilab.errors import CourseError


def checkout() -> Path:
    """The folder of the checkout that this package runs from.

    Raises:
        CourseError: It does not run from one.
    """
    folder = Path(__file__).resolve().parents[3]
    if not (folder / "course").is_file():
        raise CourseError(
            "this command needs the course's notebooks and tests, which the installed package does not have",
            remedy="clone the course and run its ./course",
        )
    return folder
