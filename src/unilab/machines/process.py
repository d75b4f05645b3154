"""The program as an ordinary process of the host."""

from __future__ import annotations

import contextlib
import os
import platform
import pty
import re
import shutil
import signal
import sys
import tempfile
import time
import tty
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path

from unilab.errors import StartFailed, Unavailable
from unilab.machines import files
from unilab.machines.console import Console
from unilab.machines.keeper import Keeper
from unilab.machines.lifecycle import PATIENCE
from unilab.machines.limits import WRAPPERS
from unilab.machines.machine import EXIT, Machine
from unilab.machines.ptrace import ProcessTracer
from unilab.machines.result import End, Outcome, State
from unilab.machines.segments import memory_end
from unilab.machines.tracer import Tracer
from unilab.spaces import counters, labels, marks, procfs
from unilab.spaces.counters import MemoryCounters
from unilab.spaces.model import AddressSpace
from unilab.toolchain import Image
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import symbols_of

#: What prlimit(1), or a shell, ends with if it could not run a command, and how they say so: ``sh: 1: exec: ...``.
_EXEC_FAILED = (126, 127)
_COMPLAINT = re.compile(r"^(?:\S*/)?(?:prlimit|sh): (.*)")


@dataclass(frozen=True, slots=True)
class HostCommand:
    """A command, and what the keeper is to do with it: ``words`` and descriptors as in Keeper."""

    words: Sequence[str]
    pass_fds: Sequence[int] = ()
    errors: int | None = None


class Process(Machine):
    """A process whose output is a terminal, so that it prints line by line as the unikernel does.

    Args:
        image: Built for ``process``.
        args: Arguments after the program's name.
        env: Its whole environment.
        memory: MiB of address space it may use.
        deadline: Seconds.
        stop_at: A function's name, ``EXIT`` or None.
        found: Files that are in its working directory, a scratch folder then; None: that is this process's own.
        follower: Follows it from its first instruction to its end; not together with ``stop_at``.
    """

    architecture = "process"

    def __init__(
        self,
        image: Image,
        console: Console,
        *,
        args: Sequence[str],
        env: Mapping[str, str],
        memory: int,
        deadline: float,
        stop_at: str | None,
        found: Mapping[str, bytes] | None = None,
        follower: Tracer | None = None,
    ) -> None:
        super().__init__(image, console, deadline=deadline)
        if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
            raise Unavailable(
                "this host cannot run a Linux x86-64 process", remedy='run it with on="unikernel", which any host can'
            )
        self._args = tuple(args)
        self._env = dict(env)
        self._memory = memory
        self._files = found
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._tracer: ProcessTracer | None = None
        self._follower = follower
        if stop_at is not None:
            self._tracer = self._make_tracer(None if stop_at == EXIT else symbols_of(image.debug).address(stop_at))

    def _make_tracer(self, address: int | None) -> ProcessTracer:
        return ProcessTracer(self.image.path, address)

    def _make_keeper(self) -> Keeper:
        memory_end(self.image.path)
        with contextlib.ExitStack() as undo:

            def owned(fds: tuple[int, int]) -> tuple[int, int]:
                for fd in fds:
                    undo.callback(os.close, fd)
                return fds

            ours, theirs = owned(pty.openpty())
            tty.setraw(theirs)  # a newline stays one byte
            stdin, typed = os.pipe()
            undo.callback(os.close, stdin)
            self._input = FileIO(typed, "w")
            host = self._host_command(undo)
            keeper = Keeper(
                host.words,
                console=self.console,
                read_console=ours,
                deadline=self.deadline,
                memory=self._memory << 20,
                stdin=stdin,
                stdout=theirs,
                stderr=theirs,
                pass_fds=host.pass_fds,
                errors=host.errors,
                environment=self._env,
                folder=self._scratch.name if self._scratch else None,
                tracer=self._tracer or self._follower,
            )
            undo.pop_all()  # they are the keeper's now
            return keeper

    def _host_command(self, undo: contextlib.ExitStack) -> HostCommand:
        """What the host is to run. Descriptors made for it are closed by ``undo``, should it not come to that."""
        if self._files is not None:
            self._scratch = tempfile.TemporaryDirectory(prefix="unilab-")
            files.write(self._files, Path(self._scratch.name))
        return HostCommand([str(self.image.path), *self._args])

    def _run_to_stop(self) -> None:
        keeper = self._live_keeper()
        if self._tracer is None:
            # What limits the process comes first, and is none of ours to look at.
            until = time.monotonic() + PATIENCE
            while self._is_wrapped() and not keeper.ended.wait(0.001) and time.monotonic() < until:
                pass
            return
        while not self._tracer.stopped.wait(0.02):
            if keeper.ended.is_set():
                self.wait()
                raise self._error("the process ended before it reached the place to stop at")
        self._state = State.PAUSED

    def _is_wrapped(self) -> bool:
        """Whether it still is one of those commands by which ``bounded`` starts it."""
        try:
            runs = Path(f"/proc/{self.pid}/exe").readlink()
        except OSError:
            return False
        return runs in {Path(path).resolve() for name in WRAPPERS if (path := shutil.which(name))}

    def _outcome(self, keeper: Keeper) -> Outcome:
        code = keeper.exit_code
        assert code is not None
        if code in _EXEC_FAILED and (complaint := _COMPLAINT.match(self.console.text)):
            raise self._error(f"the host cannot run this image: {complaint[1]}", kind=StartFailed)
        return Outcome(End.EXIT, code) if code >= 0 else Outcome(End.SIGNAL, 128 - code)

    def _pause(self) -> None:
        self._live_keeper().signal(signal.SIGSTOP)
        until = time.monotonic() + PATIENCE
        while (state := kernel_state(self.pid)) not in "tT":
            if state in "ZX":
                raise self._error("the process has ended")
            if time.monotonic() > until:
                raise self._error("the process does not stop")
            time.sleep(0.001)

    def _resume(self) -> None:
        if self._tracer is not None and self._tracer.stopped.is_set():
            self._live_keeper().ask(self._tracer.resume)
        else:
            self._live_keeper().signal(signal.SIGCONT)

    def reset(self) -> None:
        """A process has no reset button: raises MachineError."""
        raise self._error("a process cannot be reset", remedy="quit it and start another")

    def send(self, text: str) -> None:
        """Write to its standard input."""
        self._type(text.encode())

    def send_eof(self) -> None:
        """Close its standard input."""
        self._end_input()

    def host_port(self, guest: int, protocol: str = "tcp") -> int:
        """The port itself: a process has the network of this host."""
        return guest

    @property
    def program_pid(self) -> int:
        """The host's number of the program's own process; ``pid`` is that of the command which the host was given."""
        return self.pid

    def memory_counters(self) -> MemoryCounters:
        """The program's memory and page faults, now. Subtract two to see what happened between them.

        Raises:
            MachineError: It has ended.
        """
        with self._lock:
            self._must_live()
            return counters.read(self.program_pid)

    def _read_space(self) -> AddressSpace:
        return self._labelled(self.pid, f"{self.image.program.stem} as a process")

    def _labelled(self, pid: int, name: str, *, proc: Path = procfs.PROC) -> AddressSpace:
        """The space of a process that runs our image, by its number in a /proc."""
        symbols = symbols_of(self.image.debug)
        names = labels.of_image(symbols, LinkMap.read(self.image.map))
        space = procfs.read(pid, name=name, names=names, proc=proc)
        return replace(space, marks=marks.of_names(symbols.names()))

    def _release(self) -> None:
        self._end_input()
        if self._scratch is not None:
            self._scratch.cleanup()


def kernel_state(pid: int) -> str:
    """The letter of proc_pid_stat(5); ``X`` when it has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"
