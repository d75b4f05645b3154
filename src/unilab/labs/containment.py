"""Running what a learner handed in: in a process of its own, with limits, and with nothing of it left behind.

A submission is untrusted. It may loop, fork, print without end, eat memory, crash or call out; each of that is an
outcome to report, and none of it reaches the grader.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unilab.errors import Unavailable
from unilab.labs import supervisor

#: Seconds that the supervisor may take for its own work, beyond the submission's time.
_PATIENCE = 20.0
_PYTHON_FLAGS = ("-E", "-s", "-B")
_CALL = str(Path(__file__).with_name("call.py"))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a submission may use up.

    Attributes:
        seconds: Time, by the clock.
        processor_seconds: Time that its processes together have a processor, several times what it needs: so a loop
            that never ends is found early, and on a busy host nothing else is.
        memory_mib: Memory of all its processes together, and the address space of each.
        processes: How many it may have at once.
        output_bytes: How much it may print.
        file_mib: How large a file it may write.
    """

    seconds: float = 10.0
    processor_seconds: float = 3.0
    memory_mib: int = 512
    processes: int = 24
    output_bytes: int = 1 << 20
    file_mib: int = 64


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of it.

    Attributes:
        exit_status: What it ended with; 128 plus the number for a signal; None if a limit ended it.
        output: What it printed.
        errors: What it printed on standard error.
        answer: What it wrote to descriptor 9.
        limit: The limit that ended it: ``time``, ``processor``, ``memory``, ``processes`` or ``output``; empty if none
            did.
        seconds: How long it ran.
        limits: What it was allowed.
        left_behind: How many of its processes were still there when it had ended, and were killed.
    """

    exit_status: int | None
    output: str
    errors: str
    answer: bytes
    limit: str
    seconds: float
    left_behind: int
    limits: Limits

    @property
    def trouble(self) -> str:
        """In a sentence, why it did not end well; empty if it ended with status 0."""
        if self.limit:
            return {
                "time": f"it was still running after {self.seconds:.0f} seconds. Look for a loop that never ends",
                "processor": f"it was still running after {self.limits.processor_seconds:g} seconds of processor time. "
                "Look for a loop that never ends",
                "memory": "it used more memory than it may. Look for something that grows without end",
                "processes": "it started more processes than it may. Look for a fork in a loop",
                "output": "it printed more than it may. Look for a print in a loop that never ends",
            }[self.limit]
        if self.exit_status == 0:
            return ""
        last = next((line for line in reversed(self.errors.splitlines()) if line.strip()), "")
        # A program may also return such a number itself.
        if self.exit_status is not None and self.exit_status - 128 in set(signal.Signals):
            ended = f"{signal.Signals(self.exit_status - 128).name} ended it"
        else:
            ended = f"it ended with status {self.exit_status}"
        return f"{ended}: {last}" if last else ended


def contained(
    command: Sequence[str],
    *,
    folder: Path,
    files: Mapping[str, bytes] | None = None,
    limits: Limits | None = None,
    readable: Sequence[str | Path] | None = None,
) -> Ran:
    """Run a command in a copy of a folder, and wait for its end.

    Args:
        command: What to run. Its working directory is the copy.
        folder: What was handed in. Never written to.
        files: More files for the copy, by name; they may be run.
        limits: What it may use up.
        readable: The folders and files that it may read and run, beside the copy; everything unless given, and where
            the kernel lacks the means (landlock).

    Raises:
        Unavailable: This is not Linux, whose means of containment these are.
    """
    if sys.platform != "linux":
        raise Unavailable("submissions are contained by means of Linux", remedy="check them on a Linux machine")
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="unilab-lab-") as scratch:
        copy = Path(scratch) / folder.name
        copy.mkdir()
        for name, data in handed_in(folder, files or {}).items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(data)
            (copy / name).chmod(0o755)
        if os.geteuid() == 0:
            for path in (Path(scratch), copy, *copy.rglob("*")):
                os.chown(path, supervisor.NOBODY, supervisor.NOBODY)
        task = order(command, str(copy), limits, readable=readable, owner=os.getpid())
        ran = subprocess.run(
            [sys.executable, "-I", supervisor.__file__, json.dumps(task)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limits.seconds + _PATIENCE,
            start_new_session=True,
            check=False,
        )
    return read(ran.stdout, ran.stderr, limits)


def order(
    command: Sequence[str],
    home: str,
    limits: Limits,
    *,
    readable: Sequence[str | Path] | None = None,
    environment: Mapping[str, str] | None = None,
    owner: int,
) -> dict[str, Any]:
    """What the process that watches a submission is told.

    Args:
        command: What to run.
        home: The folder with the submission's copy, where it starts.
        limits: What it may use up.
        readable: As for ``contained``.
        environment: Variables beside the usual ones.
        owner: The process with which all of it ends.
    """
    usual = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home}
    return {
        "command": list(command),
        "folder": home,
        "owner": owner,
        "seconds": limits.seconds,
        "processor": limits.processor_seconds,
        "memory": limits.memory_mib << 20,
        "processes": limits.processes,
        "output": limits.output_bytes,
        "file": limits.file_mib << 20,
        "readable": None if readable is None else [str(path) for path in readable],
        "environment": {**usual, **(environment or {})},
    }


def handed_in(folder: Path, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What is in the copy of a folder, by name: its files, and over them those of the check."""
    found: dict[str, bytes] = {}
    for directory, names, here in os.walk(folder):
        left_out = _not_copied(directory, [*names, *here])
        names[:] = [name for name in names if name not in left_out]
        for name in set(here) - left_out:
            path = Path(directory, name)
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    hidden = tuple(f"{name}/" for name in files)
    return {**{name: data for name, data in found.items() if not name.startswith(hidden)}, **files}


def _not_copied(folder: str, names: list[str]) -> set[str]:
    """Hidden files, and all that is no plain file or folder: a link may lead to a file without end."""

    def plain(path: Path) -> bool:
        return not path.is_symlink() and (path.is_file() or path.is_dir())

    return {name for name in names if name == "__pycache__" or name[0] == "." or not plain(Path(folder) / name)}


@dataclass(frozen=True, slots=True)
class Called:
    """What became of calls of a function that was handed in.

    Attributes:
        answers: What each call gave, as JSON has it; None where it raised.
        raised: What each call raised, and in which line of the file; empty where it did not.
        ran: The process in which they were made.
    """

    answers: tuple[Any, ...]
    raised: tuple[str, ...]
    ran: Ran

    @property
    def trouble(self) -> str:
        """In a sentence, what went wrong before all calls were made, or in the first that raised; else empty."""
        return self.ran.trouble or next((text for text in self.raised if text), "")


def call(
    module: str,
    function: str,
    arguments: Sequence[Sequence[object]],
    *,
    folder: Path,
    prepare: str = "",
    files: Mapping[str, bytes] | None = None,
    limits: Limits | None = None,
) -> Called:
    """Call a function of a Python file that was handed in, contained, once for each list of arguments.

    Args:
        module: The file's name, without ``.py``.
        function: The function's.
        arguments: For each call, what it is given: anything that JSON has.
        folder: What was handed in.
        prepare: A function of ``given.py`` in the folder that makes of these arguments those to use; empty for none.
        files: More files for the copy, by name.
        limits: What all calls together may use up.
    """
    order = {"module": module, "function": function, "prepare": prepare, "arguments": arguments}
    ran = contained(
        [sys.executable, *_PYTHON_FLAGS, _CALL],
        folder=folder,
        files={**(files or {}), "calls.json": json.dumps(order).encode()},
        limits=limits,
    )
    answers: list[object] = []
    raised: list[str] = []
    for line in ran.answer.decode(errors="replace").splitlines():
        try:
            said = json.loads(line)
            text = ""
            if "raised" in said:
                text = f"{module}.py, line {said['line']}: {said['raised']}" if said["line"] else said["raised"]
            answers.append(said.get("gave"))
            raised.append(text)
        except (ValueError, TypeError, KeyError, AttributeError):
            break  # it wrote there itself
    missing = len(arguments) - len(answers)
    answers += [None] * missing
    raised += [ran.trouble or "it ended before this call was made"] * missing
    return Called(tuple(answers[: len(arguments)]), tuple(raised[: len(arguments)]), ran)


def read(output: bytes, errors: bytes, limits: Limits) -> Ran:
    """What the process that watched it has printed, on its output and on standard error, as a value."""
    try:
        said = json.loads(output)
    except ValueError:
        # A submission of the same user can do this to it.
        why = "it ended the process that watched it"
        return Ran(None, "", f"{why}\n{errors.decode(errors='replace')}", b"", "", 0.0, 0, limits)
    status = None if said["status"] is None else os.waitstatus_to_exitcode(said["status"])
    printed, complaints, answer = (base64.b64decode(said[name]) for name in ("output", "errors", "answer"))
    return Ran(
        exit_status=status if status is None or status >= 0 else 128 - status,
        output=printed.decode(errors="replace"),
        errors=complaints.decode(errors="replace"),
        answer=answer,
        limit="" if said["ended"] == "itself" else said["ended"],
        seconds=said["seconds"],
        left_behind=said["left_behind"],
        limits=limits,
    )


def python(script: str, *args: str) -> list[str]:
    """The command that runs a Python file of the copy with this Python."""
    return [sys.executable, *_PYTHON_FLAGS, script, *args]
