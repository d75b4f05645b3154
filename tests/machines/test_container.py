"""Containers: what separates them, what limits them, and what is left of them."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import CourseError, MachineError, StartFailed
from unilab.machines import End, Outcome, State, container_host
from unilab.machines.container import PIDS, Container, children
from unilab.machines.limits import bounded
from unilab.spaces.model import AddressSpace
from unilab.toolchain import Image

Program = Callable[..., Image]
HasEnded = Callable[[int], bool]
LONG = 120.0
on_this_host = pytest.mark.skipif(
    bool(container_host.forbidden()), reason=f"no container on this host: {container_host.forbidden()}"
)
pytestmark = on_this_host


def _start(image: Image, **options: object) -> Container:
    machine = machines.start(image, deadline=LONG, **options)  # type: ignore[arg-type]
    assert isinstance(machine, Container)
    return machine


@pytest.fixture
def endless(program: Program) -> Iterator[Container]:
    with _start(program("endless", "container")) as machine:
        assert machine.console.wait_for("running\n", LONG)
        yield machine


def test_the_image_is_the_process_s_own_file(program: Program) -> None:
    assert program("hello", "container").path == program("hello", "process").path


def test_what_it_may_do_and_what_not(program: Program) -> None:
    said = machines.run(program("confined", "container")).console.splitlines()
    # What is refused first, the rights of a file or the mount it is in, depends on whose file it is.
    refused = dict(line.split(": ") for line in (said.pop(3), said.pop(5)))
    assert set(refused) == {"write to the program's file", "see the host's first process"}
    assert set(refused.values()) <= {os.strerror(n) for n in (errno.EROFS, errno.EACCES, errno.ENOENT)}
    assert said == [
        "user 0, process 2 of 2, host container",
        "serve on port 80: done",
        "write a file: done",
        "open a file of the host: No such file or directory",
        "climb out of the root: No such file or directory",
        "mount: Operation not permitted",
        "unshare: Operation not permitted",
        "clone into a namespace: Operation not permitted",
        "clone3: Function not implemented",
        "trace: Operation not permitted",
        "make a device: Operation not permitted",
        "name the host: Operation not permitted",
        "reboot: Operation not permitted",
        "call by the x32 interface: Operation not permitted",
    ]


def test_facts_are_those_of_the_kernel(endless: Container) -> None:
    facts = endless.facts()
    program = next(process for process in facts.processes if process.inside == 2)
    assert [process.inside for process in facts.processes] == [1, 2]
    assert Path(f"/proc/{program.outside}/comm").read_text() == f"{program.name}\n" == "endless\n"
    for namespace in facts.namespaces:
        assert Path(f"/proc/{program.outside}/ns/{namespace.kind}").stat().st_ino == namespace.inside
        assert Path(f"/proc/self/ns/{namespace.kind}").stat().st_ino == namespace.outside
    assert {"user", "pid", "mnt", "uts", "ipc", "net"} <= {n.kind for n in facts.namespaces if n.own}
    status = Path(f"/proc/{program.outside}/status").read_text()
    assert f"\nUid:\t{facts.user_outside}\t" in status and facts.user_outside != 0
    assert facts.capabilities == 0 and "\nCapBnd:\t0000000000000000\n" in status
    assert facts.no_new_privileges and "\nNoNewPrivs:\t1\n" in status
    assert facts.seccomp == "filter" and "\nSeccomp:\t2\n" in status
    assert repr(facts).startswith("a container on this host\n  user 0 inside is user ")


def test_the_root_file_system_is_its_own(endless: Container) -> None:
    files = {file.path: file for file in endless.facts().files}
    assert {"/bin/endless", "/proc", "/tmp", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"} <= set(files)
    assert not {"/usr", "/root", "/home", "/var", "/sys"} & set(files)
    root = Path(f"/proc/{endless.facts().processes[0].outside}/root")
    assert {path.name for path in root.iterdir()} == {name[1:] for name in files if name.count("/") == 1}
    assert files["/dev/null"].mode == stat.filemode((root / "dev/null").stat().st_mode) == "crw-rw-rw-"
    assert {mount.path for mount in endless.facts().mounts} >= {"/", "/proc", "/bin/endless", "/dev/null"}


def test_limits_are_in_force_or_the_reason_is_said(endless: Container) -> None:
    facts = endless.facts()
    limits = {limit.name: limit for limit in facts.limits}
    assert limits["RLIMIT_NPROC"].value == PIDS and limits["RLIMIT_AS"].value == 64 << 20
    told = [limits[name] for name in ("memory.max", "pids.max")] if facts.cgroup else [limits["cgroup"]]
    for limit in told:
        assert (limit.value is None) == bool(limit.why_not)
        if limit.value is not None:
            assert int(Path(facts.cgroup, limit.name).read_text()) == limit.value


def test_inside_and_outside_differ_in_numbers_and_agree_in_addresses(endless: Container) -> None:
    endless.pause()
    outside, inside = endless.address_space(), endless.space_inside()
    program = next(process for process in endless.facts().processes if process.inside == 2)
    assert outside.regions == inside.regions
    assert outside.origin.startswith(f"process {program.outside}, /proc/{program.outside}/maps, ")
    assert inside.origin.startswith(f"process 2, /proc/{program.outside}/root/proc/2/maps, ")
    assert outside.name == "endless in a container" and inside.name == "endless inside its container"
    assert {region.kind for region in outside.regions} >= {"text", "data", "stack", "vdso"}


def test_every_process_of_it_is_seen(program: Program) -> None:
    with _start(program("forks_on", "container"), args=["3"]) as machine:
        assert machine.console.wait_for("started 3\n", LONG)
        processes = machine.facts().processes
        assert [(p.name, p.inside) for p in processes] == [("init", 1), *(("forks_on", n) for n in range(2, 6))]
        spaces = machine.address_spaces()
        assert len(spaces) == 5 and spaces[0].name == "forks_on in a container"
        assert {space.name for space in spaces[1:]} >= {"init, process 1 of the container"}
        assert all(isinstance(space, AddressSpace) and space.regions for space in spaces)


def test_a_fork_bomb_ends_at_the_limit(program: Program) -> None:
    with _start(program("forks_on", "container")) as machine:
        assert machine.console.wait_for("\n", LONG)
        assert machine.console.text == f"started {PIDS - 2}: Resource temporarily unavailable\n"
        assert len(machine.facts().processes) == PIDS


def test_memory_ends_at_the_limit(program: Program) -> None:
    got = int(machines.run(program("hog", "container"), memory=32).console.removesuffix(" MiB\n"))
    assert 20 < got < 32


@pytest.mark.parametrize("frozen_by", ["control group", "signals"])
def test_a_pause_stops_every_process(
    frozen_by: str, program: Program, has_ended: HasEnded, monkeypatch: pytest.MonkeyPatch
) -> None:
    if frozen_by == "signals":
        monkeypatch.setattr(Container, "_cgroup", lambda self: None)
    with _start(program("forks_on", "container"), args=["3"]) as machine:
        assert machine.console.wait_for("started 3\n", LONG)
        cgroup = machine.facts().cgroup
        if frozen_by == "control group" and not cgroup:
            pytest.skip("this host permits no control group")
        machine.pause()
        assert machine.state is State.PAUSED
        if frozen_by == "signals":
            assert {_state(process.outside) for process in machine.facts().processes} == {"T"}
        else:
            assert "frozen 1" in Path(machine.facts().cgroup, "cgroup.events").read_text()
        machine.resume()
        assert machine.state is State.RUNNING
        assert not {_state(process.outside) for process in machine.facts().processes} & {"T", "t"}
        pids = children(machine.pid)  # the undertaker, too, which is no part of the container
        assert len(pids) == (2 if cgroup else 1)
        machine.pause()
        machine.quit()
        assert machine.wait() == Outcome(End.QUIT, None)
    assert all(has_ended(pid) for pid in pids)
    assert not cgroup or _goes(Path(cgroup))


@pytest.mark.parametrize("victim", ["supervisor", "init", "program"])
def test_whoever_is_killed_nothing_is_left(victim: str, program: Program, has_ended: HasEnded) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    with _start(program("forks_on", "container"), args=["3"]) as machine:
        assert machine.console.wait_for("started 3\n", LONG)
        facts = machine.facts()
        pids = [*(process.outside for process in facts.processes), *children(machine.pid)]
        os.kill({"supervisor": machine.pid, "init": pids[0], "program": pids[1]}[victim], signal.SIGKILL)
        if victim == "init":
            with pytest.raises(MachineError, match="process 1 was killed"):
                machine.wait()
        else:
            assert machine.wait(check=False) == Outcome(End.SIGNAL, 128 + signal.SIGKILL)
        assert all(has_ended(pid) for pid in pids)
        with pytest.raises(MachineError, match="has ended"):
            machine.facts()
    assert not facts.cgroup or _goes(Path(facts.cgroup))
    assert Path("/proc/self/mountinfo").read_text() == before


def test_a_supervisor_killed_at_any_moment_leaves_nothing(program: Program, has_ended: HasEnded) -> None:
    """From before its first namespace to after the program's start: a container is built in some 20 milliseconds."""
    image, token = program("forks_on", "container"), f"token-{os.getpid()}"
    command = [str(container_host.contain().path), str(image.path), "forks_on", "3", token]
    made = []
    for n in range(500 if "UNILAB_SOAK" in os.environ else 40):
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as supervisor:
            made.append(supervisor.pid)
            time.sleep(n % 40 / 1000)
            supervisor.kill()
    assert all(has_ended(pid) for pid in _with_word(token))
    groups = [path for pid in made for path in Path("/sys/fs/cgroup").rglob(f"unilab-{pid}")]
    assert all(_goes(group) for group in groups)


_OWNER = """
import json, sys
from unilab import machines
machine = machines.start(sys.argv[1], "container", args=["3"], deadline=600)
machine.console.wait_for("started 3", 120)
facts = machine.facts()
print(json.dumps([facts.cgroup, machine.pid, *(process.outside for process in facts.processes)]), flush=True)
machine.pause() if sys.argv[2] == "paused" else None
print("there", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("state", ["running", "paused"])
def test_the_owner_s_end_is_the_end_of_all_of_it(state: str, program: Program, has_ended: HasEnded) -> None:
    command = [sys.executable, "-c", _OWNER, str(program("forks_on").program), state]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        cgroup, *pids = json.loads(owner.stdout.readline())
        assert owner.stdout.readline() == "there\n"
        owner.kill()
    assert len(pids) == 6 and all(has_ended(pid) for pid in pids)
    assert not cgroup or _goes(Path(cgroup))


def test_what_a_killed_undertaker_leaves_the_next_container_removes(endless: Container) -> None:
    cgroup = endless.facts().cgroup
    if not cgroup:
        pytest.skip("this host permits no control group")
    gone = os.spawnlp(os.P_WAIT, "true", "true")
    assert gone == 0
    left = Path(cgroup).parent / "unilab-4194303"  # the largest process number there can be, less one
    left.mkdir()
    with _start(endless.image):
        assert not left.exists()
    assert Path(cgroup).exists()


def test_a_program_that_cannot_be_executed_is_said(program: Program, tmp_path: Path) -> None:
    image = program("silent", "container")
    broken = tmp_path / "silent.elf"
    data = bytearray(image.path.read_bytes())
    data[24:32] = bytes(8)  # its entry point: a page that it may not touch
    broken.write_bytes(data)
    broken.chmod(0o755)
    assert machines.run(replace(image, path=broken), check=False).exit_status == 128 + signal.SIGSEGV
    with pytest.raises(CourseError, match="no devices of its own"):
        machines.start(image, entropy=True)
    with pytest.raises(CourseError, match="has its own /proc"):
        machines.start(image, files={"proc/x": ""})
    broken.write_bytes(b"")
    with pytest.raises(StartFailed):
        machines.start(replace(image, path=broken))


# As a user who may do nothing: everything is imported before, since the files of the package are not his to read.
_UNPRIVILEGED = """
import ctypes, dataclasses, json, os, sys
from pathlib import Path
from unilab import machines
from unilab.machines import container, container_host
from unilab.toolchain import Image
contain, *paths = map(Path, sys.argv[1:])
image = Image(Path("stations.c"), "container", *paths, size=1, build_seconds=0.0)
outer = dataclasses.replace(image, path=contain)
container_host.contain = lambda: outer
if os.getuid() == 0:
    os.setgroups([]), os.setresgid(65534, 65534, 65534), os.setresuid(65534, 65534, 65534)
    ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE: who changes users cannot read his own /proc otherwise
assert machines.run(image).console == "first\\nsecond\\n"
with machines.start(image, stop_at="second") as machine:
    facts, regions = machine.facts(), len(machine.address_space().regions)
    inside = machine.space_inside()
    assert inside.regions == machine.address_space().regions and len(machine.address_spaces()) == 2
    machine.resume()
    assert machine.wait().exit_status == 3
with machines.start(image, stop_at="exit") as machine:
    machine.quit()
print(json.dumps([facts.user_outside, os.getuid(), facts.capabilities, facts.seccomp, regions]))
"""


@pytest.fixture
def everybodys() -> Iterator[Path]:
    """A folder that whoever it is can read."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_an_unprivileged_user_has_containers_too(program: Program, everybodys: Path) -> None:
    image, paths = program("stations", "container"), []
    for path in (container_host.contain().path, image.path, image.debug, image.map, image.object):
        paths.append(everybodys / path.name)
        paths[-1].write_bytes(path.read_bytes())
        paths[-1].chmod(0o755)
    command = [sys.executable, "-c", _UNPRIVILEGED, *map(str, paths)]
    ran = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=LONG, check=False)
    assert ran.returncode == 0, ran.stderr
    outside, user, capabilities, seccomp, regions = json.loads(ran.stdout)
    assert outside == user != 0
    assert (capabilities, seccomp) == (0, "filter") and regions > 5


def test_the_wrapper_that_ties_it_to_its_owner_is_the_process_s(endless: Container) -> None:
    assert endless.command[0] == str(container_host.contain().path)
    assert bounded(endless.command, memory=1, seconds=1)[-len(endless.command) :] == list(endless.command)


def _with_word(word: str) -> list[int]:
    """Processes that have a word on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if word.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _goes(folder: Path) -> bool:
    """Waits until a folder is gone."""
    watcher = subprocess.run(
        ["sh", "-c", 'n=0; while [ -e "$0" ] && [ $n -lt 6000 ]; do sleep 0.01; n=$((n + 1)); done', str(folder)],
        check=True,
    )
    return watcher.returncode == 0 and not folder.exists()
