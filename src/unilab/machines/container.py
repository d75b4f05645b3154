"""The program as a process in a container: the host's kernel, and nothing else of the host."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from unilab.errors import CourseError, MachineError, StartFailed
from unilab.machines import container_facts, container_host
from unilab.machines.console import Console
from unilab.machines.container_facts import ContainedProcess, ContainerFacts
from unilab.machines.keeper import Keeper
from unilab.machines.lifecycle import PATIENCE
from unilab.machines.network import HostNetwork
from unilab.machines.process import HostCommand, Process, kernel_state
from unilab.machines.ptrace import ProcessTracer
from unilab.machines.result import Outcome
from unilab.spaces import procfs
from unilab.spaces.model import AddressSpace
from unilab.toolchain import Image, cpio

#: Processes and threads that a container may have.
PIDS = 256
#: What every container has in its root directory, unless it is given another.
_FILES = {"etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n"}
#: Names there that are taken.
_OWN_FOLDERS = ("proc", "dev")


class Container(Process):
    """A process in namespaces of its own, with a root file system of its own, limits, and no privileges.

    Args:
        image: Built for ``container``: the same file as for ``process``.
        args: Arguments after the program's name.
        env: Its whole environment.
        memory: MiB that it may use.
        deadline: Seconds.
        stop_at: A function's name, ``EXIT`` or None.
        found: Files that are in its root directory, where it starts.
        network: The host's, if it is to have no network namespace of its own.
    """

    architecture = "container"

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
        network: HostNetwork | None = None,
    ) -> None:
        super().__init__(
            image, console, args=args, env=env, memory=memory, deadline=deadline, stop_at=stop_at, found=found
        )
        check_names(found or {})
        self._network = network

    def _make_tracer(self, address: int | None) -> ProcessTracer:
        return _ContainedTracer(self.image.path, address)

    def _host_command(self, undo: contextlib.ExitStack) -> HostCommand:
        files = os.memfd_create("container's files")
        undo.callback(os.close, files)
        Path(f"/proc/self/fd/{files}").write_bytes(archive(self._files or {}))
        ours, theirs = os.pipe()
        undo.callback(os.close, ours)
        undo.callback(os.close, theirs)
        words = [
            str(container_host.contain().path),
            *options(archive=str(files), report=str(theirs), memory=self._memory, network=self._network),
            *(["--hold"] if self._tracer else []),
            str(self.image.path),
            self.image.program.stem,
            *self._args,
        ]
        return HostCommand(words, (files, theirs), ours)

    def host_port(self, guest: int, protocol: str = "tcp") -> int:
        """The port itself, where the network is the host's.

        Raises:
            CourseError: It has a network of its own, which nothing leads into.
        """
        if self._network is None:
            raise CourseError(
                f"no port of this host leads to {protocol} port {guest} of a container with a network of its own",
                remedy="start it with network=HostNetwork()",
            )
        return guest

    @property
    def shipped_bytes(self) -> int:
        """Bytes of the program and of the other files of its root directory."""
        return self.image.size + sum(map(len, {**_FILES, **(self._files or {})}.values()))

    @property
    def _report(self) -> str:
        return self._live_keeper().complaints

    def _run_to_stop(self) -> None:
        keeper = self._live_keeper()
        if self._tracer is not None:
            super()._run_to_stop()
            return
        until = time.monotonic() + PATIENCE
        while not container_facts.says(self._report, "started") and time.monotonic() < until:
            if keeper.ended.wait(0.001):
                break
        if keeper.ended.is_set() and (why := container_facts.failure(self._report)):
            raise self._error(f"the container could not be built: {why}", kind=StartFailed)

    def _outcome(self, keeper: Keeper) -> Outcome:
        if why := container_facts.failure(keeper.complaints):
            kind = MachineError if container_facts.says(keeper.complaints, "started") else StartFailed
            raise self._error(f"the container came to a bad end: {why}", kind=kind)
        if container_facts.says(keeper.complaints, "out-of-memory"):
            raise self._error(
                f"the container had used up its {self._memory} MiB, and the kernel ended a process of it",
                remedy="give it more memory",
            )
        return super()._outcome(keeper)

    # ---- what it is made of --------------------------------------------------

    def facts(self) -> ContainerFacts:
        """Its namespaces, limits, files, privileges, and the processes that it has now.

        Raises:
            MachineError: It has ended, or was not built.
        """
        with self._lock:
            self._must_live()
            facts = container_facts.parse(self._report, host="this host", processes=self._processes())
            if facts is None:
                raise self._error("the container is not built yet")
            return facts

    @property
    def program_pid(self) -> int:
        """The host's number of the program's own process; ``pid`` is that of the supervisor, which is outside."""
        return self._program().outside

    def space_inside(self) -> AddressSpace:
        """The program's address space as the container itself sees it, in its own /proc, by its own process number.

        Raises:
            MachineError: It has ended.
        """
        with self._lock:
            self._must_live()
            program = self._program()
            proc = procfs.PROC / str(program.outside) / "root" / "proc"
            return self._labelled(program.inside, f"{self.image.program.stem} inside its container", proc=proc)

    def address_spaces(self) -> tuple[AddressSpace, ...]:
        """The program's, and those of the other processes in the container.

        Raises:
            MachineError: It has ended.
        """
        with self._lock:
            first = self.address_space()
            program = self._program()
            others = []
            for process in self._processes():
                if process.outside != program.outside:
                    name = f"{process.name}, process {process.inside} of the container"
                    with contextlib.suppress(MachineError):  # it has ended meanwhile
                        others.append(procfs.read(process.outside, name=name))
            return (first, *others)

    def _read_space(self) -> AddressSpace:
        return self._labelled(self._program().outside, f"{self.image.program.stem} in a container")

    def _processes(self) -> tuple[ContainedProcess, ...]:
        """What there is now: process 1, a child of the supervisor's, and all that come from it."""
        found, to_ask = [], children(self.pid)
        while to_ask:
            pid = to_ask.pop(0)
            process = _contained(pid)
            if process is not None:
                found.append(process)
                to_ask += children(pid)
        return tuple(found)

    def _tree(self) -> list[int]:
        return [process.outside for process in self._processes()]

    def _program(self) -> ContainedProcess:
        """The program: process 2, the first child of process 1."""
        for process in self._processes():
            if process.inside == 2:
                return process
        raise self._error("the container's program has ended")

    # ---- standing still ------------------------------------------------------

    def _pause(self) -> None:
        group = self._cgroup()
        if group is not None and _write(group / "cgroup.freeze", "1"):
            self._await(lambda: "frozen 1" in (group / "cgroup.events").read_text(), "freeze")
            return
        # Without a control group: one after the other, until nobody is left who could start another.
        known: set[int] = set()
        while fresh := set(self._tree()) - known:
            known |= fresh
            for pid in fresh:
                _signal(pid, signal.SIGSTOP)
            for pid in fresh:
                self._await(lambda pid=pid: kernel_state(pid) in "tTZX", "stop")  # type: ignore[misc]

    def _resume(self) -> None:
        if self._tracer is not None and self._tracer.stopped.is_set():
            self._live_keeper().ask(self._tracer.resume)
            return
        group = self._cgroup()
        if group is not None and _write(group / "cgroup.freeze", "0"):
            return
        for pid in self._tree():
            _signal(pid, signal.SIGCONT)

    def _await(self, what: Callable[[], bool], doing: str) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):
                if what():
                    return
            if self._live_keeper().ended.is_set():
                raise self._error("the container has ended")
            if time.monotonic() > until:
                raise self._error(f"the container does not {doing}")
            time.sleep(0.001)

    def _cgroup(self) -> Path | None:
        facts = container_facts.parse(self._report, host="")
        return Path(facts.cgroup) if facts is not None and facts.cgroup else None


class _ContainedTracer(ProcessTracer):
    """Traces the program, which is a grandchild of the keeper's child, and holds itself until it is traced."""

    def __init__(self, program: Path, stop_at: int | None) -> None:
        super().__init__(program, stop_at)
        self._supervisor = 0
        self._traced = False

    def attach(self, pid: int) -> None:
        self._supervisor = pid
        ended = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if ended is not None and ended.si_code != os.CLD_STOPPED:
            raise ChildProcessError(f"the shell that starts it ended with status {ended.si_status}")
        os.kill(pid, signal.SIGCONT)

    def poll(self) -> int | None:
        if not self.pid:
            self._look_for_program()
        elif self._traced:
            try:
                self._traced = super().poll() is None
            except ChildProcessError:
                self._traced = False
        pid, status = os.waitpid(self._supervisor, os.WNOHANG)
        return status if pid else None

    def _look_for_program(self) -> None:
        for init in children(self._supervisor):
            for pid in children(init):
                if kernel_state(pid) == "T":
                    self.pid = pid
                    # Should it have been killed meanwhile, its end is the supervisor's to report.
                    with contextlib.suppress(ProcessLookupError):
                        self._seize()
                        self._traced = True

    def _runs_program(self) -> bool:
        return True  # it executes nothing before

    def _let_go(self) -> None:
        super()._let_go()
        self._traced = False


def archive(files: Mapping[str, bytes]) -> bytes:
    """The files of a container's root directory, for contain.c."""
    return cpio.archive({**_FILES, **files})


def options(*, archive: str, report: str, memory: int, network: HostNetwork | None) -> list[str]:
    """Options of contain.c: where the archive is and where to report to, by descriptor or path; MiB; whose network."""
    words = ["--archive", archive, "--report", report, "--memory", str(memory), "--pids", str(PIDS)]
    return words if network is None else [*words, "--share-network"]


def check_names(files: Mapping[str, bytes]) -> None:
    """Refuse files that would lie where a container has its own.

    Raises:
        CourseError: One would.
    """
    for name in files:
        if name.partition("/")[0] in _OWN_FOLDERS:
            raise CourseError(f"a container has its own /{name.partition('/')[0]}", remedy=f"rename {name}")


def children(pid: int) -> list[int]:
    """The children of all threads of a process, by the host's numbers; none if it has gone."""
    found: list[int] = []
    # The process, or a thread of it, may go at any moment: before its tasks are listed, too.
    with contextlib.suppress(OSError):
        for task in (procfs.PROC / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def _contained(pid: int) -> ContainedProcess | None:
    """A process with a number inside; None if it has gone, or is outside as the supervisor's undertaker is."""
    try:
        text = (procfs.PROC / str(pid) / "status").read_text()
    except OSError:
        return None
    status = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    _, *inside = status["NSpid"].split()
    return ContainedProcess(status["Name"].strip(), pid, int(inside[-1])) if inside else None


def _write(path: Path, text: str) -> bool:
    try:
        path.write_text(text)
    except OSError:
        return False
    return True


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
