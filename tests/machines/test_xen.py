"""The first domain of Xen: the same program, the same kind of result, and every end of it told apart."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.machines.conftest import LONG, BuildProgram
from unilab import machines, toolchain
from unilab.errors import CourseError, DeadlineExceeded, GuestPanic, LayoutError, MachineError
from unilab.machines.result import End
from unilab.machines.xen_guest import XenGuest
from unilab.toolchain import Image

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="Xen comes through apt-get")

_HERE = Path(__file__).parent
_PROGRAMS = _HERE.parents[1] / "notebooks" / "programs"


def _start(image: Image, **options: object) -> XenGuest:
    running = machines.start(image, deadline=LONG, **options)  # type: ignore[arg-type]
    assert isinstance(running, XenGuest)
    return running


def test_the_same_program_prints_the_same(tmp_path: Path) -> None:
    program = tmp_path / "program.c"
    program.write_text(
        """
        #include <stdio.h>
        #include <stdlib.h>
        int main(int argc, char **argv)
        {
            char line[80];
            for (int i = 1; i < argc; i++)
                printf("[%s]", argv[i]);
            printf("\\n%s\\n", getenv("WORD"));
            while (fgets(line, sizeof line, stdin))
                printf("got %s", line);
            puts("end");
            return 7;
        }
        """
    )
    options = {"args": ["a b", "", 'c",,d', "--"], "env": {"WORD": "x=y"}, "input": "one\ntwo\n"}
    results = [machines.run(program, on, deadline=LONG, **options) for on in ("process", "xen")]
    assert {(result.console, result.exit_status) for result in results} == {
        ('[a b][][c",,d][--]\nx=y\ngot one\ngot two\nend\n', 7)
    }
    assert (results[1].architecture, results[1].machine) == ("xen", "pc")


def test_the_object_file_is_the_unikernels(program: BuildProgram) -> None:
    assert program("hello", "xen").object.read_bytes() == program("hello").object.read_bytes()


def test_xen_tells_its_own_story_elsewhere(program: BuildProgram) -> None:
    with _start(program("hello", "xen"), machine="q35") as running:
        assert running.wait().exit_status == 0
        assert running.console.text == "hello, world\n"
    # After the machine's end too.
    assert running.hypervisor_log.startswith("(XEN) Xen version")
    assert "Building a PV Dom0" in running.hypervisor_log


def test_a_panic_names_functions(program: BuildProgram) -> None:
    with _start(program("null_dereference", "xen")) as running:
        with pytest.raises(GuestPanic, match=r"page fault: reading 0x0+ \(null pointer\)"):
            running.wait()
        assert running.wait(check=False).end is End.PANIC
        assert "main+" in running.console.text
        assert "  rip    0x" in running.console.text


def test_a_signal_ends_it(program: BuildProgram) -> None:
    with pytest.raises(MachineError, match="ended by signal 6"):
        machines.run(program("abort", "xen"), deadline=LONG)


def test_one_that_never_ends_is_ended(program: BuildProgram) -> None:
    with pytest.raises(DeadlineExceeded):
        machines.run(program("endless", "xen"), deadline=3)


def test_qemu_killed_in_the_middle(program: BuildProgram) -> None:
    with _start(program("endless", "xen"), stop_at="main") as running:
        running.resume()
        os.kill(running.pid, signal.SIGKILL)
        with pytest.raises(MachineError, match="QEMU was ended by SIGKILL"):
            running.wait()


@pytest.mark.skipif("UNILAB_SOAK" not in os.environ, reason="Xen waits for five seconds before it resets the machine")
def test_a_domain_that_xen_ends() -> None:
    image = toolchain.build(_HERE / "programs" / "crashes_domain.c", "xen", cflags=toolchain.inside("xen"))
    with (
        _start(image) as running,
        pytest.raises(MachineError, match=r"Xen has ended the domain at main\+(?s:.*)Domain 0 .*crashed"),
    ):
        running.wait()


def test_it_cannot_be_reset(program: BuildProgram) -> None:
    with _start(program("hello", "xen"), stop_at="main") as running:
        with pytest.raises(MachineError, match="cannot be reset"):
            running.reset()
        running.resume()
        assert running.wait().exit_status == 0


def test_there_is_no_space_before_the_domain(program: BuildProgram) -> None:
    with _start(program("endless", "xen")) as running, pytest.raises(LayoutError, match="no domain yet"):
        running.address_space()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"machine": "microvm"}, "Xen does not boot on microvm"),
        ({"memory": 3}, "too little for a domain of Xen"),
        ({"entropy": True}, "no files, disks or network"),
        ({"files": {"a": "b"}}, "no files, disks or network"),
        ({"args": ["x" * 1100]}, "arguments and environment take 1113 bytes"),
        ({"disks": ["disk.img"]}, "no devices here yet"),
        ({"stop_at": "no_such_function"}, "has no function 'no_such_function'"),
    ],
)
def test_what_it_cannot_have(options: dict[str, object], message: str) -> None:
    with pytest.raises(CourseError, match=message):
        machines.start(_PROGRAMS / "hello.c", "xen", **options)  # type: ignore[arg-type]
