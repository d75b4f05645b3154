"""The program as an ordinary process of the host."""

from __future__ import annotations

import os
import platform
import pty
import signal
import sys
import time
import tty
from collections.abc import Mapping, Sequence
from pathlib import Path

from unilab.errors import CourseError, StartFailed, Unavailable
from unilab.machines.console import Console
from unilab.machines.keeper import Keeper
from unilab.machines.machine import EXIT, PATIENCE, Machine, write_all
from unilab.machines.ptrace import ProcessTracer
from unilab.machines.result import End, Outcome, State
from unilab.spaces import labels, procfs
from unilab.spaces.model import AddressSpace
from unilab.toolchain import Image
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import SymbolTable


class Process(Machine):
    """A process whose output is a terminal, so that it prints line by line as the unikernel does.

    Args:
        image: Built for ``process``.
        args: Arguments after the program's name.
        env: Its whole environment.
        memory: MiB of address space it may use.
        deadline: Seconds.
        stop_at: A function's name, ``EXIT`` or None.
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
    ) -> None:
        super().__init__(image, console, deadline=deadline)
        if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
            raise Unavailable(
                "this host cannot run a Linux x86-64 process", remedy='run it with on="unikernel", which any host can'
            )
        self._args = tuple(args)
        self._env = dict(env)
        self._memory = memory
        self._stdin: int | None = None
        self._tracer: ProcessTracer | None = None
        if stop_at is not None:
            address = None if stop_at == EXIT else SymbolTable(image.debug).address(stop_at)
            self._tracer = ProcessTracer(image.path, address, self._stopped)

    def _make_keeper(self) -> Keeper:
        ours, theirs = pty.openpty()
        tty.setraw(theirs)  # a newline stays one byte
        stdin, self._stdin = os.pipe()
        gate = os.pipe() if self._tracer is not None else None
        return Keeper(
            [str(self.image.path), *self._args],
            console=self.console,
            read_console=ours,
            deadline=self.deadline,
            memory=self._memory << 20,
            stdin=stdin,
            stdout=theirs,
            stderr=theirs,
            pass_fds=[gate[0]] if gate else (),
            environment=self._env,
            tracer=self._tracer,
            gate=gate,
        )

    def _run_to_stop(self) -> None:
        if self._tracer is None:
            return
        keeper = self._live_keeper()
        while not self._tracer.stopped.wait(0.02):
            if keeper.ended.is_set():
                self.wait()
                raise self._error("the process ended before it reached the place to stop at")

    def _stopped(self) -> None:
        self._state = State.PAUSED

    def _outcome(self, keeper: Keeper) -> Outcome:
        code = keeper.exit_code
        assert code is not None
        if code == 126 or (code == 127 and not self.console.received):
            raise self._error("the host cannot run this image", kind=StartFailed)
        return Outcome(End.EXIT, code) if code >= 0 else Outcome(End.SIGNAL, 128 - code)

    def _pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        until = time.monotonic() + PATIENCE
        while self._kernel_state() not in "tTZX":
            if time.monotonic() > until:
                raise self._error("the process does not stop")
            time.sleep(0.001)

    def _resume(self) -> None:
        if self._tracer is not None and self._tracer.stopped.is_set():
            self._live_keeper().ask(self._tracer.resume)
        else:
            os.kill(self.pid, signal.SIGCONT)

    def _kernel_state(self) -> str:
        """The letter of proc_pid_stat(5); ``X`` when it has gone."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return "X"

    def reset(self) -> None:
        """A process has no reset button: raises MachineError."""
        raise self._error("a process cannot be reset", remedy="quit it and start another")

    def send(self, text: str) -> None:
        """Write to its standard input."""
        self._must_live()
        if self._stdin is None:
            raise CourseError("the console's input was ended before", remedy="send before send_eof")
        try:
            write_all(self._stdin, text.encode())
        except BrokenPipeError as error:
            raise self._error("the process has closed its standard input") from error

    def send_eof(self) -> None:
        """Close its standard input."""
        if self._stdin is not None:
            fd, self._stdin = self._stdin, None
            os.close(fd)

    def address_space(self) -> AddressSpace:
        """From /proc/PID/maps."""
        with self._lock:
            self._must_live()
            running = self.state is State.RUNNING
            if running:
                self.pause()
            try:
                return self._read_space()
            finally:
                if running:
                    self.resume()

    def _read_space(self) -> AddressSpace:
        names = labels.of_image(SymbolTable(self.image.debug), LinkMap.read(self.image.map))
        return procfs.read(self.pid, name=f"{self.image.program.stem} as a process", names=names)

    def _release(self) -> None:
        self.send_eof()
