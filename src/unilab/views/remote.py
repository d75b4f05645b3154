"""What views of running machines have in common: what they ask of a machine, and a thread that watches it.

Views know machines only by these methods; ``unilab.machines.Machine`` has them all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

import traitlets

from unilab.errors import CourseError
from unilab.spaces.registers import Registers
from unilab.views.heard import HeardWhileBusy

#: Seconds between two looks at a machine that says nothing.
LOOK_AGAIN = 0.25
ENDED, PAUSED = "ended", "paused"


class PrintedText(Protocol):
    """A machine's console."""

    def more(self, seen: int, timeout: float) -> tuple[str, bool]:
        """What came after so many characters, and whether no more will come."""

    def tail(self, length: int) -> str:
        """The last characters."""


class RemoteMachine(Protocol):
    """A machine, as far as a remote control of it goes."""

    architecture: str
    controls: frozenset[str]
    console: Any
    image: Any

    @property
    def state(self) -> Any:
        """``created``, ``running``, ``paused`` or ``ended``."""

    def wait(self, timeout: float | None = None, *, check: bool = True) -> Any:
        """How it ended."""

    def pause(self) -> None:
        """Stop it where it is."""

    def resume(self) -> None:
        """Let it run on."""

    def step(self) -> None:
        """Execute one instruction."""

    def reset(self) -> None:
        """Start it over."""

    def quit(self) -> None:
        """End it."""

    def registers(self) -> Registers:
        """The processor's registers."""

    def place(self, address: int) -> str:
        """What its symbols call an address."""

    def send(self, text: str) -> None:
        """Type on its console."""

    def send_eof(self) -> None:
        """End its console's input."""


def title_of(machine: RemoteMachine) -> str:
    """``hello as a unikernel``."""
    article = "an" if machine.architecture[:1] in "aeio" else "a"
    return f"{machine.image.program.stem} as {article} {machine.architecture}"


def words_of(error: CourseError) -> str:
    """An error in a line: what happened, and what to do about it."""
    return error.message + (f" To mend it: {error.remedy}." if error.remedy else "")


def ending_of(machine: RemoteMachine) -> str:
    """How a machine that has ended did so, in words."""
    try:
        outcome = machine.wait(0, check=False)
    except TimeoutError:
        return ""
    except CourseError as error:
        return words_of(error)
    if str(outcome.end) == "quit":
        return "it was told to"
    status = f"exit status {outcome.exit_status}" if outcome.exit_status is not None else "no exit status"
    return f"{outcome.end}, {status}"


class LiveView(HeardWhileBusy):
    """A view of a machine that follows it until one of the two ends.

    Its thread looks at the machine, never starts one, and ends by itself. A subclass gives ``_look``.
    """

    # The browser asks whether anybody is there; the answer carries the question's number.
    _question = traitlets.Dict().tag(sync=True)
    _answer = traitlets.Dict().tag(sync=True)

    def __init__(self, machine: RemoteMachine, **kwargs: Any) -> None:
        self._machine = machine
        self._closed = threading.Event()
        super().__init__(**kwargs)
        self.observe(self._reply, names="_question")
        self._watcher = threading.Thread(target=self._watch, name=f"view of {title_of(machine)}", daemon=True)

    def close(self) -> None:
        """Stop following the machine, which goes on."""
        self._closed.set()
        super().close()

    def _look(self) -> bool:
        """Bring the view up to date, waiting ``LOOK_AGAIN`` for news at most; False at the machine's end."""
        raise NotImplementedError

    def _reply(self, change: dict[str, Any]) -> None:
        self._answer = {"number": change["new"].get("number")}

    def _watch(self) -> None:
        while not self._closed.is_set() and self._look():
            pass

    def _attempt(self, what: Callable[[], object]) -> str:
        """Do something to the machine; what went wrong, in words."""
        try:
            what()
        except CourseError as error:
            return words_of(error)
        return ""
