"""Programs that a learner writes in a cell."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from unilab.errors import CourseError

#: Beside the notebook, so that the file browser shows it; ignored by git.
FOLDER = "scratch"


def write_program(name: str, text: str) -> Path:
    """Write the text of a program into the folder ``scratch`` beside the notebook.

    Args:
        name: A file name that ends in ``.c``, or in ``.S`` for assembly, without a folder.
        text: C, or assembly. Empty lines at the start are dropped, so that the first line can stand below the quotes.

    Returns:
        The path. A file of that name is replaced.

    Raises:
        CourseError: The name is no file name, or the folder cannot be written.
    """
    if PurePath(name).name != name or not name.endswith((".c", ".S")):
        raise CourseError(f"{name!r} is no name for a program", remedy="give a file name such as hello.c")
    path = Path(FOLDER) / name
    # Another notebook may have a program of that name, and be building it now: it gets the old text or the new one.
    draft = path.with_name(f".{name}.{os.getpid()}")
    try:
        path.parent.mkdir(exist_ok=True)
        draft.write_text(text.lstrip("\n"), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise CourseError(
            f"{path} cannot be written: {error}", remedy=f"work in a folder you can write to, not {Path.cwd()}"
        ) from error
    return path
