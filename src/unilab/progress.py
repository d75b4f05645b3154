"""Progress of work that may take a while.

Someone who watches, at a terminal or in a notebook, sees a bar; a log gets one
line when the work turns out to take long, and one when it is done. Work that is
over within half a second shows nothing at all.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from tqdm import tqdm

if TYPE_CHECKING:
    from unilab.views.experiment import ExperimentView

#: Seconds of work that need no explanation.
_PATIENCE = 0.5

#: Columns of the bar in a notebook, which has no width of its own.
_NOTEBOOK_COLUMNS = 90

_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} to go"


class Bar(Protocol):
    """What ``bar`` gives to the work. May be used from any thread."""

    def update(self, n: int = 1, /) -> object:
        """Count ``n`` more units of work as done."""


@contextmanager
def bar(total: int, title: str) -> Iterator[Bar]:
    """Show on stderr how far some work is.

    Args:
        total: Units of work.
        title: What is being done, as in "building the C library".
    """
    in_notebook = _in_notebook()
    if in_notebook and "PYTEST_CURRENT_TEST" in os.environ:
        # A notebook under test: its output is compared, and must not depend on what the cache holds.
        yield _Silent()
    elif in_notebook or sys.stderr.isatty():
        with tqdm(
            total=total,
            desc=title,
            bar_format=_FORMAT,
            delay=_PATIENCE,
            leave=False,
            miniters=0,  # the clock alone decides when to draw: a unit may take seconds
            ncols=_NOTEBOOK_COLUMNS if in_notebook else None,
            dynamic_ncols=not in_notebook,
            file=sys.stderr,
        ) as shown:
            yield shown
    else:
        with _plain_lines(title):
            yield _Silent()


class Stopped(Exception):
    """Somebody has stopped an experiment."""


class Steps(Protocol):
    """What ``experiment`` gives to the work."""

    def begin(self, doing: str, /) -> None:
        """The step before is done, if there was one; the next begins.

        Args:
            doing: What it does, in a few words.

        Raises:
            Stopped: Somebody has pressed the button.
        """


@contextmanager
def experiment(total: int, title: str) -> Iterator[Steps]:
    """Show how far a long experiment is: in a notebook with a button that stops it.

    Args:
        total: How many steps there are.
        title: What is measured.
    """
    if not _in_notebook():
        with bar(total, title) as shown:
            yield _Counted(shown)
        return
    # Imported here: a script need not pay for it.
    from IPython.display import display  # noqa: PLC0415

    from unilab.views.experiment import ExperimentView  # noqa: PLC0415

    view = ExperimentView(title, total)
    display(view)  # type: ignore[no-untyped-call]
    steps = _Shown(view)
    try:
        yield steps
    except BaseException:
        view.state = "stopped"
        raise
    view.done, view.state = total, "done"


class _Counted:
    """Steps of an experiment that nobody can stop but by a signal."""

    def __init__(self, shown: Bar) -> None:
        self._shown = shown
        self._began = False

    def begin(self, doing: str, /) -> None:
        if self._began:
            self._shown.update()
        self._began = True


class _Shown:
    """Steps of an experiment, in a view."""

    def __init__(self, view: ExperimentView) -> None:
        self._view = view
        self._began = False

    def begin(self, doing: str, /) -> None:
        self._view.done += self._began
        self._began = True
        if self._view.stop:
            raise Stopped
        self._view.doing = doing


class _Silent:
    def update(self, n: int = 1, /) -> None:
        """Nobody watches."""


@contextmanager
def _plain_lines(title: str) -> Iterator[None]:
    begin = time.monotonic()
    announcement = threading.Timer(_PATIENCE, lambda: _say(f"{title} ..."))
    announcement.daemon = True
    announcement.start()
    try:
        yield
    finally:
        announcement.cancel()
        announcement.join()
    seconds = time.monotonic() - begin
    if seconds > _PATIENCE:
        _say(f"{title}: done in {seconds:.1f} s")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _in_notebook() -> bool:
    """True inside a Jupyter kernel. Does not import IPython: a script need not pay for it."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
