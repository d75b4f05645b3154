"""One thread per machine that starts it, listens to it, and buries it.

The child dies with its owner. On Linux the kernel sees to that
(``PR_SET_PDEATHSIG``), but what it watches is the *thread* that started the
child, so that thread has to live as long as the machine does: this one.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

from unilab.errors import StartFailed, TracingForbidden
from unilab.machines.console import Console

_CHUNK = 65536
#: QEMU writes the console byte by byte. Bytes that come this slowly are let gather, or to be woken for each of them
#: would cost far more than all the rest.
_LITTLE, _GATHER_SECONDS = 1024, 0.001
#: How long a last look may take: what has a deadline ends.
_LAST_LOOK_SECONDS = 0.5
#: What stands between us and the command, one becoming the next.
WRAPPERS = ("setpriv", "sh", "env", "prlimit")
#: How often a child is asked whether it has ended or stopped, where the system cannot tell us.
_POLL_SECONDS = 0.005


class Tracer(Protocol):
    """Follows a child by ptrace, on the keeper's thread alone."""

    def attach(self, pid: int) -> None:
        """Take hold of the child, which has stopped itself, and let it go on to its program."""

    def poll(self) -> int | None:
        """Handle what the child has reported; its wait status once it has ended, else None."""

    def resume(self) -> None:
        """Let go of the child if it is stopped."""


class Keeper(threading.Thread):
    """Runs one command until it ends, its deadline passes, or someone kills it.

    Args:
        command: What to run.
        console: Gets what the child prints.
        read_console: Descriptor to read the console from; the keeper closes it.
        deadline: Seconds from the start after which the child is killed.
        memory: Bytes of address space that the child may use.
        stdin, stdout, stderr: Descriptors for the child; the keeper closes its copies.
        pass_fds: Further descriptors the child inherits; closed here once it has them.
        errors: Descriptor to read the child's own complaints from, or None; the keeper closes it.
        environment: The child's whole environment; None for ours.
        folder: Its working directory; None for ours.
        tracer: Follows the child from its first instruction.
        at_end: Called on the keeper's thread when the child has ended.
        last_look: Called on a thread of its own when the deadline has passed, while the child still runs. It has half
            a second.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        console: Console,
        read_console: int,
        deadline: float,
        memory: int,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        pass_fds: Sequence[int] = (),
        errors: int | None = None,
        environment: dict[str, str] | None = None,
        folder: str | None = None,
        tracer: Tracer | None = None,
        at_end: Callable[[], None] = lambda: None,
        last_look: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(name=f"keeper of {Path(command[0]).name}", daemon=True)
        self.command = tuple(command)
        self.console = console
        self.owner = os.getpid()
        self.pid = 0
        self.exit_code: int | None = None  #: as subprocess has it: negative for a signal
        self.deadline_passed = False
        self.output_limit_passed = False
        self.begin = 0.0  #: by the monotonic clock; what follows counts from then
        self.first_output_seconds: float | None = None
        self.first_output_cpu_seconds: float | None = None
        self.total_seconds: float | None = None
        self.ended = threading.Event()
        self._complaints = bytearray()
        self._read_console = read_console
        self._deadline = deadline
        self._memory = memory
        self._streams = (stdin, stdout, stderr)
        self._pass_fds = tuple(pass_fds)
        self._errors = errors
        self._environment = environment
        self._folder = folder
        self._tracer = tracer
        self._at_end = at_end
        self._last_look = last_look
        self._requests: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._start_error: Exception | None = None
        self._launched = threading.Event()
        #: Held to signal the child and to bury it: once it is buried, its number may be another's.
        self._guard = threading.Lock()
        self._doomed = False

    @property
    def complaints(self) -> str:
        """What the child wrote to its standard error, where that is not the console."""
        return self._complaints.decode(errors="replace").strip()

    @property
    def cpu_seconds(self) -> float | None:
        """Processor time that the child has used so far; None when it has ended, or where the system does not tell."""
        return _cpu_seconds(self.pid)

    def launch(self) -> None:
        """Start the thread and the child.

        Raises:
            StartFailed: The host refused.
        """
        try:
            self.start()
        except RuntimeError as error:  # the host gives us no more threads
            self._close_childs_ends()
            self._close_our_ends()
            self.ended.set()
            raise StartFailed(f"the host refused to run it: {error}", command=self.command) from error
        self._launched.wait()
        if isinstance(self._start_error, StartFailed):
            raise self._start_error
        if self._start_error is not None:
            raise StartFailed(f"the host refused to run it: {self._start_error}", command=self.command)

    def kill(self) -> None:
        """End the child at once, and everything it started. If it has yet to start, it ends when it does."""
        with self._guard:
            self._doomed = True
            if self.pid and self.exit_code is None:
                self._kill_group()

    def signal(self, number: int) -> None:
        """Send the child a signal. Nothing happens if it has ended."""
        with self._guard:
            if self.pid and self.exit_code is None:
                os.kill(self.pid, number)

    def ask(self, request: Callable[[], None]) -> None:
        """Have the thread of a traced child run something, and wait until it has, or the child has ended."""
        done = threading.Event()

        def run() -> None:
            request()
            done.set()

        self._requests.put(run)
        while not done.wait(_POLL_SECONDS) and not self.ended.is_set():
            pass

    def run(self) -> None:
        """The thread's life: from the child's start to its end."""
        self.begin = begin = time.monotonic()
        child = None
        try:
            try:
                child = self._spawn()
            except Exception as error:  # whatever it is, launch() waits to hear of it
                self._start_error = error
            finally:
                self._close_childs_ends()
                self._launched.set()
            if child is not None:
                self._attend(child, begin)
        finally:
            try:
                if child is not None:
                    self._bury(child)
                self.total_seconds = time.monotonic() - begin
                self._at_end()
                self.console.feed(b"", last=True)
            finally:
                _running.discard(self)
                self._close_our_ends()
                self.ended.set()

    def _spawn(self) -> subprocess.Popen[bytes]:
        stdin, stdout, stderr = (subprocess.DEVNULL if fd is None else fd for fd in self._streams)
        child = subprocess.Popen(
            bounded(
                self.command,
                memory=self._memory,
                seconds=self._deadline,
                stopped=self._tracer is not None,
                environment=self._environment,
            ),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=self._pass_fds,
            env=self._environment,
            cwd=self._folder,
            # A session of its own: a terminal's Ctrl-C, meant for a cell, does not reach it.
            start_new_session=True,
        )
        _running.add(self)
        with self._guard:
            self.pid = child.pid
            if self._doomed:
                self._kill_group()
        if self._tracer is not None:
            try:
                self._tracer.attach(child.pid)
            except OSError as error:
                self._bury(child)
                raise TracingForbidden(
                    f"the host forbids tracing: {error}", remedy="run it without stop_at, or allow ptrace"
                ) from error
        return child

    def _attend(self, child: subprocess.Popen[bytes], begin: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._read_console, selectors.EVENT_READ)
            if self._errors is not None:
                selector.register(self._errors, selectors.EVENT_READ)
            pidfd = os.pidfd_open(child.pid) if hasattr(os, "pidfd_open") and self._tracer is None else None
            if pidfd is not None:
                selector.register(pidfd, selectors.EVENT_READ)
            try:
                while not self._has_ended(child):
                    left = begin + self._deadline - time.monotonic()
                    too_much = self.console.received > Console.LIMIT
                    if left <= 0 or too_much:
                        self.deadline_passed = not too_much
                        self.output_limit_passed = too_much
                        self._look_once()
                        self.kill()
                    timeout = left if pidfd is not None and not self._doomed else _POLL_SECONDS
                    received = self.console.received
                    for key, _ in selector.select(timeout):
                        if key.fd in (self._read_console, self._errors) and not self._take(key.fd, begin):
                            selector.unregister(key.fd)
                    self._serve_requests()
                    if self._tracer is not None and self._doomed:
                        # A child that is held on its way out does not hear a SIGKILL any more.
                        self._tracer.resume()
                    if 0 < self.console.received - received < _LITTLE:
                        time.sleep(_GATHER_SECONDS)
            finally:
                if pidfd is not None:
                    os.close(pidfd)
            self._drain(begin)

    def _look_once(self) -> None:
        if self._last_look is not None and not self._doomed:
            looking = threading.Thread(target=self._last_look, name="a last look", daemon=True)
            self._last_look = None
            looking.start()
            looking.join(_LAST_LOOK_SECONDS)

    def _has_ended(self, child: subprocess.Popen[bytes]) -> bool:
        with self._guard:
            if self._tracer is None:
                self.exit_code = child.poll()
            else:
                status = self._tracer.poll()
                if status is not None:
                    self.exit_code = child.returncode = os.waitstatus_to_exitcode(status)
            if self.exit_code is None:
                return False
            self._kill_group()  # what it started goes with it
            return True

    def _bury(self, child: subprocess.Popen[bytes]) -> None:
        """Make sure that the child has ended, and take its exit code."""
        if self.exit_code is None:
            self.kill()
            code = child.wait()
            with self._guard:
                self.exit_code = code

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _serve_requests(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self._requests.get_nowait()()

    def _take(self, fd: int, begin: float) -> bool:
        """Read once. False when the other end is closed."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False  # a pseudo-terminal whose other end is closed says EIO
        if not data:
            return False
        if fd == self._errors:
            self._complaints += data[: _CHUNK - len(self._complaints)]
            return True
        if self.first_output_seconds is None:
            self.first_output_seconds = time.monotonic() - begin
            self.first_output_cpu_seconds = _cpu_seconds(self.pid)
        self.console.feed(data)
        return True

    def _drain(self, begin: float) -> None:
        for fd in (self._read_console, self._errors):
            if fd is not None:
                os.set_blocking(fd, False)
                with selectors.DefaultSelector() as ready:
                    ready.register(fd, selectors.EVENT_READ)
                    while ready.select(0) and self._take(fd, begin):
                        pass

    def _close_childs_ends(self) -> None:
        for fd in {*self._streams, *self._pass_fds}:
            if fd is not None:
                os.close(fd)

    def _close_our_ends(self) -> None:
        for fd in (self._read_console, self._errors):
            if fd is not None:
                os.close(fd)


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


def _cpu_seconds(pid: int) -> float | None:
    """Processor time of a whole process so far. Its clock's number is made as clock_getcpuclockid(3) makes it."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return None


#: A plain set: each of its operations is whole, whichever thread does it.
_running: set[Keeper] = set()


@atexit.register
def _kill_all() -> None:
    """An owner that ends in good order takes its machines along on every system, not only on Linux."""
    for keeper in list(_running):
        if keeper.owner == os.getpid():  # a forked copy of the owner has no say
            keeper.kill()
