"""Running a Python file that was handed in, in a Linux guest: for what this host forbids, such as user namespaces.

The process that watches it is the same as on this host, and runs in the guest: ``supervisor.py``. So limits, what it
may not do, and what is told of it are the same. Beneath it is a kernel of its own, which ends with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unilab.errors import MachineError
from unilab.labs import containment, supervisor
from unilab.labs.containment import Limits, Ran
from unilab.machines import run
from unilab.toolchain import build, guest_python

_ENTER = Path(__file__).parents[1] / "machines" / "guest" / "enter.c"
#: In the guest's first root, and in what covers it.
_SYSTEM, _FOLDER, _SUPERVISOR = "system", "home/learner", "supervisor.py"
#: MiB: the guest's own with its file system, and what a submission may have of that.
_MEMORY, _MOST_MEMORY = 384, 192
#: An emulated processor takes about so much longer for Python.
_SLOWER = 3
#: Seconds for the boot, on a host that is busy.
_PATIENCE = 180.0


def contained_in_guest(
    command: Sequence[str],
    *,
    folder: Path,
    files: Mapping[str, bytes] | None = None,
    limits: Limits | None = None,
) -> Ran:
    """As ``contained``, in a Linux guest. The command is one for Python: ``python(SCRIPT)``.

    Args:
        command: What to run. Its first word stands for this Python.
        folder: What was handed in.
        files: More files for the copy, by name.
        limits: What it may use up; three times the seconds of both kinds, because the guest's processor is emulated,
            and at most 192 MiB.

    Raises:
        Unavailable: This host's Python does not run there, or there is no Linux to be had.
        MachineError: The guest does not boot.
    """
    limits = limits or Limits()
    limits = replace(
        limits,
        seconds=limits.seconds * _SLOWER,
        processor_seconds=limits.processor_seconds * _SLOWER,
        memory_mib=min(limits.memory_mib, _MOST_MEMORY),
    )
    interpreter = guest_python.find()
    home = f"/{_FOLDER}/{folder.name}"
    order = containment.order(
        [interpreter.executable, *command[1:]], home, limits, environment=interpreter.environment, owner=1
    )
    inside = {
        **interpreter.files,
        **{f"{home[1:]}/{name}": data for name, data in containment.handed_in(folder, files or {}).items()},
        _SUPERVISOR: Path(supervisor.__file__).read_bytes(),
    }
    words = [f"/{_SYSTEM}", f"/{_FOLDER}", interpreter.executable, "-I", f"/{_SUPERVISOR}", json.dumps(order)]
    ran = run(
        build(_ENTER, "linux"),
        args=words,
        env=interpreter.environment,
        memory=_MEMORY,
        files={f"{_SYSTEM}/{name}": data for name, data in inside.items()},
        deadline=limits.seconds + _PATIENCE,
        check=False,
    )
    if ran.exit_status:
        raise MachineError(f"the guest could not start what was handed in: {ran.console.strip()}")
    return containment.read(ran.console.encode(), b"", limits)
