"""The programs that are measured."""

from __future__ import annotations

from pathlib import Path

from unilab.errors import ToolchainError

_HERE = Path(__file__).parent / "programs"
_NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks" / "programs"


def of_course(name: str) -> Path:
    """A program of the notebooks.

    Raises:
        ToolchainError: The package is installed without the checkout that has them.
    """
    path = _NOTEBOOKS / name
    if not path.is_file():
        raise ToolchainError(f"the course's program {name} is missing", remedy="run this from a clone of the course")
    return path


def of_bench(name: str) -> Path:
    """A program that only measures."""
    return _HERE / name
