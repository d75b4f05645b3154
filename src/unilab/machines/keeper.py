"""One thread per machine that starts it, listens to it, and buries it.

The child dies with its owner. On Linux the kernel sees to that
(``PR_SET_PDEATHSIG``), but what it watches is the *thread* that started the
child, so that thread has to live as long as the machine does: this one.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import selectors
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from unilab.errors import StartFailed, TracingForbidden
from unilab.machines.console import Console
from unilab.machines.latch import Latch
from unilab.machines.limits import bounded
from unilab.machines.tracer import Tracer

_CHUNK = 65536
#: QEMU writes the console byte by byte. Bytes that come this slowly are let gather, or to be woken for each of them
#: would cost far more than all the rest.
_LITTLE, _GATHER_SECONDS = 1024, 0.001
#: How long a last look may take: what has a deadline ends.
_LAST_LOOK_SECONDS = 0.5
#: How long a listener may keep the console from being complete when a machine has stopped.
_CATCH_UP_SECONDS = 1.0
#: How often a child is asked whether it has ended or stopped, where the system cannot tell us.
_POLL_SECONDS = 0.005


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
        self.ended = Latch()
        self._complaints = bytearray()
        self._read_console: int | None = read_console
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
        self._launched = Latch()
        #: Held to signal the child and to bury it: once it is buried, its number may be another's.
        #: One thread may take it twice: whoever holds it may be the one to notice that a machine was forgotten.
        self._guard = threading.RLock()
        #: Held while something is read and passed on.
        self._taking = threading.Lock()
        self._doomed = False
        self._begun = False

    @property
    def complaints(self) -> str:
        """What the child wrote to its standard error, where that is not the console."""
        return self._complaints.decode(errors="replace").strip()

    @property
    def cpu_seconds(self) -> float | None:
        """Processor time that the child has used so far; None when it has ended, or where the system does not tell."""
        return processor_seconds(self.pid)

    def launch(self) -> None:
        """Start the thread and the child.

        Raises:
            StartFailed: The host refused.
        """
        try:
            self.start()
        except RuntimeError as error:
            self.kill()
            if isinstance(error.__context__, KeyboardInterrupt):
                raise error.__context__ from None  # it came while start() held a lock, which then complains
            # The host gives us no more threads.
            raise StartFailed(f"the host refused to run it: {error}", command=self.command) from error
        self._launched.wait()
        if isinstance(self._start_error, StartFailed):
            raise self._start_error
        if self._start_error is not None:
            raise StartFailed(f"the host refused to run it: {self._start_error}", command=self.command)

    def kill(self) -> None:
        """End the child at once, and everything it started. If it has yet to start, it ends when it does.

        A keeper that was never launched gives back what it was given, and is never launched any more.
        """
        with self._guard:
            self._doomed = True
            if not self._begun:
                self._give_up()
            elif self.pid and self.exit_code is None:
                self._kill_group()

    def _give_up(self) -> None:
        """There will be no child."""
        self._close_childs_ends()
        self._at_end()
        self.console.feed(b"", last=True)
        self._close_our_ends()
        self.ended.set()
        self._launched.set()

    def signal(self, number: int) -> None:
        """Send the child a signal. Nothing happens if it has ended."""
        with self._guard:
            if self.pid and self.exit_code is None:
                os.kill(self.pid, number)

    def ask(self, request: Callable[[], None]) -> None:
        """Have the thread of a traced child run something, and wait until it has, or the child has ended."""
        done = Latch()

        def run() -> None:
            request()
            done.set()

        self._requests.put(run)
        while not done.wait(_POLL_SECONDS) and not self.ended.is_set():
            pass

    def catch_up(self) -> None:
        """Wait until the console has all that a child has printed which stands still."""
        until = time.monotonic() + _CATCH_UP_SECONDS
        while time.monotonic() < until and threading.current_thread() is not self:
            if self._taking.acquire(timeout=_CATCH_UP_SECONDS):
                try:
                    if self._read_console is None or not _unread(self._read_console):
                        return
                finally:
                    self._taking.release()
            time.sleep(_GATHER_SECONDS)

    def run(self) -> None:
        """The thread's life: from the child's start to its end."""
        with self._guard:
            if self._doomed:
                return  # killed before there was anything to kill
            self._begun = True
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
            for fd in (self._read_console, self._errors):
                if fd is not None:
                    selector.register(fd, selectors.EVENT_READ)
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
        """Read once, and pass it on. False when the other end is closed."""
        with self._taking:
            return self._take_alone(fd, begin)

    def _take_alone(self, fd: int, begin: float) -> bool:
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
            self.first_output_cpu_seconds = processor_seconds(self.pid)
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
        fds = {fd for fd in (*self._streams, *self._pass_fds) if fd is not None}
        self._streams, self._pass_fds = (None, None, None), ()
        for fd in fds:
            os.close(fd)

    def _close_our_ends(self) -> None:
        fds = {fd for fd in (self._read_console, self._errors) if fd is not None}
        self._read_console = self._errors = None
        for fd in fds:
            os.close(fd)


def _unread(fd: int) -> int:
    """Bytes that wait to be read; 0 when it is closed."""
    count = bytearray(4)
    with contextlib.suppress(OSError):
        fcntl.ioctl(fd, termios.FIONREAD, count)
    return int.from_bytes(count, sys.byteorder)


def processor_seconds(pid: int) -> float | None:
    """Processor time of a whole process so far; None when it has ended, or where the system does not tell.

    Its clock's number is made as clock_getcpuclockid(3) makes it.
    """
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
