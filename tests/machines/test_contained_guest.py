"""Containers where the host forbids them: the same container, in a Linux guest, which says so."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from unilab import machines
from unilab.errors import CourseError, MachineError
from unilab.machines import container_host
from unilab.toolchain import Image, linux

Program = Callable[..., Image]
LONG = 120.0


def _has_kernel() -> bool:
    try:
        return bool(linux.kernel().version)
    except CourseError:
        return False


pytestmark = pytest.mark.skipif(not _has_kernel(), reason="no kernel for a Linux guest")

# Its exit status says whether containers could run; the last line printed is why they cannot.
_RUNS = """
import sys
from unilab.machines import container_host, run
result = run(sys.argv[1], "container", args=["you"], deadline=120)
print(result.console, result.architecture, result.machine, container_host.forbidden(), sep="\\n")
"""


@pytest.fixture
def in_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(container_host.OVERRIDE, "guest")


def test_a_host_that_forbids_user_namespaces_runs_it_in_a_guest(program: Program) -> None:
    """In a user namespace that may have none below it: the same for whoever is in it as on such a host."""
    unshare = shutil.which("unshare")
    if unshare is None or container_host.forbidden():
        pytest.skip("this host cannot be made to forbid what it allows")
    no_more = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    command = [unshare, "--user", "--map-root-user", "sh", "-c", no_more, "sh", sys.executable, "-c", _RUNS]
    ran = subprocess.run(
        [*command, str(program("hello").program)], capture_output=True, text=True, timeout=LONG, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "hello, you",
        "",
        "container",
        "q35",
        "this host forbids it: making namespaces: No space left on device",
    ]


@pytest.mark.usefixtures("in_guest")
def test_what_it_may_do_there_and_what_not(program: Program) -> None:
    said = machines.run(program("confined", "container"), deadline=LONG).console.splitlines()
    assert said[0] == "user 0, process 2 of 2, host container"
    done = {line.partition(":")[0] for line in said[1:] if line.endswith(": done")}
    assert done == {"serve on port 80", "write a file"} and len(said) == 16


@pytest.mark.usefixtures("in_guest")
def test_the_limit_of_its_control_group_holds(program: Program) -> None:
    with pytest.raises(MachineError, match="had used up its 32 MiB, and the kernel ended"):
        machines.run(program("hog", "container"), memory=32, deadline=LONG)


@pytest.mark.usefixtures("in_guest")
def test_it_finds_its_files_and_ends_with_its_status(program: Program) -> None:
    given = {"deep/name": "contents\n"}
    shown = machines.run(program("shows", "container"), args=["deep/name"], files=given, deadline=LONG)
    assert (shown.console, shown.exit_status) == ("deep/name: contents\n\nmade: yes\n", 0)
    assert shown.image == str(program("shows", "container").path)


@pytest.mark.usefixtures("in_guest")
def test_it_is_seen_live_beside_all_else_in_the_guest(program: Program) -> None:
    with machines.start(program("hello", "container"), stop_at="main", deadline=LONG) as machine:
        assert machine.console.text == "" and machine.registers().privilege_level == 3  # type: ignore[attr-defined]
        spaces = machine.address_spaces()
        assert spaces[0].name == "hello in a container in a Linux guest"
        assert {"program text", "main stack"} <= {region.label for region in spaces[0].regions}
        assert {name for space in spaces for name in ("init", "contain") if space.name.startswith(f"{name}, ")} == {
            "init",
            "contain",
        }
        machine.resume()
        assert machine.wait().exit_status == 0 and machine.console.text == "hello, world\n"


@pytest.mark.usefixtures("in_guest")
def test_its_facts_are_those_of_the_guest(program: Program) -> None:
    with machines.start(program("endless", "container"), memory=32, deadline=LONG) as machine:
        facts = machine.facts()  # type: ignore[attr-defined]
        outside = {process.inside: process.outside for process in facts.processes}
        status = machine.file(f"/proc/{outside[2]}/status").decode()  # type: ignore[attr-defined]
        assert "\nNSpid:\t" in status and status.startswith("Name:\tendless\n")
        assert "\nSeccomp:\t2\n" in status and "\nCapBnd:\t0000000000000000\n" in status
        assert machine.file(f"{facts.cgroup}/memory.max") == b"%d\n" % (32 << 20)  # type: ignore[attr-defined]
        assert {limit.name for limit in facts.limits if limit.value is not None} >= {"memory.max", "pids.max"}
        assert repr(facts).startswith(f"a container on a Linux guest, because {container_host.OVERRIDE}=guest asks")


def test_a_wrong_word_decides_nothing(monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    monkeypatch.setenv(container_host.OVERRIDE, "moon")
    with pytest.raises(CourseError, match="'moon'"):
        machines.start(program("hello", "container"))
