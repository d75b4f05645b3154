"""What a learner has done, objective by objective: kept in a file of this user, and nowhere else.

No account, no network. ``UNILAB_PROGRESS`` names another file, or is ``off`` to keep nothing, as tests do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, Literal

import filelock
import platformdirs
import traitlets

from unilab.errors import CourseError
from unilab.learn.look import STATIC, framed, live_style
from unilab.views.static_form import StaticFormWidget, front_end

Reached = Literal["open", "tried", "done"]
_ORDER: tuple[Reached, ...] = ("open", "tried", "done")
_WORDS = {"open": "not yet", "tried": "tried", "done": "done"}
_OFF = "off"


@dataclass(frozen=True, slots=True)
class Objective:
    """One thing that a notebook promises.

    Attributes:
        notebook: The notebook's number, two digits.
        number: Which of its objectives, from 1.
        text: What the learner is able to do then.
        reached: ``open``, ``tried`` or ``done``.
        when: The day on which that was noted, as YYYY-MM-DD; empty for ``open``.
    """

    notebook: str
    number: int
    text: str
    reached: Reached = "open"
    when: str = ""


def file() -> Path | None:
    """Where progress is kept; None for nowhere."""
    named = os.environ.get("UNILAB_PROGRESS")
    if named == _OFF:
        return None
    return Path(named) if named else platformdirs.user_data_path("unilab", appauthor=False) / "progress.json"


class _Kernel:
    """What this kernel knows: the notebook that is open in it, and its objectives."""

    def __init__(self) -> None:
        self.objectives: dict[int, Objective] = {}


_kernel = _Kernel()


def open_notebook(notebook: str, objectives: Sequence[str]) -> None:
    """Say which notebook runs in this kernel, and what it promises."""
    known = {(one.notebook, one.number): one for one in kept()}
    _kernel.objectives = {}
    for number, text in enumerate(objectives, 1):
        before = known.get((notebook, number))
        fresh = Objective(notebook, number, text)
        _kernel.objectives[number] = before if before is not None and before.text == text else fresh
    _keep(_kernel.objectives.values())


def note(number: int, reached: Reached) -> None:
    """Note how far the learner got with an objective of the open notebook. What was done stays done.

    Raises:
        CourseError: The open notebook has no such objective: its card must come first.
    """
    before = _kernel.objectives.get(number)
    if before is None:
        raise CourseError(
            f"there is no objective {number} here", remedy="run the card at the top of the notebook first"
        )
    if _ORDER.index(reached) > _ORDER.index(before.reached):
        today = datetime.now(UTC).date().isoformat()
        _kernel.objectives[number] = Objective(before.notebook, number, before.text, reached, today)
        _keep([_kernel.objectives[number]])


def kept() -> tuple[Objective, ...]:
    """Everything that is kept, by notebook and number. A file that does not parse counts as empty, and is put aside."""
    path = file()
    if path is None or not path.exists():
        return ()
    try:
        found = [Objective(**fields) for fields in json.loads(path.read_text(encoding="utf-8"))["objectives"]]
        if any(one.reached not in _ORDER for one in found):
            raise ValueError("an objective is neither open nor tried nor done")
    except (OSError, ValueError, KeyError, TypeError):
        path.replace(path.with_suffix(".unreadable.json"))
        return ()
    return tuple(sorted(found, key=lambda one: (one.notebook, one.number)))


def _keep(objectives: Any) -> None:
    path = file()
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(path.with_suffix(".lock")):
            everything = {(one.notebook, one.number): one for one in kept()}
            everything |= {(one.notebook, one.number): one for one in objectives}
            _write(path, everything.values())
    except OSError:
        pass  # a home that cannot be written to keeps nothing, and is no reason to stop learning


def _write(path: Path, objectives: Any) -> None:
    new = path.with_suffix(".new")
    new.write_text(_as_json(objectives), encoding="utf-8")
    new.replace(path)


def _as_json(objectives: Any) -> str:
    fields = ("notebook", "number", "text", "reached", "when")
    rows = [{name: getattr(one, name) for name in fields} for one in objectives]
    return json.dumps({"objectives": rows}, indent=1, ensure_ascii=False) + "\n"


def reset() -> None:
    """Forget everything that is kept."""
    path = file()
    if path is not None:
        path.unlink(missing_ok=True)
    _kernel.objectives = {
        number: Objective(one.notebook, number, one.text) for number, one in _kernel.objectives.items()
    }


class Objectives:
    """The open notebook's objectives, and how far the learner got. Shown by Jupyter as HTML and as text."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self.objectives = tuple(objectives)

    def __repr__(self) -> str:
        """The text form."""
        return "\n".join(f"{_sign(one)} {one.number}. {one.text}: {_WORDS[one.reached]}" for one in self.objectives)

    def _repr_html_(self) -> str:
        """Jupyter's hook."""
        return framed("objectives", _list(self.objectives))


def objectives() -> Objectives:
    """What this notebook promised, and what is done of it.

    Raises:
        CourseError: No card was shown before.
    """
    if not _kernel.objectives:
        raise CourseError("no notebook is open", remedy="run the card at the top of the notebook first")
    return Objectives(list(_kernel.objectives.values()))


class ProgressView(StaticFormWidget):
    """All notebooks that were opened, objective by objective. Made by ``progress``.

    Attributes:
        objectives: The plain values.
    """

    _esm = front_end(STATIC / "progress.js")
    _css = live_style()

    _list = traitlets.Unicode("").tag(sync=True)
    _export = traitlets.Unicode("").tag(sync=True)
    _order = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.refresh()
        self.observe(self._obey, names="_order")

    def refresh(self) -> None:
        """Look again."""
        self.objectives = kept()
        with self.hold_sync():
            self._list = _by_notebook(self.objectives)
            self._export = _as_json(self.objectives)

    def export(self, path: str | Path) -> Path:
        """Write it to a file, as JSON."""
        path = Path(path)
        path.write_text(_as_json(self.objectives), encoding="utf-8")
        return path

    def reset(self) -> None:
        """Forget everything."""
        reset()
        self.refresh()

    def _obey(self, change: Any) -> None:
        order = str(change["new"]).partition(" ")[0]
        if order == "reset":
            self.reset()
        elif order == "refresh":
            self.refresh()

    def static_html(self) -> str:
        """The list."""
        return framed("progress", _by_notebook(self.objectives))

    def static_text(self) -> str:
        """A line for each objective."""
        if not self.objectives:
            return "nothing is kept yet"
        return "\n".join(
            f"{_sign(one)} {one.notebook}.{one.number} {one.text}: {_WORDS[one.reached]}" for one in self.objectives
        )


def progress() -> ProgressView:
    """What is done of every notebook that was opened. Kept on this machine alone; exported and reset from here."""
    return ProgressView()


def _sign(one: Objective) -> str:
    return {"open": "·", "tried": "…", "done": "✓"}[one.reached]


def _list(objectives: Sequence[Objective]) -> str:
    return (
        "<ol>"
        + "".join(
            f'<li data-reached="{one.reached}">{escape(one.text)} '
            f'<span class="ul-reached">{_sign(one)} {_WORDS[one.reached]}</span></li>'
            for one in objectives
        )
        + "</ol>"
    )


def _by_notebook(objectives: Sequence[Objective]) -> str:
    parts = []
    for notebook in dict.fromkeys(one.notebook for one in objectives):
        own = [one for one in objectives if one.notebook == notebook]
        done = sum(one.reached == "done" for one in own)
        parts.append(f'<p class="ul-question">Notebook {escape(notebook)}: {done} of {len(own)}</p>{_list(own)}')
    return "".join(parts) or "<p>Nothing is kept yet. Run a notebook's card and its checks first.</p>"
