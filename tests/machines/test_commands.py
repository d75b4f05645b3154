"""The commands as people type them, each a process of its own."""

from __future__ import annotations

import dataclasses
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from unilab.cli.lab import command, environment
from unilab.machines import Result
from unilab.toolchain import libos

_HELLO = Path(__file__).resolve().parents[2] / "notebooks/programs/hello.c"

_COURSE = [sys.executable, "-m", "unilab"]

_ECHO = """
#include <stdio.h>
int main(void)
{
    char line[80];
    setvbuf(stdout, 0, _IONBF, 0);
    while (fgets(line, sizeof line, stdin))
        printf("got %s", line);
    printf("end\\n");
    return 7;
}
"""

_LOOP = """
#include <stdio.h>
int main(void)
{
    puts("looping");
    for (;;)
        ;
}
"""

_NULL = "int main(void) { volatile int *p = 0; return *p; }\n"

_CHATTER = '#include <stdio.h>\nint main(void) { for (;;) puts("on and on"); }\n'


def _boot(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    line = [*_COURSE, "boot", *map(str, words)]
    return subprocess.run(line, input=stdin, capture_output=True, text=True, timeout=120, check=False)


def _program(folder: Path, text: str) -> Path:
    path = folder / "program.c"
    path.write_text(text)
    return path


@pytest.mark.parametrize("architecture", ["unikernel", "process", "container"])
def test_boot_shows_the_console_and_one_line_about_the_run(architecture: str) -> None:
    ended = _boot(_HELLO, "--on", architecture, "--", "you there")
    assert (ended.returncode, ended.stdout) == (0, "hello, you there\n")
    assert f"as a {architecture}" in ended.stderr.splitlines()[-1]
    assert "with status 0" in ended.stderr


@pytest.mark.parametrize("machine", ["microvm", "q35", "pc"])
def test_boot_json_is_one_object(machine: str) -> None:
    ended = _boot(_HELLO, "--machine", machine, "--json")
    run = json.loads(ended.stdout)
    # What is kept of a crash is for `explain`, not for JSON.
    assert list(run) == [field.name for field in dataclasses.fields(Result) if field.name != "crash"]
    assert (run["machine"], run["console"], run["exit_status"]) == (machine, "hello, world\n", 0)


@pytest.mark.parametrize("architecture", ["unikernel", "process", "container"])
def test_boot_passes_on_input_and_exit_status(tmp_path: Path, architecture: str) -> None:
    ended = _boot(_program(tmp_path, _ECHO), "--on", architecture, stdin="one\ntwo\n")
    assert (ended.returncode, ended.stdout) == (7, "got one\ngot two\nend\n")


def test_control_d_in_the_input_ends_it(tmp_path: Path) -> None:
    ended = _boot(_program(tmp_path, _ECHO), stdin="one\n\x04two\n")
    assert ended.stdout == "got one\nend\n"


def test_boot_with_devices(tmp_path: Path) -> None:
    disk, initrd = tmp_path / "a disk, raw", tmp_path / "initrd"
    disk.write_bytes(bytes(65536))
    initrd.write_text("something")
    ended = _boot(
        _program(tmp_path, _ECHO),
        *["--disk", disk, "--initrd", initrd, "--forward", "0:80", "--forward", "0:53/udp", "--entropy"],
        stdin="one\n",
    )
    assert (ended.returncode, ended.stdout) == (7, "got one\nend\n"), ended.stderr


@pytest.mark.parametrize("architecture", ["unikernel", "process", "container"])
def test_boot_with_files(architecture: str, tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "text").write_text("found")
    shows = Path(__file__).parent / "programs" / "shows.c"
    ended = _boot(shows, "--on", architecture, "--files", folder, "--", "a folder/deeper/text")
    assert ended.stdout.startswith("a folder/deeper/text: found\n"), ended.stderr


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def test_boot_says_which_ports_it_forwards(tmp_path: Path) -> None:
    line = [*_COURSE, "boot", str(_program(tmp_path, _ECHO)), "--forward", "0:80"]
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        assert re.fullmatch(r"tcp port 80 of the guest is 127\.0\.0\.1:[1-9]\d*\n", running.stderr.readline())
        # A server goes on for a day: processor time is limited to twice the deadline.
        (qemu,) = {child for task in _tasks(running.pid) for child in (task / "children").read_text().split()}
        limit = re.search(r"Max cpu time +(\d+)", Path(f"/proc/{qemu}/limits").read_text())
        assert limit is not None
        assert int(limit[1]) > 86_400
        running.stdin.close()
        assert running.wait(60) == 7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--forward", "http:80"], "'http:80' forwards no port"),
        (["--disk", "missing.img"], "the disk missing.img cannot be read"),
        (["--initrd", "missing.cpio"], "the initrd missing.cpio cannot be read"),
        (["--network", "--on", "process"], "a process has the files, the network"),
    ],
)
def test_boot_with_devices_that_cannot_be(words: list[str], message: str) -> None:
    ended = _boot(_HELLO, *words)
    assert ended.returncode == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_boot_of_a_panic_is_status_255(tmp_path: Path) -> None:
    ended = _boot(_program(tmp_path, _NULL))
    assert ended.returncode == 255
    assert "null pointer" in ended.stdout
    assert "Traceback" not in ended.stderr


def test_boot_traces_calls() -> None:
    ended = _boot(_HELLO, "--trace")
    assert ended.returncode == 0
    assert "hello, world\nlibos: writev = 13\nlibos: exit_group(0)\n" in ended.stdout


@pytest.mark.parametrize("option", ["--trace", "--gdb"])
def test_boot_debugs_unikernels_only(option: str) -> None:
    ended = _boot(_HELLO, "--on", "process", option)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "unikernel" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_boot_past_its_deadline(tmp_path: Path) -> None:
    ended = _boot(_program(tmp_path, _LOOP), "--deadline", "1", "--json")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "still running after 1 seconds" in ended.stderr
    assert "    looping" in ended.stderr  # the last console lines
    assert "Traceback" not in ended.stderr


def test_boot_without_qemu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    ended = _boot(_HELLO, "--json")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "QEMU is missing" in ended.stderr


def test_ctrl_c_ends_the_machine(tmp_path: Path) -> None:
    line = [*_COURSE, "boot", str(_program(tmp_path, _LOOP))]
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "looping\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130


@pytest.mark.parametrize("architecture", ["unikernel", "process", "container"])
def test_a_reader_that_goes_away_ends_the_machine(tmp_path: Path, architecture: str) -> None:
    line = [*_COURSE, "boot", str(_program(tmp_path, _CHATTER)), "--on", architecture]
    with subprocess.Popen(
        line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.wait(20) == 141
        assert "Traceback" not in running.stderr.read()


def test_at_a_terminal_one_can_talk_with_the_program(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    line = [*_COURSE, "boot", str(_program(tmp_path, _ECHO))]
    # A session of its own, with the terminal as its controlling one: as a shell would have it.
    with subprocess.Popen(["setsid", "--ctty", "--wait", *line], stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        os.write(ours, b"hello\n")
        seen = _read_until(ours, "got hello")
        os.write(ours, b"\x04")
        seen += _read_until(ours, "with status 7")
        assert running.wait(20) == 7
    os.close(ours)
    assert "end" in seen


def test_lab_serves_the_notebook_without_announcements(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    notebook = tmp_path / "notebooks" / "00-first.ipynb"
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    line = command(tmp_path, notebook, no_browser=True, port=None)
    with subprocess.Popen(
        line, env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        try:
            lines = iter(server.stderr.readline, "")
            address = next(found[0] for found in map(re.compile(r"http://127\.0\.0\.1\S+").search, lines) if found)
            assert "/lab/tree/notebooks/00-first.ipynb?token=" in address
            assert "@jupyterlab/apputils-extension:announcements" in _page(address)
        finally:
            server.terminate()
        assert server.wait(20) == 0


def _page(address: str) -> str:
    until = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(address, timeout=20) as page:
                return page.read().decode()
        except urllib.error.URLError:  # the server prints its address before it listens
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _read_until(fd: int, text: str) -> str:
    seen = ""
    until = time.monotonic() + 60
    while text not in seen:
        ready, _, _ = select.select([fd], [], [], until - time.monotonic())
        assert ready, f"{text!r} did not come; what came: {seen!r}"
        seen += os.read(fd, 4096).decode(errors="replace")
    return seen


def test_an_overlay_goes_in_front_of_the_library_os(tmp_path: Path) -> None:
    program = tmp_path / "asks.c"
    program.write_text("#include <unistd.h>\nint main(void)\n{\n    return getpid();\n}\n")
    mine = tmp_path / "mine" / "posix" / "identity.c"
    mine.parent.mkdir(parents=True)
    mine.write_text((libos.tree() / "posix/identity.c").read_text().replace("PROCESS_ID = 1", "PROCESS_ID = 42"))
    ran = _boot("--overlay", tmp_path / "mine", program)
    assert ran.returncode == 42, ran.stderr
    ran = _boot("--overlay", tmp_path, program)
    assert ran.returncode == 1
    assert "is in no folder of libos/" in ran.stderr


def test_a_triple_fault_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    boot = tmp_path / "mine" / "arch" / "x86_64" / "boot.S"
    boot.parent.mkdir(parents=True)
    text = (libos.tree() / "arch/x86_64/boot.S").read_text()
    boot.write_text(text.replace("PDE_LARGE_PAGE 0x83", "PDE_LARGE_PAGE 0x82"))
    ran = _boot("--overlay", tmp_path / "mine", _HELLO)
    assert ran.returncode == 1
    assert "a triple fault" in ran.stderr and "Traceback" not in ran.stderr


# ---- bench ---------------------------------------------------------------------------


def _bench(*words: str, qemu: str | None = None) -> subprocess.Popen[str]:
    variables = dict(os.environ) if qemu is None else {**os.environ, "UNILAB_QEMU": qemu}
    line = [*_COURSE, "bench", *words]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables)


def test_bench_tells_each_figure_and_then_all() -> None:
    with _bench("--only", "image") as ran:
        table, said = ran.communicate(timeout=120)
    assert ran.returncode == 0, said
    assert [row.split()[0] for row in table.splitlines()[1:]] == [
        "image.hello.bytes",
        "image.hello.syscall_instructions",
        "image.httpd.bytes",
    ]
    assert [text.split()[0] for text in said.splitlines()] == [
        "measuring",
        "image.hello.bytes:",
        "image.hello.syscall_instructions:",
        "measuring",
        "image.httpd.bytes:",
    ]
    assert "  image.hello.syscall_instructions: 0 instructions (at most 0: met)\n" in said


@pytest.mark.parametrize("as_json", [False, True])
def test_bench_goes_on_after_a_measurement_that_fails(as_json: bool) -> None:
    """Without QEMU: the web server's figures cannot be measured; the small hypervisor's, which come last, can."""
    with _bench("--only", "h", *(["--json"] if as_json else []), qemu="/there-is-none") as ran:
        table, said = ran.communicate(timeout=120)
    assert ran.returncode == 1
    failed = ["http.first_response", "http.idle", "http.kept", "http.new", "http.endurance"]
    for name in failed:
        # When it happens, and again at the end, below a long table.
        assert len(re.findall(rf"^{re.escape(name)} failed: \S+", said, re.MULTILINE)) == 2
    assert "QEMU is missing" in said
    if as_json:
        report = json.loads(table)
        assert [each["measurement"] for each in report["failures"]] == failed
        names = [figure["name"] for figure in report["figures"]]
    else:
        names = [row.split()[0] for row in table.splitlines()[1:]]
    assert any(name.startswith("hypervisor.port") for name in names)


def test_bench_that_is_interrupted_keeps_what_it_has_measured() -> None:
    with _bench("--only", "spaces") as ran:
        assert ran.stderr is not None
        for text in ran.stderr:
            if text.startswith("measuring spaces.linux"):
                break
        ran.send_signal(signal.SIGINT)
        table, said = ran.communicate(timeout=120)
    assert ran.returncode == 130, said
    assert [row.split()[0] for row in table.splitlines()] == ["figure", "spaces.unikernel.ms"]
    assert "Traceback" not in said
