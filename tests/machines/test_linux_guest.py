"""A Linux guest: the same program, the same kind of result, and every end of it told apart."""

from __future__ import annotations

import http.client
import shutil
import threading
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import CourseError, DeadlineExceeded, MachineError

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="a Linux guest's kernel comes through apt-get")

_PROGRAMS = Path(__file__).resolve().parents[2] / "notebooks" / "programs"


def _program(folder: Path, body: str) -> Path:
    file = folder / "program.c"
    file.write_text(body)
    return file


def test_the_same_program_prints_the_same(tmp_path: Path) -> None:
    program = _program(
        tmp_path,
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
        """,
    )
    options = {"args": ["a b", "", 'c"'], "env": {"WORD": "x=y"}, "input": "one\ntwo\n"}
    results = [machines.run(program, on, machine="q35", **options) for on in ("process", "unikernel", "linux")]
    assert {(result.console, result.exit_status) for result in results} == {
        ('[a b][][c"]\nx=y\ngot one\ngot two\nend\n', 7)
    }
    assert [result.architecture for result in results] == ["process", "unikernel", "linux"]


def test_a_signal_ends_it(tmp_path: Path) -> None:
    program = _program(tmp_path, "#include <stdlib.h>\nint main(void) { abort(); }")
    with pytest.raises(MachineError, match="ended by signal 6"):
        machines.run(program, "linux", machine="pc")


def test_one_that_never_ends_is_ended(tmp_path: Path) -> None:
    program = _program(tmp_path, "int main(void) { for (volatile int i = 0;; i++) ; }")
    with pytest.raises(DeadlineExceeded):
        machines.run(program, "linux", machine="q35", deadline=5)


def test_it_serves_over_the_network() -> None:
    listening = threading.Event()
    with machines.start(
        _PROGRAMS / "httpd.c",
        "linux",
        args=["80", "/"],
        machine="q35",
        network=machines.UserNetwork((machines.Forward(0, 80),)),
        on_output=lambda text: listening.set(),
    ) as running:
        assert listening.wait(60)
        connection = http.client.HTTPConnection("127.0.0.1", running.host_port(80), timeout=60)
        connection.request("GET", "/status")
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"machine": "microvm"}, "Linux finds no devices on microvm"),
        ({"machine": "q35", "memory": 16}, "too little for Linux"),
        ({"machine": "q35", "disks": ["disk.img"]}, "neither disks nor an initrd"),
    ],
)
def test_what_it_cannot_have(options: dict[str, object], message: str) -> None:
    with pytest.raises(CourseError, match=message):
        machines.start(_PROGRAMS / "hello.c", "linux", **options)
