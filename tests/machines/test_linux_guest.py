"""A Linux guest: the same program, the same kind of result, and every end of it told apart."""

from __future__ import annotations

import http.client
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import CourseError, DeadlineExceeded, GuestHangs, MachineError, Unavailable
from unilab.machines import EXIT, End, Outcome, State, UserNetwork, linux_guest
from unilab.machines.linux_guest import LinuxGuest
from unilab.machines.reports import Patience
from unilab.spaces.model import Source
from unilab.toolchain import Image, linux
from unilab.toolchain.symbols import SymbolTable

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="a Linux guest's kernel comes through apt-get")

_PROGRAMS = Path(__file__).resolve().parents[2] / "notebooks" / "programs"


LONG = 120.0
Program = Callable[..., Image]


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
    ran = [("process", "q35"), ("unikernel", "q35"), ("linux", "q35"), ("linux", "microvm")]
    results = [machines.run(program, on, machine=machine, **options) for on, machine in ran]
    assert {(result.console, result.exit_status) for result in results} == {
        ('[a b][][c"]\nx=y\ngot one\ngot two\nend\n', 7)
    }
    assert [result.architecture for result in results] == [on for on, _ in ran]


def test_a_signal_ends_it(tmp_path: Path) -> None:
    program = _program(tmp_path, "#include <stdlib.h>\nint main(void) { abort(); }")
    with pytest.raises(MachineError, match="ended by signal 6"):
        machines.run(program, "linux", machine="pc")


def test_one_that_never_ends_is_ended(tmp_path: Path) -> None:
    program = _program(tmp_path, "int main(void) { for (volatile int i = 0;; i++) ; }")
    with pytest.raises(DeadlineExceeded):
        machines.run(program, "linux", machine="q35", deadline=5)


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_it_serves_over_the_network(machine: str) -> None:
    listening = threading.Event()
    with machines.start(
        _PROGRAMS / "httpd.c",
        "linux",
        args=["80", "/"],
        machine=machine,
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
        ({"machine": "q35", "memory": 16}, "too little for Linux"),
        ({"machine": "q35", "initrd": "tree.cpio"}, "an initrd of its own"),
        ({"machine": "q35", "disks": ["no-disk.img"]}, "no-disk.img cannot be read"),
        ({"files": {"bin/busybox": "mine"}}, "has an bin/busybox of its own"),
        ({"files": {"etc/wait": "mine"}}, "has an etc/wait of its own"),
        ({"network": UserNetwork(), "env": {"NET": "10.0.0.2"}}, "is no address of a network"),
        ({"network": UserNetwork(), "env": {"NET": "10.0.0.2/77,10.0.0.1"}}, "is no address of a network"),
        ({"kernel_options": ["quiet panic=1"]}, "no word for the kernel's command line"),
        ({"stop_at": "nowhere"}, "has no function 'nowhere'"),
    ],
)
def test_what_it_cannot_have(options: dict[str, object], message: str) -> None:
    with pytest.raises(CourseError, match=message):
        machines.start(_PROGRAMS / "hello.c", "linux", **options)


@pytest.mark.parametrize(
    ("machine", "place", "said"), [("microvm", "second", "first\n"), ("q35", EXIT, "first\nsecond\n")]
)
def test_it_is_paused_at_a_place_and_runs_on(machine: str, place: str, said: str, program: Program) -> None:
    image = program("stations", "linux")
    with machines.start(image, machine=machine, stop_at=place) as guest:
        assert isinstance(guest, LinuxGuest)
        assert guest.state is State.PAUSED
        assert guest.console.wait_for(said, LONG)
        assert guest.console.text == said
        registers = guest.registers()
        if place == EXIT:
            assert (registers.rip, registers.privilege_level) == (guest.kernel().symbol("do_exit"), 0)
        else:
            assert (registers.rip, registers.privilege_level) == (SymbolTable(image.debug).address(place), 3)
        assert guest.kernel().current().name == "stations"
        with pytest.raises(MachineError, match="paused"):
            guest.file("/proc/1/maps")
        guest.resume()
        assert guest.wait() == Outcome(End.EXIT, 3)
        assert guest.console.text == "first\nsecond\n"


def test_a_program_of_several_threads_ends_with_the_last(tmp_path: Path) -> None:
    """The first thread's end is not the program's."""
    program = _program(
        tmp_path,
        """
        #include <pthread.h>
        #include <stdio.h>
        #include <unistd.h>
        static void *other(void *unused)
        {
            (void)unused;
            usleep(200000);
            puts("other");
            fflush(stdout);
            return NULL;
        }
        int main(void)
        {
            pthread_t thread;
            pthread_create(&thread, NULL, other, NULL);
            pthread_exit(NULL);
        }
        """,
    )
    with machines.start(program, "linux", stop_at=EXIT) as guest:
        assert guest.console.wait_for("other\n", LONG)


def test_it_is_observed(program: Program) -> None:
    seen = machines.observe(program("hello", "linux"), stop_at="main", kernel_options=["pti=on"])
    assert seen.console == "hello, world\n"
    assert (seen.source, seen.result.architecture) == (Source.LIVE, "linux")
    assert [space.name.split(",")[0] for space in seen.spaces] == [
        "hello in a Linux guest",
        "hello in a Linux guest",
        "init",
        "init",
        "the kernel of the Linux guest by itself",
    ]


def test_one_can_look_around_inside(program: Program) -> None:
    if not linux.shell():
        pytest.skip("there is no busybox to be had here")
    with machines.start(program("endless", "linux"), machine="microvm", deadline=LONG) as guest:
        assert isinstance(guest, LinuxGuest)
        assert guest.console.wait_for("running\n", LONG)
        assert "endless" in guest.shell("ps")
        assert guest.shell("echo one; echo two >&2; exit 3") == "one\ntwo\n"
        assert guest.shell("true") == ""
        # Two tables of one process, one by way of the kernel inside, one by its memory from outside.
        inside = {
            int(pid) for pid in guest.shell("cd /proc; for p in [0-9]*; do grep -q . $p/maps && echo $p; done").split()
        }
        guest.pause()
        outside = {task.pid for task in guest.kernel().tasks() if task.table is not None}
        assert outside <= inside
        assert len(outside) == 2
        guest.resume()
        # What a command prints is passed on whole, whatever it is.
        assert guest.file("/init") == linux_guest.first_process().path.read_bytes()
        with pytest.raises(MachineError, match="No such file"):
            guest.file("/nowhere")
        with pytest.raises(CourseError, match="one line"):
            guest.shell("echo 1\necho 2")


def test_a_hang_is_noticed_and_said(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a clock to count by, Linux waits for ever for the first tick."""
    monkeypatch.setattr(linux_guest, "BOOT_PATIENCE", Patience(cpu=5, wall=LONG))
    monkeypatch.setattr(linux_guest.tsc, "rate", lambda: None)
    monkeypatch.setattr(LinuxGuest, "_machine_options", ",acpi=on,pit=off")
    with pytest.raises(GuestHangs, match="Linux hangs while it boots") as caught:
        machines.start(program("hello", "linux"), machine="microvm", deadline=600)
    assert caught.value.exit_code is None


def test_without_a_known_counter_and_busybox_there_are_neither_devices_nor_a_shell(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linux_guest.tsc, "rate", lambda: None)
    monkeypatch.setattr(linux, "shell", dict)
    with machines.start(program("endless", "linux"), machine="microvm", deadline=LONG) as guest:
        assert isinstance(guest, LinuxGuest)
        assert guest.console.wait_for("running\n", LONG)
        with pytest.raises(Unavailable, match="no shell"):
            guest.shell("ps")
        assert guest.file("/proc/1/comm") == b"init\n"
    with pytest.raises(Unavailable, match="Linux finds no devices on microvm here"):
        machines.start(program("hello", "linux"), machine="microvm", network=machines.UserNetwork())


def test_kernel_options_are_for_linux(program: Program) -> None:
    with pytest.raises(CourseError, match="for a Linux guest's kernel"):
        machines.start(program("hello"), kernel_options=["pti=on"])


@pytest.mark.skipif(not os.environ.get("UNILAB_SOAK"), reason="downloads 86 MB; set UNILAB_SOAK=1")
@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_the_kernel_of_hosts_without_apt_get_does_the_same(
    machine: str, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNILAB_LINUX", "alpine")
    with machines.start(
        program("endless", "linux"), machine=machine, network=machines.UserNetwork(), deadline=LONG
    ) as guest:
        assert isinstance(guest, LinuxGuest)
        assert guest.console.wait_for("running\n", LONG)
        assert "virt" in guest.shell("uname -r")
        assert "eth0" in guest.shell("ls /sys/class/net")
        spaces = guest.address_spaces()
        assert [space.name.split(",")[0] for space in spaces[:2]] == ["endless in a Linux guest", "init"]
        assert {"kernel text", "direct map of all memory"} <= {region.label for region in spaces[-1].regions}
