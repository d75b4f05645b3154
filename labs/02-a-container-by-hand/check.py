"""Checks your container. Run it from the top of the course: ./course check labs/02-a-container-by-hand."""

from __future__ import annotations

import json
import random
import string
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unilab import build
from unilab.errors import Unavailable
from unilab.labs import Limits, Part, Ran, Report, contained, contained_in_guest, part, python
from unilab.machines import container_host

#: Lays out what the container gets, and then becomes your script.
PREPARE = r"""
import json, os, sys
order = json.load(open("order.json"))
os.makedirs("root/proc", exist_ok=True), os.makedirs("root/old", exist_ok=True)
os.rename("program", "root/" + order["name"])
open("root/" + order["file"], "w").close()
open("outside", "w").write("a file of the host")
secret = os.path.abspath("outside")
paths = [secret, "/old" + secret, "outside", "../outside", "../" * 30 + secret[1:]]
words = ["root", order["host"], str(order["processes"]), "/" + order["name"], order["word"], *paths]
outside = {kind: os.readlink("/proc/self/ns/" + kind) for kind in ("user", "pid", "mnt", "uts", "ipc", "net")}
os.write(9, json.dumps(outside).encode()), os.close(9)
os.execv(sys.executable, [sys.executable, "-E", "-s", "-B", "container.py", *words])
"""
#: Whether this host would let anybody do this lab.
PROBE = """
import os, namespaces
user, group = os.getuid(), os.getgid()
namespaces.unshare("user", "pid", "mnt", "uts", "ipc", "net")
namespaces.map_ids(user, group)
os.mkdir("proc")
if os.fork() == 0:
    namespaces.mount_proc("proc")
    os.write(9, b"yes")
else:
    os.wait()
"""
KINDS = {
    "uts": "its host name",
    "ipc": "its message queues and shared memory",
    "net": "its network cards and ports",
    "mnt": "its mounts",
    "pid": "its process numbers",
}
_HERE = Path(__file__).parent
_LIMITS = Limits(seconds=10)
_UNMAPPED = "65534"


@dataclass(frozen=True)
class Trial:
    """One run of your container.

    Attributes:
        order: What it was asked for.
        status: With what the program ended.
        seen: What the program printed: by word, what came after it.
        outside: Namespaces that your script was started in, by kind.
        ran: The run itself.
    """

    order: dict[str, object]
    status: int
    seen: dict[str, list[str]]
    outside: dict[str, str]
    ran: Ran

    def one(self, word: str) -> str:
        """What the program saw, where that is one thing."""
        return next(iter(self.seen.get(word, [])), "")


def check(folder: Path, seed: int) -> Report:
    """Grade ``container.py`` in a folder.

    Where this host lets no ordinary user make namespaces, it runs in a Linux guest. ``UNILAB_CONTAINER`` decides, if
    set.

    Raises:
        Unavailable: It may only run on this host, which does not let it.
    """
    draw = random.Random(seed)
    trial = _try(folder, draw, run=contained_in_guest if in_guest() else contained)
    points: list[tuple[str, int, tuple[Callable[[Trial], str | None], ...]]] = [
        ("the program runs, and its end is your script's end", 2, (arguments, ending)),
        ("own names: users, processes, host", 3, (user, process, own("pid"), hostname, own("uts"), own("ipc"))),
        ("own files, and none of the host's", 3, (files, own("mnt"), outside, leftovers)),
        ("no network of the host's", 1, (own("net"),)),
        ("no power", 2, (capabilities, bounding_set)),
        ("a limit of processes", 1, (limit,)),
    ]
    parts: list[Part] = []
    for name, worth, complaints in points:
        if not trial.seen:
            trouble = trial.ran.trouble or "it ended, and the program had printed nothing"
            message = f"container.py: {trouble}{hint(trouble)}" if not parts else "it does not come that far yet"
            parts.append(part(name, worth, message))
        else:
            parts.append(part(name, worth, *(complain(trial) for complain in complaints)))
    return Report(folder.name, tuple(parts))


def in_guest() -> bool:
    """Whether a submission runs in a Linux guest.

    Raises:
        CourseError: The environment variable that decides it says neither ``host`` nor ``guest``.
        Unavailable: It says ``host``, and this host lets nobody do this.
    """
    wanted = container_host.wanted()
    trouble = "" if wanted == "guest" else forbidden()
    if wanted == "host" and trouble:
        raise Unavailable(
            f"this host lets no ordinary user build a container: {trouble}",
            remedy="allow user namespaces (sysctl user.max_user_namespaces, and on Ubuntu kernel.apparmor_restrict_"
            f"unprivileged_userns=0), or leave out {container_host.OVERRIDE}: the check then uses a Linux guest",
        )
    return wanted == "guest" or bool(trouble)


def forbidden() -> str:
    """Why a submission could not do this on this host; empty if it could."""
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "namespaces.py").write_bytes((_HERE / "namespaces.py").read_bytes())
        (Path(scratch) / "probe.py").write_text(PROBE)
        ran = contained(python("probe.py"), folder=Path(scratch), limits=_LIMITS)
    return "" if ran.answer == b"yes" else ran.trouble or ran.errors.strip() or "it does not say why"


def _try(folder: Path, draw: random.Random, *, run: Callable[..., Ran]) -> Trial:
    name, file, host, word = ("".join(draw.choices(string.ascii_lowercase, k=draw.randint(4, 9))) for _ in range(4))
    status = draw.randint(3, 90)
    order: dict[str, object] = {
        "name": f"bin-{name}", "file": f"file-{file}", "host": host, "word": word, "processes": draw.randint(6, 12)
    }  # fmt: skip
    image = build(_HERE / "program.c", "process", cflags=[f"-DSTATUS={status}"])
    files_ = {
        "program": image.path.read_bytes(),
        "prepare.py": PREPARE.encode(),
        "order.json": json.dumps(order).encode(),
    }
    ran = run(python("prepare.py"), folder=folder, files=files_, limits=_LIMITS)
    seen: dict[str, list[str]] = {}
    for line in ran.output.splitlines():
        word_, colon, rest = line.partition(": ")
        if colon:
            seen.setdefault(word_, []).append(rest.strip())
    outside_ = json.loads(ran.answer or b"{}")
    return Trial(order, status, seen, outside_, ran)


def hint(trouble: str) -> str:
    """Where to look next, for errors that are usual here."""
    for sign, advice in (
        ("BlockingIOError", "\nIt wanted more processes than it may. Look for a fork in a loop."),
        ("mount proc", "\nunshare('pid') counts for the children that come after it. Fork, and mount in the child."),
        ("pivot_root", "\nThe new root must be a mount: bind it over itself, and go there afterwards."),
        ("FileNotFoundError", "\nAfter pivot_root, all paths are the container's."),
        ("Operation not permitted", "\nWhat needs a capability comes before drop_capabilities."),
    ):
        if sign in trouble:
            return advice
    return ""


def arguments(trial: Trial) -> str | None:
    """What is wrong with its arguments, or None."""
    wanted, got = [f"/{trial.order['name']}", trial.order["word"]], trial.seen.get("argument", [])[:2]
    if got == wanted:
        return None
    return f"its arguments were {got}, and not {wanted}.\nos.execv takes the path, and then all words, the path first."


def ending(trial: Trial) -> str | None:
    """What is wrong with the exit status, or None."""
    if trial.ran.limit:
        return f"container.py: {trial.ran.trouble}"
    if trial.ran.exit_status == trial.status:
        return None
    return (
        f"the program ended with {trial.status}, and container.py ended with {trial.ran.exit_status}.\n"
        "os.waitpid gives a wait status: os.waitstatus_to_exitcode takes it apart."
    )


def user(trial: Trial) -> str | None:
    """Whether the program has a user, or None."""
    if not _own(trial, "user"):
        return _shared("user", "its users")
    if trial.one("user") != _UNMAPPED:
        return None
    return f"the program is user {_UNMAPPED}: nobody. A new user namespace has no users until you map them: map_ids."


def process(trial: Trial) -> str | None:
    """Whether the program is process 1 and sees itself alone, or None."""
    if trial.one("process") != "1":
        return (
            f"the program is process {trial.one('process')}, and should be process 1: its process number is the "
            "host's.\nunshare('pid') counts for the children that come after it, and the first of them is 1."
        )
    if "1" not in trial.seen.get("seen", []):
        return "the program finds no processes in /proc, not even itself: mount_proc, at the place that will be /proc."
    return None


def hostname(trial: Trial) -> str | None:
    """Whether the host name is what was asked for, or None."""
    if trial.one("host") == trial.order["host"]:
        return None
    return f"the host name is {trial.one('host')!r}, and should be {trial.order['host']!r}."


def files(trial: Trial) -> str | None:
    """Whether the root folder is the one that was given, or None."""
    found = trial.seen.get("file", [])
    if trial.order["file"] in found:
        return None
    return f"the root folder holds {', '.join(sorted(found)[:4])}: it is not the one that was given."


def outside(trial: Trial) -> str | None:
    """Whether a file of the host can be read, or None."""
    if not trial.seen.get("read"):
        return None
    return (
        "a file of the host can still be read, from inside: the old root or the old working directory is in reach.\n"
        "unmount the old root, and go to / in the new one."
    )


def leftovers(trial: Trial) -> str | None:
    """What of the host is mounted, or None."""
    places = [line.split()[4] for line in trial.seen.get("mount", [])]
    if not places:
        return "the program finds no list of its mounts: /proc is not mounted."
    if "/" not in places:
        return "the root is no mount: chroot moves the root for one process, and leaves the host's mounts. pivot_root."
    more = [place for place in places if place != "/" and place.split("/")[1] != "proc"]
    return f"{more[0]} is still mounted: let go of the old root with unmount." if more else None


def own(kind: str) -> Callable[[Trial], str | None]:
    """Whether the program has a namespace of its own, or None."""
    return lambda trial: None if _own(trial, kind) else _shared(kind, KINDS[kind])


def capabilities(trial: Trial) -> str | None:
    """Whether capabilities are left, or None."""
    status = _status(trial)
    if not status:
        return "the program cannot see its own status: /proc is not mounted."
    if int(status.get("CapEff", "0"), 16) or int(status.get("CapPrm", "0"), 16):
        return "the program holds capabilities, and could undo your work: drop_capabilities, when all else is done."
    return None


def bounding_set(trial: Trial) -> str | None:
    """Whether capabilities could come back, or None."""
    if int(_status(trial).get("CapBnd", "0"), 16) == 0:
        return None
    return "a file that it executes as user 0 could give it capabilities again: empty_bounding_set."


def limit(trial: Trial) -> str | None:
    """Whether the limit of processes is in force, or None."""
    wanted = int(str(trial.order["processes"]))
    got = trial.one("children")
    if trial.ran.limit == "processes" or not got or int(got) >= wanted:
        return f"it may have {wanted} processes, and started {got or 'more'} beside itself: limit_processes."
    # Itself is one; whoever waits for it, in its user namespace, may be one or two more.
    if int(got) < wanted - 3:
        return f"it may have {wanted} processes, and could start only {got} beside itself."
    return None


def _own(trial: Trial, kind: str) -> bool:
    inside = dict(line.split() for line in trial.seen.get("namespace", []) if " " in line)
    return kind in inside and inside[kind] != trial.outside.get(kind)


def _shared(kind: str, what: str) -> str:
    return f"{what}: the {kind} namespace is the host's, or /proc is not there to tell. See unshare and mount_proc."


def _status(trial: Trial) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in trial.seen.get("status", []) if ":" in line)
    return {name: value.strip() for name, value in pairs}
