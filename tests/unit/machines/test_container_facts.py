from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unilab.machines import container_facts
from unilab.machines.container_facts import ContainedProcess, Limit, Mount, Namespace, RootFile

REPORT = """\
contain cgroup /sys/fs/cgroup/unilab-7
contain limit memory.max 67108864
contain denied pids.max this host does not hand the pids controller down to us
contain limit RLIMIT_NPROC 256
contain process init 4711
contain process program 4712
contain ids 0 100000 1
contain namespace user 4026532177 4026531837
contain namespace time 4026531834 4026531834
contain status CapEff 0000000000000401
contain status CapBnd 0000000000000000
contain status NoNewPrivs 1
contain status Seccomp 2
contain file 41777 40 /tmp
contain file 100644 3 /a name with blanks
contain mount tmpfs rw,nosuid /
words of somebody else's
contain running
contain started
"""


def test_each_line_of_a_report_is_a_fact() -> None:
    facts = container_facts.parse(REPORT, host="this host")
    assert facts is not None
    assert facts.cgroup == "/sys/fs/cgroup/unilab-7" and facts.user_outside == 100000
    assert facts.processes == (ContainedProcess("init", 4711, 1), ContainedProcess("program", 4712, 2))
    assert facts.limits == (
        Limit("memory.max", 67108864),
        Limit("RLIMIT_NPROC", 256),
        Limit("pids.max", None, "this host does not hand the pids controller down to us"),
    )
    assert facts.namespaces == (Namespace("user", 4026532177, 4026531837), Namespace("time", 4026531834, 4026531834))
    assert [namespace.own for namespace in facts.namespaces] == [True, False]
    assert (facts.capabilities, facts.no_new_privileges, facts.seccomp) == (0x401, True, "filter")
    assert facts.files == (RootFile("/a name with blanks", "-rw-r--r--", 3), RootFile("/tmp", "drwxrwxrwt", 40))
    assert facts.mounts == (Mount("/", "tmpfs", "rw,nosuid"),)
    assert repr(facts).splitlines() == [
        "a container on this host",
        "  user 0 inside is user 100000 outside",
        "  process 1 inside is process 4711 outside: init",
        "  process 2 inside is process 4712 outside: program",
        "  user   namespace (users and capabilities): 4026532177, outside 4026531837",
        "  time   namespace (clocks since boot): the host's",
        "  control group: /sys/fs/cgroup/unilab-7",
        "  memory.max: 67,108,864",
        "  RLIMIT_NPROC: 256",
        "  pids.max: no, this host does not hand the pids controller down to us",
        "  capabilities: 2 held; privileges cannot be gained; seccomp: filter",
        "  root file system: 2 files and folders, 1 mounts",
    ]


def test_a_group_that_nobody_may_be_moved_into_is_none() -> None:
    facts = container_facts.parse(REPORT + "contain denied cgroup not to be moved\n", host="this host")
    assert facts is not None and facts.cgroup == ""


@given(st.integers(0, REPORT.index("contain running") + len("contain runnin")))
def test_a_report_that_is_not_complete_is_no_facts(length: int) -> None:
    assert container_facts.parse(REPORT[:length], host="this host") is None


def test_failures_and_single_words_are_found() -> None:
    assert container_facts.failure(REPORT) == ""
    assert container_facts.failure("contain failed making namespaces: No\r\n") == "making namespaces: No"
    assert container_facts.says(REPORT, "started") and not container_facts.says(REPORT, "out-of-memory")
