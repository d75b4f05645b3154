"""Lab 2 on a host that lets nobody make user namespaces: made by hand, from one that does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.labs.conftest import HERE, ROOT, Submission
from unilab.machines import container_host

LAB = "02-a-container-by-hand"
#: In a user namespace of its own, in which there may be no other, it has the lab checked.
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import namespaces
from pathlib import Path
from unilab.errors import Unavailable
from unilab.labs import check
namespaces.unshare("user")
print("unshared", flush=True)
sys.stdin.readline()
Path("/proc/sys/user/max_user_namespaces").write_text("0")
try:
    print(check(sys.argv[1]))
except Unavailable as error:
    print(error)
"""


def _where_forbidden(folder: Path, **variables: str) -> str:
    command = [sys.executable, "-c", SCRIPT, str(folder)]
    environment = os.environ | variables
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "unshared\n"
        user, group = os.getuid(), os.getgid()
        # As root it needs user 65534, too, who submissions run as; others can map themselves alone.
        everybody = user == 0
        for name, text in (
            ("setgroups", "allow" if everybody else "deny"),
            ("uid_map", "0 0 65536" if everybody else f"{user} {user} 1"),
            ("gid_map", "0 0 65536" if everybody else f"{group} {group} 1"),
        ):
            Path(f"/proc/{process.pid}/{name}").write_text(text)
        return process.communicate("\n", timeout=240)[0]


@pytest.mark.skipif(bool(container_host.forbidden()), reason="this host is such a host")
def test_it_runs_in_a_linux_guest_instead(submission: Submission) -> None:
    said = _where_forbidden(submission(LAB, HERE / LAB / "solution"))
    assert "12 of 12 points" in said, said


@pytest.mark.skipif(bool(container_host.forbidden()), reason="this host is such a host")
def test_if_it_must_be_this_host_it_says_that_it_cannot_be_done_and_what_helps() -> None:
    said = _where_forbidden(ROOT / "labs" / LAB, UNILAB_CONTAINER="host")
    assert "this host lets no ordinary user build a container" in said and "No space left on device" in said
    assert "sysctl user.max_user_namespaces" in said
