"""Answers that are part of the library OS: compiled in containment, linked with the rest, and booted.

What a learner hands in is C or assembly. The compiler runs on it as any submission runs, with limits, without network,
and with nothing to read but the library OS; what comes of it then runs in a virtual machine with a deadline.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from unilab import machines
from unilab.errors import CompileError, CourseError, DeadlineExceeded, MachineError
from unilab.labs.containment import Limits, contained
from unilab.learn.explain import explain
from unilab.machines import End, Machine
from unilab.machines.keeper import processor_seconds
from unilab.toolchain import Image, build, libos, overlay
from unilab.toolchain.build import compile_command

#: For the compiler: it takes a fraction of a second and some 200 MB of addresses for an honest file.
_COMPILER = Limits(seconds=8, processor_seconds=8, memory_mib=1024, output_bytes=1 << 18, file_mib=4)
#: Where a dynamic linker finds what it needs, on every Linux.
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/nix/store", "/etc/ld.so.cache", "/dev/null")
#: Bytes of one file that is handed in.
_MOST = 1 << 18
#: Lines of a compiler's message that are passed on.
_LINES = 12
#: Ways to read files of the host, which no answer needs. Landlock forbids them too, where there is landlock.
_OUTSIDE = re.compile(
    r"\.\s*(?:incbin|include)\b|#\s*(?:embed|include_next|import)\b|#\s*include\s*[^\s\"<]|#\s*include\s*[\"<][^\">]*(?:/|\.\.)"
)

#: The same for programs, whose headers lie in folders.
_OUTSIDE_PROGRAM = re.compile(
    r"\.\s*(?:incbin|include)\b|#\s*(?:embed|include_next|import)\b|#\s*include\s*[\"<](?:/|[^\">]*\.\.)"
)

#: Seconds for a look at one that hangs, on a host that is busy.
_LOOK_SECONDS = 30.0
#: Seconds in which an answer that works has long done what it should: by the clock, for one that waits; and of the
#: processor, of which one that works takes a tenth of that, so that a loop without end is found early on any host.
SECONDS, PROCESSOR_SECONDS = 6.0, 3.0
#: How often it is asked how much it has had of the processor.
_ASK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Booted:
    """What became of a boot.

    Attributes:
        console: Everything printed.
        end: ``exit``, ``panic``, ``reset`` (a triple fault), ``signal``; or ``time`` if it had to be ended, ``output``
            if it printed without end, ``build`` if it could not even be built.
        exit_status: What the program ended with; None if it did not end by itself.
        explanation: If it did not end by itself: what happened, and what to check; else empty.
    """

    console: str
    end: str
    exit_status: int | None
    explanation: str

    @property
    def trouble(self) -> str:
        """Why it is not as it should be: the explanation, or a status that is not 0; else empty."""
        if self.explanation or not self.exit_status:
            return self.explanation
        return f"the program ended with status {self.exit_status}; it printed:\n{self.console.strip()}"


def program_trouble(folder: Path, name: str) -> str:  # noqa: PLR0911 - a reason each
    """Why a program that was handed in does not compile, or should not out of containment; empty if it may.

    Args:
        folder: What was handed in.
        name: The program's file in it.

    Raises:
        Unavailable: This is not Linux, whose means contain the compiler.
    """
    path = folder / name
    if path.is_symlink() or not path.is_file():
        return f"there is no {name}"
    if path.stat().st_size > _MOST:
        return f"{name} is larger than {_MOST >> 10} KiB"
    if found := _OUTSIDE_PROGRAM.search(_plain(path.read_bytes())):
        return f"{name}: a service has no files of this host in it, and this is {found[0].strip()!r}"
    command, reads = compile_command(name, "answer.o")
    with tempfile.TemporaryDirectory(prefix="unilab-answer-") as empty:
        (Path(empty) / name).write_bytes(path.read_bytes())
        ran = contained(command, folder=Path(empty), limits=_COMPILER, readable=[*_SYSTEM, *reads])
    if ran.limit:
        return f"{name}: the compiler was stopped: {ran.trouble}"
    if ran.exit_status and f"{name}:" not in ran.errors:
        return f"{name}: the compiler gave up on it. Does something there repeat without end?"
    if ran.exit_status:
        return "\n".join(repr(explain(CompileError(ran.errors.strip()))).splitlines()[:_LINES])
    return ""


def _plain(data: bytes) -> str:
    """C without comments, and without lines that go on behind a backslash."""
    text = data.decode(errors="replace").replace("\\\n", "")
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


class GuestAnswer:
    """Files that were handed in, in front of the course's library OS.

    Args:
        folder: What was handed in. Never written to.
        places: For each file of it, where it belongs in ``libos/``.
        more: Files of the lab's own that go in front too, by their names in ``libos/``.

    Raises:
        Unavailable: This is not Linux, whose means contain the compiler.
    """

    def __init__(self, folder: Path, places: Mapping[str, str], more: Mapping[str, bytes] | None = None) -> None:
        self._names = {where: name for name, where in places.items()}
        self._files: dict[str, bytes] = dict(more or {})
        #: Why it cannot be built; empty if it can.
        self.trouble = ""
        for name, where in places.items():
            path = folder / name
            if path.is_symlink() or not path.is_file():
                self.trouble = self.trouble or f"{name} is missing: it must be a file in the lab's folder"
                continue
            data = path.read_bytes() if path.stat().st_size <= _MOST else b""
            if not data:
                self.trouble = self.trouble or f"{name} is empty, or larger than {_MOST >> 10} KiB"
            self._files[overlay.checked_name(where)] = data
        self.trouble = self.trouble or self._forbidden() or self._compile()

    def _forbidden(self) -> str:
        for where, name in self._names.items():
            if found := _OUTSIDE.search(_plain(self._files[where])):
                line = found[0].strip()
                return f"{name}: an answer includes headers of the library OS by their name alone, and this is {line!r}"
        return ""

    def _compile(self) -> str:
        """Compile each file in containment: why one of them does not; empty if all do."""
        tree = overlay.merged(self._files)
        for where, name in self._names.items():
            if not where.endswith((".c", ".S")):
                continue
            command, reads = libos.compile_command(tree, where, "answer.o")
            with tempfile.TemporaryDirectory(prefix="unilab-answer-") as empty:
                ran = contained(command, folder=Path(empty), limits=_COMPILER, readable=[*_SYSTEM, *reads])
            if ran.limit:
                return f"{name}: the compiler was stopped: {ran.trouble}"
            if ran.exit_status and f"{where}:" not in ran.errors:
                return f"{name}: the compiler gave up on it. Does something there repeat without end?"
            if ran.exit_status:
                return self._message(ran.errors, tree)
        return ""

    def _message(self, text: str, tree: Path) -> str:
        text = text.replace(f"{tree}/", "")
        for where, name in self._names.items():
            text = text.replace(where, name)
        lines = repr(explain(CompileError(text.strip()))).splitlines()
        return "\n".join(lines[:_LINES])

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """What goes in front of ``libos/``."""
        return dict(self._files)

    def image(self, program: str | Path, **options: Any) -> Image:
        """Build a program with it; options as for ``build``.

        Raises:
            CourseError: It does not link, or ``trouble`` says why it cannot be built.
        """
        if self.trouble:
            raise CourseError(self.trouble)
        try:
            return build(program, overlay=self._files, **options)
        except CompileError as error:
            raise CourseError(self._message(error.message, Path("/nowhere"))) from None

    def start(self, program: str | Path | Image, *, seconds: float = SECONDS, **options: Any) -> Machine:
        """Boot it, to be looked at; options as for ``start``. Use it in a ``with`` statement.

        Raises:
            CourseError: As for ``image`` and ``start``.
        """
        image = program if isinstance(program, Image) else self.image(program)
        return machines.start(image, deadline=seconds, **options)

    def boot(self, program: str | Path | Image, *, input: str = "", seconds: float = SECONDS, **options: Any) -> Booted:
        """Boot it to its end.

        Args:
            program: A C file, or an image from ``image``.
            input: What is typed on its console, followed by the end of the file.
            seconds: How long it may take, by the clock.
            options: As for ``start``.
        """
        try:
            image = program if isinstance(program, Image) else self.image(program)
        except CourseError as error:
            return Booted("", "build", None, error.message)
        try:
            # A machine that is ended at its deadline cannot be looked at any more, so that comes later.
            with self.start(image, seconds=seconds + _LOOK_SECONDS, **options) as machine:
                try:
                    if input:
                        machine.send(input)
                    machine.send_eof()
                except CourseError:
                    pass  # it has ended: how, is told below
                return self._outcome(machine, seconds)
        except MachineError as error:
            return Booted(error.console, "output", None, str(error.message))

    def _outcome(self, machine: Machine, seconds: float) -> Booted:
        if limit := _not_ended_within(machine, seconds):
            why = f"{self.named(repr(explain(machine)))}"
            return Booted(machine.console.text, "time", None, f"It has not ended within {limit}. {why}")
        try:
            outcome = machine.wait(check=False)
        except DeadlineExceeded as error:
            return Booted(error.console, "time", None, error.message)
        text = machine.console.text
        if outcome.end in {End.PANIC, End.RESET}:
            return Booted(text, str(outcome.end), None, self.named(repr(explain(machine))))
        return Booted(text, str(outcome.end), outcome.exit_status, "")

    def named(self, text: str) -> str:
        """A text with the names under which the files were handed in."""
        for where, name in self._names.items():
            text = re.sub(rf"\b(?:{re.escape(where)}|{re.escape(Path(where).name)})", name, text)
        return text


def _not_ended_within(machine: Machine, seconds: float) -> str:
    """Wait for its end: the limit that it has reached first; empty if it has ended."""
    until = time.monotonic() + seconds
    while not machine.ended_within(max(0.0, min(_ASK_SECONDS, until - time.monotonic()))):
        if time.monotonic() >= until:
            return f"{seconds:g} seconds"
        if (processor_seconds(machine.pid) or 0.0) > PROCESSOR_SECONDS:
            return f"{PROCESSOR_SECONDS:g} seconds of processor time"
    return ""
