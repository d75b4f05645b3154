"""Changing the library OS from a notebook: in a copy, which the build puts in front, and always with a way back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from unilab.errors import CourseError
from unilab.learn.scratch import FOLDER
from unilab.toolchain import overlay
from unilab.views.source import DiffView

#: Beside the notebook; what ``overlay=`` is given.
OVERLAY = f"{FOLDER}/libos"


class EditedFile:
    """A file of an overlay: a learner's copy of one of ``libos/``, or a new one.

    Shown by Jupyter as what was changed in it.

    Args:
        name: Its name in ``libos/``.
        folder: The overlay.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    @property
    def path(self) -> Path:
        """Where it is; change it with any editor."""
        return self.folder / self.name

    @property
    def course_text(self) -> str | None:
        """The text of the course's own file; None if it has none of that name."""
        path = overlay.course_files().get(self.name)
        return None if path is None else path.read_text(encoding="utf-8")

    @property
    def text(self) -> str:
        """Its text as it is now."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise CourseError(
                f"{self.path} is not there any more", remedy=f'make it anew: edit("{self.name}")'
            ) from None
        except UnicodeDecodeError:
            raise CourseError(f"{self.path} is not text", remedy=f'edit("{self.name}").reset()') from None

    @text.setter
    def text(self, text: str) -> None:
        write(self.path, text)

    def replace(self, old: str, new: str) -> EditedFile:
        """Put other text in one place.

        Args:
            old: What is there. It must be there exactly once, white space included.
            new: What is to be there.

        Returns:
            This file: another ``replace`` can follow.

        Raises:
            CourseError: The old text is not there, or more than once. The message says where to look. If the change
                has been made already, all is well.
        """
        text, course = self.text, self.course_text or ""
        count = text.count(old) if old else 0
        # A cell may run twice: then the change is made, and not made again.
        if new in text and course.count(old) == 1 and (not count or (old in new and new not in course)):
            return self
        if count == 1:
            self.text = text.replace(old, new)
            return self
        if not old:
            raise CourseError("replace() needs the text that is there now", remedy="copy a line from the file")
        if count > 1:
            numbers = ", ".join(str(number) for number in _places(text, old))
            raise CourseError(
                f"{self.name} has this text {count} times, in lines {numbers}: {_short(old)}",
                remedy="take in more of the text around it, so that one place is meant",
            )
        near = _nearest_line(text, old)
        raise CourseError(
            f"{self.name} does not have this text: {_short(old)}" + (f"\nThe nearest is line {near}" if near else ""),
            remedy="copy the text from the file; spaces and comments count",
        )

    def diff(self) -> DiffView:
        """What differs from the course's own file."""
        note = f'build with overlay="{OVERLAY}"; edit("{self.name}").reset() goes back'
        if self.folder.as_posix() != OVERLAY:
            note = f"build with overlay={str(self.folder)!r}; reset() goes back"
        return DiffView(f"{self.folder.as_posix()}/{self.name}", self.course_text, self.text, self._link(), note)

    def reset(self) -> EditedFile:
        """Go back to the course's own text. A new file, which the course does not have, goes."""
        text = self.course_text
        if text is None:
            self.path.unlink(missing_ok=True)
        else:
            self.text = text
        return self

    def _link(self) -> str:
        return Path(os.path.relpath(self.path)).as_posix()

    def __repr__(self) -> str:
        """The text form."""
        return repr(self.diff()) if self.path.is_file() else f"{self.path.as_posix()}: taken away"

    def _repr_html_(self) -> str | None:
        """Jupyter's hook."""
        return self.diff()._repr_html_() if self.path.is_file() else None


def edit(name: str = "", *, new: str = "", text: str = "", overlay_folder: str | Path = OVERLAY) -> EditedFile:
    """Get your own copy of a file of the library OS, to change and to build with.

    Args:
        name: The file, such as ``arch/x86_64/boot.S``; its last part is enough if no other file has it. A copy that
            is there already stays as it is.
        new: Instead of ``name``: a file that the library OS does not have yet, such as ``posix/my_call.c``.
        text: What is to be in the new file. It replaces what is there.
        overlay_folder: Where the copies are; the folder to give as ``overlay=``.

    Raises:
        CourseError: There is no such file; the message has the nearest names. Or it cannot be written.
    """
    if bool(name) == bool(new):
        raise CourseError("edit() takes the name of a file, or new= and text=", remedy='edit("arch/x86_64/boot.S")')
    folder = Path(overlay_folder)
    if new:
        file = EditedFile(overlay.checked_name(new), folder)
        if file.course_text is not None:
            raise CourseError(f"libos/ has a file {new} already", remedy=f'change your copy of it: edit("{new}")')
        write(file.path, text.lstrip("\n"))
        return file
    if (folder / name).is_file() and name not in overlay.course_files():
        return EditedFile(overlay.checked_name(name), folder)
    file = EditedFile(overlay.full_name(name), folder)
    if not file.path.exists():
        file.reset()
    return file


def write(path: Path, text: str) -> None:
    """Write a file, with the folders it lies in.

    Raises:
        CourseError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CourseError(
            f"{path} cannot be written: {error}", remedy=f"work in a folder you can write to, not {Path.cwd()}"
        ) from error


def _places(text: str, old: str) -> Iterator[int]:
    at = text.find(old)
    while at >= 0:
        yield text.count("\n", 0, at) + 1
        at = text.find(old, at + 1)


def _short(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(text.strip().splitlines()) <= 1 else f"{line} ..."


def _nearest_line(text: str, old: str) -> str:
    """The line that looks most like the first one that is looked for, with its number; empty if none does."""
    import difflib  # noqa: PLC0415 - only a mistake needs it

    wanted = next((line.strip() for line in old.splitlines() if line.strip()), "")
    lines = {line.strip(): number for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    near = difflib.get_close_matches(wanted, list(lines), 1, 0.6)
    return f"{lines[near[0]]}: {near[0]}" if near else ""
