"""What people get wrong, and what goes wrong on its own: each ends in one clear error, or in what it should."""

from __future__ import annotations

import dataclasses
import os
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import (
    CompileError,
    CourseError,
    DeadlineExceeded,
    GuestPanic,
    MachineError,
    ProgramNotFound,
    QemuMissing,
    StartFailed,
)
from unilab.machines.run import MOST_MEMORY
from unilab.toolchain import Image, build, cache, prepare

each_architecture = pytest.mark.parametrize("on", ["unikernel", "process", "container"])
Program = Callable[..., Image]


@each_architecture
def test_a_file_that_is_missing(on: str, tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFound, match=r"there is no file .*missing\.c") as caught:
        machines.run(tmp_path / "missing.c", on)
    assert caught.value.remedy is not None


@each_architecture
def test_a_syntax_error(on: str, tmp_path: Path) -> None:
    program = tmp_path / "wrong.c"
    program.write_text("#include <stdio.h>\n\nint main(void)\n{\n    puts('hello);\n}\n")
    with pytest.raises(CompileError) as caught:
        machines.run(program, on)
    shown = "\n".join(caught.value._render_traceback_())
    assert "wrong.c:5:10: error: expected expression" in shown
    assert "    puts('hello);" in shown
    assert str(cache.root()) not in shown
    assert "Traceback" not in shown


@each_architecture
def test_a_program_that_never_ends(on: str, program: Program) -> None:
    with pytest.raises(DeadlineExceeded, match=r"endless\.c was still running after 2 seconds") as caught:
        machines.run(program("endless", on), deadline=2)
    error = caught.value
    assert error.command
    assert error.exit_code == -9
    assert error.console == "running\n"
    assert str(error).splitlines()[1].startswith("  command: ")
    assert "  exit code: -9" in str(error)
    assert "    running" in str(error)
    assert error.remedy is not None


def test_a_null_pointer_in_a_unikernel(program: Program) -> None:
    with pytest.raises(
        GuestPanic, match=r"null_dereference\.c crashed: page fault: reading 0x0{16} \(null pointer\)"
    ) as caught:
        machines.run(program("null_dereference"))
    assert re.search(r"#0 0x[0-9a-f]{16} main\+0x[0-9a-f]+ \(null_dereference\.c:10\)", str(caught.value))
    assert caught.value.console.startswith("before\n\nlibos: panic: ")


def test_a_null_pointer_in_a_process(program: Program) -> None:
    with pytest.raises(MachineError, match=r"null_dereference\.c was ended by signal 11") as caught:
        machines.run(program("null_dereference", "process"))
    assert caught.value.console == "before\n"


def test_a_stack_overflow_in_a_unikernel(program: Program) -> None:
    with pytest.raises(GuestPanic, match=r"stack overflow: the main stack is used up") as caught:
        machines.run(program("stack_overflow"))
    assert re.search(r"#0 0x[0-9a-f]{16} deeper\+0x[0-9a-f]+ \(stack_overflow\.c:\d+\)", caught.value.console)


def test_a_stack_overflow_in_a_process(program: Program) -> None:
    with pytest.raises(MachineError, match=r"stack_overflow\.c was ended by signal 11"):
        machines.run(program("stack_overflow", "process"))


def test_an_abort_in_either(program: Program) -> None:
    for on in ("unikernel", "process"):
        with pytest.raises(MachineError, match=r"abort\.c was ended by signal 6"):
            machines.run(program("abort", on))
        result = machines.run(program("abort", on), check=False)
        assert result.exit_status == 128 + 6
        assert result.console.startswith("before\n")


@pytest.mark.parametrize("status", [255, 134])
def test_a_program_that_pretends_to_have_crashed_has_not(status: int, program: Program) -> None:
    assert machines.run(program("pretends"), args=[str(status)]).exit_status == status


def test_an_exception_that_nothing_can_handle(program: Program) -> None:
    with pytest.raises(MachineError, match=r"the guest reset the processor.*triple fault"):
        machines.run(program("triple_fault"))
    with pytest.raises(MachineError, match=r"ended by signal 11"):  # a process may not touch the table at all
        machines.run(program("triple_fault", "process"))


@each_architecture
@pytest.mark.parametrize("status", [0, 1, 7, 126, 127, 128, 134, 255])
def test_an_exit_status_is_given_back_and_is_no_error(on: str, status: int, program: Program) -> None:
    assert machines.run(program("exit_status", on), args=[str(status)]).exit_status == status


@each_architecture
def test_ten_million_bytes_are_printed_whole_and_uncut(on: str, program: Program) -> None:
    heard: list[str] = []
    result = machines.run(program("much_output", on), deadline=120, on_output=heard.append)
    expected = "".join(f"{line:08d} {0:090d}\n" for line in range(100_000))
    assert len(expected) == 10_000_000
    # Compared by hand: on a difference, a picture of ten million characters helps nobody.
    assert (result.console == expected, "".join(heard) == expected) == (True, True)


def test_one_mib_of_memory(program: Program) -> None:
    with pytest.raises(CourseError, match=r"1 MiB of memory are too little for hello\.elf.*needs 2 MiB") as caught:
        machines.run(program("hello"), memory=1)
    assert caught.value.remedy == "give it memory of 2 MiB or more"
    assert machines.run(program("hello"), memory=2).console == "hello, world\n"
    assert machines.run(program("hello", "process"), memory=1).console == "hello, world\n"


@pytest.mark.parametrize("machine", ["microvm", "q35", "pc"])
def test_the_most_memory_that_a_machine_may_have(machine: str, program: Program) -> None:
    with machines.start(program("hello"), memory=MOST_MEMORY, machine=machine, stop_at="exit") as running:
        assert running.memory((MOST_MEMORY << 20) - 8, 8) == bytes(8)  # type: ignore[attr-defined]
        assert running.address_space().regions


@each_architecture
@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"memory": 0}, "0 MiB is no amount of memory"),
        ({"memory": -5}, "-5 MiB is no amount of memory"),
        ({"memory": MOST_MEMORY + 1}, "2049 MiB is no amount of memory"),
        ({"memory": 1 << 40}, "MiB is no amount of memory"),
        ({"deadline": 0}, "cannot run for 0 seconds"),
        ({"deadline": -1}, "cannot run for -1 seconds"),
        ({"deadline": float("inf")}, "cannot run for inf seconds"),
        ({"deadline": float("nan")}, "cannot run for nan seconds"),
        ({"machine": "vax"}, "there is no machine 'vax'"),
        ({"args": ["a\0b"]}, "an argument has a NUL in it"),
        ({"env": {"A=B": "C"}}, "'A=B' cannot be the name of a variable"),
        ({"env": {"": "C"}}, "'' cannot be the name of a variable"),
        ({"stop_at": "no_such_function"}, "has no function 'no_such_function' to stop at"),
    ],
)
def test_an_option_that_makes_no_sense(on: str, option: dict[str, object], message: str, program: Program) -> None:
    with pytest.raises(CourseError, match=re.escape(message)) as caught:
        machines.start(program("hello", on), **option)  # type: ignore[arg-type]
    assert caught.value.remedy is not None


def test_an_accelerator_that_is_none(program: Program) -> None:
    with pytest.raises(CourseError, match="there is no accelerator 'warp'"):
        machines.run(program("hello"), accelerator="warp")


def _truncated(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def _zeros(whole: bytes) -> bytes:
    return bytes(len(whole))


def _random(whole: bytes) -> bytes:
    return random.Random(1).randbytes(len(whole))


def _script(whole: bytes) -> bytes:
    return b"echo this must never run\n" + whole


@each_architecture
@pytest.mark.parametrize("damage", [_truncated, _zeros, _random, _script, lambda whole: b""])
def test_an_image_that_is_none(on: str, damage: Callable[[bytes], bytes], program: Program, tmp_path: Path) -> None:
    image = program("hello", on)
    broken = tmp_path / "broken.elf"
    broken.write_bytes(damage(image.path.read_bytes()))
    broken.chmod(0o755)
    with pytest.raises(StartFailed, match=r"broken\.elf is no image that can run: it") as caught:
        machines.run(dataclasses.replace(image, path=broken))
    assert caught.value.remedy == "build it again with unilab.build"


@each_architecture
def test_an_image_whose_text_was_overwritten(on: str, program: Program, tmp_path: Path) -> None:
    image = program("hello", on)
    broken = tmp_path / "broken.elf"
    content = bytearray(image.path.read_bytes())
    half = len(content) // 2
    content[4096 : 4096 + half] = b"\xf4" * half  # hlt: a process may not, and a unikernel sleeps for ever
    broken.write_bytes(content)
    broken.chmod(0o755)
    with pytest.raises(MachineError) as caught:
        machines.run(dataclasses.replace(image, path=broken), deadline=1.5 if on == "unikernel" else 60)
    assert isinstance(caught.value, DeadlineExceeded) == (on == "unikernel")
    assert caught.value.command


def test_an_image_that_may_not_be_run_as_a_process(program: Program, tmp_path: Path) -> None:
    image = program("hello", "process")
    locked = tmp_path / "locked.elf"
    locked.write_bytes(image.path.read_bytes())
    locked.chmod(0o644)
    with pytest.raises(StartFailed, match=r"the host cannot run this image: .*ermission denied"):
        machines.run(dataclasses.replace(image, path=locked))


def test_no_qemu_on_path(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unikernel, process = program("hello"), program("hello", "process")
    for tool in ("sh", "setpriv"):
        found = next(path for path in map(Path, ("/bin", "/usr/bin")) if (path / tool).exists())
        (tmp_path / tool).symlink_to(found / tool)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("UNILAB_QEMU", raising=False)
    with pytest.raises(QemuMissing, match="QEMU is missing") as caught:
        machines.run(unikernel)
    assert caught.value.remedy is not None
    assert machines.run(process).console == "hello, world\n"  # which needs none


def _fake_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    script = tmp_path / "fake-qemu"
    script.write_text(f'#!/bin/sh\ncase "$*" in *--version*) echo QEMU emulator version 7.2.0; exit ;; esac\n{does}\n')
    script.chmod(0o755)
    monkeypatch.setenv("UNILAB_QEMU", str(script))


def test_a_qemu_that_will_not_start(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_qemu(tmp_path, monkeypatch, "echo fake-qemu: cannot set up guest memory >&2; exit 1")
    with pytest.raises(StartFailed, match=r"QEMU ended by itself\. fake-qemu: cannot set up guest memory") as caught:
        machines.run(program("hello"), accelerator="tcg")
    assert caught.value.exit_code == 1
    with pytest.raises(StartFailed, match="cannot set up guest memory"):
        machines.start(program("hello"), accelerator="tcg", stop_at="main")


def test_a_qemu_that_aborts_under_kvm(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        pytest.skip("needs a /dev/kvm, however broken")
    _fake_qemu(tmp_path, monkeypatch, "echo fake-qemu: error: failed to set MSR 0x10a >&2; kill -ABRT $$")
    with pytest.raises(MachineError, match=r"QEMU was ended by SIGABRT\. .*failed to set MSR 0x10a") as caught:
        machines.run(program("hello"), accelerator="kvm")
    assert caught.value.remedy == "run it with the accelerator tcg"


def test_a_qemu_that_takes_more_memory_than_it_may(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    greedy = f"exec {shlex.quote(sys.executable)} -c 'taken = bytearray(3 << 30)'"
    _fake_qemu(tmp_path, monkeypatch, greedy)
    with pytest.raises(StartFailed, match="MemoryError"):
        machines.run(program("hello"), accelerator="tcg")


def test_a_program_that_takes_all_the_memory(program: Program) -> None:
    for on, least in (("unikernel", 20), ("process", 20)):
        result = machines.run(program("hog", on), memory=32)
        got = int(result.console.removesuffix(" MiB\n"))
        assert least <= got < 32


_BUILDER = "import sys; from unilab import machines; print(machines.run(sys.argv[1], sys.argv[2]).console, end='')"


def test_two_builds_at_once(tmp_path: Path) -> None:
    prepare()
    own = tmp_path / "cache"
    own.mkdir()
    # The libraries are taken as they are: building those takes a minute, and a lock is a lock.
    for built in cache.root().iterdir():
        # A draft is what somebody else builds just now, or was killed while building.
        if not built.name.startswith(("program-", "image-")) and built.suffix != ".draft" and built.is_dir():
            (own / built.name).symlink_to(built)
    source = tmp_path / "both.c"
    source.write_text('#include <stdio.h>\nint main(void) { puts("built"); return 0; }\n')
    environment = os.environ | {"UNILAB_CACHE": str(own)}
    builders = [
        subprocess.Popen(
            [sys.executable, "-c", _BUILDER, str(source), on],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for on in ("unikernel", "unikernel", "process", "process")
    ]
    assert [builder.communicate() for builder in builders] == [(b"built\n", b"")] * 4
    made = sorted(path.name.rpartition("-")[0] for path in own.iterdir() if path.is_dir() and not path.is_symlink())
    assert [name for name in made if "both" in name] == ["image-both-process", "image-both-unikernel", "program-both"]
    assert not [path for path in own.iterdir() if path.suffix == ".draft"]


def test_what_is_built_while_it_is_edited_is_one_or_the_other(tmp_path: Path) -> None:
    source = tmp_path / "edited.c"
    for status in (1, 2, 1):
        source.write_text(f"int main(void) {{ return {status}; }}\n")
        assert machines.run(build(source, "process")).exit_status == status
