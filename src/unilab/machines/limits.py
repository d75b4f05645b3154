"""What limits a host command, and ties it to the process that starts it."""

from __future__ import annotations

import os
import resource
import shutil
import sys
from collections.abc import Mapping, Sequence

#: What stands between us and the command, one becoming the next.
WRAPPERS = ("setpriv", "sh", "env", "prlimit")


def bounded(
    command: Sequence[str],
    *,
    memory: int,
    seconds: float,
    stopped: bool = False,
    environment: Mapping[str, str] | None = None,
) -> list[str]:
    """The command inside a wrapper that limits it and ties it to this process.

    Args:
        command: What to run.
        memory: Bytes of address space.
        seconds: The deadline; twice that in processor time is a second line of defence.
        stopped: Stop before the command starts, until someone sends SIGCONT.
        environment: The command's whole environment; None for ours.
    """
    shell_limit = f"ulimit -v {memory // 1024}; "
    env, prlimit = shutil.which("env"), shutil.which("prlimit")
    if environment is not None and env and prlimit:
        # The shell has variables of its own (PWD), and does not pass on those whose names it could not give itself. The
        # limit comes after that: the least that a program may be given is too little for env.
        words = [f"{name}={value}" for name, value in environment.items()]
        most = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = memory if most == resource.RLIM_INFINITY else min(memory, most)
        command = [env, "-i", "--", *words, prlimit, f"--as={limit}", *command]
        shell_limit = ""
    # $PPID: had the owner died before the death signal was armed, nobody would send it.
    # Where the host's own limits are lower still, ours cannot be set and need not be.
    script = (
        f'test "$PPID" = {os.getpid()} || exit 1; '
        f"{{ ulimit -c 0; {shell_limit}ulimit -t {int(2 * seconds) + 2}; }} 2>/dev/null; "
    )
    if stopped:
        script += "kill -STOP $$; "
    wrapped = ["sh", "-c", script + 'exec "$@"', "sh", *command]
    setpriv = shutil.which("setpriv")
    if sys.platform == "linux" and setpriv:
        return [setpriv, "--pdeathsig", "KILL", "--", *wrapped]
    return wrapped
