"""The process between a grader and a submission: starts it with limits, watches it, and leaves nothing of it behind.

A script of its own, which imports nothing but Python's library: it runs as ``python -I supervisor.py ORDER``, where
ORDER is JSON (``containment.py`` writes it), and prints one JSON object.

What holds the submission:

- ``setrlimit(2)``: memory, processor time, processes, open files, file sizes; no core dumps.
- ``seccomp(2)``: no sockets but Unix ones, so no network.
- ``landlock(7)``, where it is asked for and the kernel has it: no file but those named can be opened.
- ``PR_SET_NO_NEW_PRIVS``; and where we are root, another user (65534), who may read everything and write in its folder.
- ``PR_SET_CHILD_SUBREAPER``: whatever it starts, and however that hides, stays below us, is counted, and is killed.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import platform
import resource
import selectors
import shutil
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

#: Numbers of linux/prctl.h and linux/seccomp.h, part of the system's stable interface.
_SET_PDEATHSIG, _SET_DUMPABLE, _SET_SECCOMP, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS = 1, 4, 22, 36, 38
_MODE_FILTER = 2
#: Classic BPF: load a word of struct seccomp_data, jump if equal, jump if at least, return.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050001  #: the last with EPERM
_X86_64, _X32_CALLS = 0xC000003E, 0x40000000
_SOCKET, _AF_UNIX = 41, 1
#: Numbers of linux/landlock.h, the same on every processor: three calls, and rights of its first version.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF, _PATH_BENEATH = 444, 445, 446, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _EVERY_RIGHT = 1 << 0, 1 << 1, 1 << 2, 1 << 3, (1 << 13) - 1

#: Who a submission runs as where we are root: nobody, on every Linux.
NOBODY = 65534
#: The descriptor for what a submission answers beside its output; 3 and on are the first that it opens itself.
ANSWER = 9
_OPEN_FILES = 256
_LOOK_SECONDS, _CHUNK = 0.02, 65536
_TICKS = os.sysconf("SC_CLK_TCK")


def _prctl(option: int, value: int, pointer: object = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), pointer, ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _forbid_network() -> None:
    """Refuse every socket that is not a Unix one, for this process and all that it starts."""
    if platform.machine() != "x86_64":
        return
    program = [
        (_LOAD, 0, 0, 4),  # struct seccomp_data: arch
        (_JUMP_EQUAL, 1, 0, _X86_64),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # nr
        (_JUMP_AT_LEAST, 0, 1, _X32_CALLS),
        (_RETURN, 0, 0, _KILL),
        (_JUMP_EQUAL, 0, 3, _SOCKET),
        (_LOAD, 0, 0, 16),  # args[0]
        (_JUMP_EQUAL, 1, 0, _AF_UNIX),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in program))

    class Filter(ctypes.Structure):
        _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    _prctl(_SET_NO_NEW_PRIVS, 1)
    _prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.byref(Filter(len(program), ctypes.addressof(code))))


def _confine(readable: list[str], folder: str) -> None:
    """Let this process and all that it starts open nothing but some files, and write in one folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    rights = ctypes.c_uint64(_EVERY_RIGHT)
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rights), ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return  # an older kernel
    for path, allowed in [*((path, _EXECUTE | _READ_FILE | _READ_DIR) for path in readable), (folder, _EVERY_RIGHT)]:
        with contextlib.suppress(FileNotFoundError):
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            fitting = allowed if Path(path).is_dir() else allowed & (_EXECUTE | _READ_FILE | _WRITE_FILE)
            rule = ctypes.create_string_buffer(struct.pack("<Qi", fitting, fd), 12)
            libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
            os.close(fd)
    _prctl(_SET_NO_NEW_PRIVS, 1)
    if libc.syscall(_RESTRICT_SELF, ruleset, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.close(ruleset)


def _processes_of(user: int) -> int:
    count = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                count += entry.stat().st_uid == user and len(os.listdir(f"/proc/{entry.name}/task"))  # noqa: PTH208
    return count


def _become(order: dict[str, Any]) -> list[str]:
    """Take on the limits; gives the command to run."""
    seconds, root = order["seconds"], os.geteuid() == 0
    # The limit of processes counts all of a user's: those that are there already come on top.
    processes = order["processes"] + _processes_of(NOBODY if root else os.getuid())
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_AS, order["memory"]),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, order["file"]),
        (resource.RLIMIT_NPROC, processes),
    ):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (limit, limit) if hard == resource.RLIM_INFINITY else (min(limit, hard),) * 2)
    _forbid_network()
    setpriv = shutil.which("setpriv")
    if order["readable"] is not None:
        _confine(order["readable"], order["folder"])
    command: list[str] = order["command"]
    if root and setpriv:
        # Reading goes on: Python itself may lie in root's own folder.
        only = "-all,+dac_read_search"
        words = [f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}", "--no-new-privs"]
        return [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *words, "--", *command]
    return command


class _Used(NamedTuple):
    """What a process has in use, bytes; and how long it has had a processor, seconds."""

    memory: int
    processor: float


def _below(pid: int) -> dict[int, _Used]:
    """Every living process that descends from one, and what each uses: see proc_pid_stat(5)."""
    parents: dict[int, tuple[int, _Used]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = (Path(entry.path) / "stat").read_text().rpartition(")")[2].split()
                if fields[0] not in "ZX":  # those have ended
                    # Of the processor: its own time, and that of its children that have ended.
                    used = _Used(int(fields[21]) * resource.getpagesize(), sum(map(int, fields[11:15])) / _TICKS)
                    parents[int(entry.name)] = (int(fields[1]), used)
    found: dict[int, _Used] = {}
    level = {pid}
    while level:
        level = {child for child, (parent, _) in parents.items() if parent in level and child not in found}
        found |= {child: parents[child][1] for child in level}
    return found


def _end_all() -> int:
    """Kill everything below us, until nothing is left; how many there were."""
    killed: set[int] = set()
    while below := _below(os.getpid()):
        # First they stand still, all of them, or those not yet killed would start others.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in below:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        killed |= set(below)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.001)
    return len(killed)


class _Watch:
    """One submission, from its start to its end."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._begin = time.monotonic()
        self._read: dict[int, bytearray] = {}
        self._names: dict[int, str] = {}

    def run(self) -> dict[str, Any]:
        pipes = {name: os.pipe() for name in ("output", "errors", "answer")}
        child = os.fork()
        if child == 0:
            self._start(pipes)
        for name, (ours, theirs) in pipes.items():
            os.close(theirs)
            self._read[ours], self._names[ours] = bytearray(), name
        ended, status = self._wait(child)
        below = _below(os.getpid())
        below.pop(child, None)
        seconds = time.monotonic() - self._begin
        _end_all()
        self._take_all()
        return {
            "ended": ended,
            "status": status,
            "left_behind": len(below),
            "seconds": seconds,
            **{self._names[fd]: base64.b64encode(data).decode() for fd, data in self._read.items()},
        }

    def _start(self, pipes: dict[str, tuple[int, int]]) -> None:
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _prctl(_SET_PDEATHSIG, signal.SIGKILL)
            os.chdir(self._order["folder"])
            # High up first: what is put in its place must not hide one that is still wanted.
            high = [os.dup2(theirs, 64 + i) for i, (_, theirs) in enumerate(pipes.values())]
            for fd, source in zip((1, 2, ANSWER), high, strict=True):
                os.dup2(source, fd, inheritable=True)
            os.closerange(3, ANSWER)
            os.closerange(ANSWER + 1, 128)
            command = _become(self._order)
            os.execvpe(command[0], command, self._order["environment"])
        except BaseException as error:
            os.write(2, f"it could not be started: {error}\n".encode())
        finally:
            os._exit(127)

    def _wait(self, child: int) -> tuple[str, int | None]:
        """Why it ended, and its wait status if it ended by itself."""
        order = self._order
        with selectors.DefaultSelector() as ready:
            for fd in self._read:
                os.set_blocking(fd, False)
                ready.register(fd, selectors.EVENT_READ)
            looked = 0.0
            while True:
                for key, _ in ready.select(_LOOK_SECONDS):
                    if not self._take(key.fd):
                        ready.unregister(key.fd)
                pid, status = os.waitpid(child, os.WNOHANG)
                if pid:
                    return "itself", status
                now = time.monotonic()
                if now - self._begin > order["seconds"]:
                    return "time", None
                if sum(map(len, self._read.values())) > order["output"]:
                    return "output", None
                if now - looked > _LOOK_SECONDS:
                    below, looked = _below(os.getpid()), now
                    if len(below) > order["processes"]:
                        return "processes", None
                    if sum(used.memory for used in below.values()) > order["memory"]:
                        return "memory", None
                    if sum(used.processor for used in below.values()) > order["processor"]:
                        return "processor", None
                if not ready.get_map():
                    time.sleep(_LOOK_SECONDS)

    def _take(self, fd: int) -> bool:
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return True
        # Beyond the limit nothing is kept, or endless output would fill our memory.
        self._read[fd] += data[: max(0, self._order["output"] + 1 - len(self._read[fd]))]
        return bool(data)

    def _take_all(self) -> None:
        for fd, taken in self._read.items():
            before = -1
            while before != len(taken):
                before = len(taken)
                self._take(fd)


def main() -> None:
    """Carry out the order."""
    order = json.loads(sys.argv[1])
    # Whoever started us dies: then so does everything below us, in good order.
    signal.signal(signal.SIGTERM, lambda *_: (_end_all(), os._exit(1)))
    _prctl(_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != order["owner"]:
        return
    _prctl(_SET_CHILD_SUBREAPER, 1)
    _prctl(_SET_DUMPABLE, 0)
    print(json.dumps(_Watch(order).run()))


if __name__ == "__main__":
    main()
