"""What a container is made of, as plain values, out of the report of guest/contain/contain.c."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass

#: What stands in front of each line of the report.
_MARK = "contain "
#: Namespaces in the order in which people name them, and what each of them separates: namespaces(7).
NAMESPACES = {
    "user": "users and capabilities",
    "pid": "process numbers",
    "mnt": "mounts, the tree of files",
    "uts": "host name",
    "ipc": "System V and POSIX message queues",
    "net": "network interfaces, addresses, ports",
    "cgroup": "view of the control groups",
    "time": "clocks since boot",
}
#: Seccomp's modes by the numbers in /proc/PID/status: proc_pid_status(5).
_SECCOMP = {"0": "off", "1": "strict", "2": "filter"}


@dataclass(frozen=True, slots=True)
class Namespace:
    """One namespace: its kind, and the inode number that tells it from others, in the container and outside."""

    kind: str
    inside: int
    outside: int

    @property
    def own(self) -> bool:
        """Whether the container has one of its own."""
        return self.inside != self.outside


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that was asked for.

    Attributes:
        name: A file of the control group, such as ``memory.max``, or a resource limit, such as ``RLIMIT_AS``.
        value: Bytes, processes or seconds; None if it is not in force.
        why_not: Why it is not; empty if it is.
    """

    name: str
    value: int | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ContainedProcess:
    """A process of a container, by both of its numbers."""

    name: str
    outside: int
    inside: int


@dataclass(frozen=True, slots=True)
class RootFile:
    """A file of the container's root file system.

    Attributes:
        path: As the container has it.
        mode: Type and rights, as ``ls -l`` writes them.
        size: Bytes.
    """

    path: str
    mode: str
    size: int


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount that the container sees: where, of which type, with which options."""

    path: str
    type: str
    options: str


@dataclass(frozen=True, slots=True, repr=False)
class ContainerFacts:
    """What separates a container from the rest, and what limits it.

    Attributes:
        host: What runs it: ``this host``, or ``a Linux guest`` and why.
        user_outside: Which user of the host the container's user 0 is.
        processes: Its processes, by their numbers inside and outside.
        namespaces: Those of the program, beside those of whoever started it.
        cgroup: Path of its control group; empty if it has none.
        limits: Those in force, and those that the host does not permit, with the reason.
        capabilities: The program's effective set, a bit for each; 0 for none.
        no_new_privileges: Whether executing a file can no longer give any.
        seccomp: ``filter``, ``strict`` or ``off``.
        files: Its root file system when it started, two folders deep, without /proc.
        mounts: Its mounts.
    """

    host: str
    user_outside: int
    processes: tuple[ContainedProcess, ...]
    namespaces: tuple[Namespace, ...]
    cgroup: str
    limits: tuple[Limit, ...]
    capabilities: int
    no_new_privileges: bool
    seccomp: str
    files: tuple[RootFile, ...]
    mounts: tuple[Mount, ...]

    def __repr__(self) -> str:
        """A few lines for people; what is long is counted."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"a container on {self.host}"
        yield f"  user 0 inside is user {self.user_outside} outside"
        for process in self.processes:
            yield f"  process {process.inside} inside is process {process.outside} outside: {process.name}"
        for namespace in self.namespaces:
            whose = f"{namespace.inside}, outside {namespace.outside}" if namespace.own else "the host's"
            yield f"  {namespace.kind:6} namespace ({NAMESPACES.get(namespace.kind, '')}): {whose}"
        yield f"  control group: {self.cgroup or 'none'}"
        for limit in self.limits:
            yield f"  {limit.name}: {f'{limit.value:,}' if limit.value is not None else 'no, ' + limit.why_not}"
        privileges = "may be gained" if not self.no_new_privileges else "cannot be gained"
        held = f"{self.capabilities.bit_count()} held" if self.capabilities else "none held"
        yield f"  capabilities: {held}; privileges {privileges}; seccomp: {self.seccomp}"
        yield f"  root file system: {len(self.files)} files and folders, {len(self.mounts)} mounts"


def parse(report: str, *, host: str, processes: tuple[ContainedProcess, ...] = ()) -> ContainerFacts | None:
    """The facts in a report; None as long as it is not complete.

    Args:
        report: Lines of contain.c's, among others perhaps.
        host: What runs the container.
        processes: Those there are now; without them, the two of the report.
    """
    lines = [line.removeprefix(_MARK).rstrip("\r") for line in report.split("\n") if line.startswith(_MARK)]
    if "running" not in lines:
        return None
    facts = [line.partition(" ") for line in lines]

    def of(word: str) -> list[str]:
        return [rest for first, _, rest in facts if first == word]

    status = dict(text.split(maxsplit=1) for text in of("status") if " " in text)
    outside = {name: int(pid) for name, pid in (text.split() for text in of("process"))}
    ids = next(iter(of("ids")), "0 0 0").split()
    started = (ContainedProcess("init", outside["init"], 1), ContainedProcess("program", outside["program"], 2))
    return ContainerFacts(
        host=host,
        user_outside=int(ids[1]),
        processes=processes or started,
        namespaces=tuple(_namespace(text) for text in of("namespace")),
        cgroup=next(iter(of("cgroup")), "") if not any(text.startswith("cgroup ") for text in of("denied")) else "",
        limits=(
            *(Limit(name, int(value)) for name, value in (text.split() for text in of("limit"))),
            *(Limit(name, None, why) for name, _, why in (text.partition(" ") for text in of("denied"))),
        ),
        capabilities=int(status.get("CapEff", "0"), 16),
        no_new_privileges=status.get("NoNewPrivs") == "1",
        seccomp=_SECCOMP.get(status.get("Seccomp", ""), "unknown"),
        files=tuple(sorted(map(_file, of("file")), key=lambda file: file.path)),
        mounts=tuple(map(_mount, of("mount"))),
    )


def failure(report: str) -> str:
    """Why the container could not be built, or came to a bad end; empty if it did not."""
    mark = f"{_MARK}failed "
    return next((line.removeprefix(mark).strip() for line in report.split("\n") if line.startswith(mark)), "")


def says(report: str, word: str) -> bool:
    """Whether a line of the report is just that word."""
    return any(line.rstrip("\r") == _MARK + word for line in report.split("\n"))


def _namespace(text: str) -> Namespace:
    kind, inside, outside = text.split()
    return Namespace(kind, int(inside), int(outside))


def _file(text: str) -> RootFile:
    mode, size, path = text.split(" ", 2)
    return RootFile(path, stat.filemode(int(mode, 8)), int(size))


def _mount(text: str) -> Mount:
    kind, options, path = text.split(" ", 2)
    return Mount(path, kind, options)
