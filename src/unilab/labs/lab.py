"""Labs as folders: ``labs/NN-title`` holds a brief, stubs, and ``check.py``, whose ``check`` grades such a folder."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

from unilab.cli.checkout import checkout
from unilab.errors import CourseError
from unilab.labs.report import Report

_NAME = re.compile(r"\d\d-[a-z0-9-]+")


def check(folder: str | Path, *, seed: int = 0, checks: Path | None = None) -> Report:
    """Grade a submission.

    Args:
        folder: A lab's folder, or a copy of the same name. Nothing in it is trusted, its ``check.py`` included.
        seed: Chooses what the submission is tried with.
        checks: The file with the function ``check(folder, seed)``; unless given, ``check.py`` of the course's own lab.

    Raises:
        CourseError: There is no such lab.
        Unavailable: This host cannot run what it takes.
    """
    path = Path(folder).resolve()
    labs = {lab.name: lab for lab in folders(checkout())}
    if not path.is_dir() or path.name not in labs:
        raise CourseError(f"{folder} is no folder of a lab", remedy=f"the labs are: {', '.join(labs)}")
    file = checks or labs[path.name] / "check.py"
    module = load(file)
    report = module.check(path, seed)
    if not isinstance(report, Report):
        raise CourseError(f"{file}: check() must return a Report, and returned {type(report).__name__}")
    return report


def load(file: Path) -> ModuleType:
    """A Python file as a module, without its folder on the import path."""
    name = "unilab_lab_" + re.sub(r"\W", "_", f"{file.parent.name}_{file.stem}")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def folders(root: Path) -> list[Path]:
    """The labs of a checkout, in order."""
    return sorted(path for path in (root / "labs").glob("*") if _NAME.fullmatch(path.name))
