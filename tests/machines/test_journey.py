"""Journeys on machines that run: what a printf does on its way to the device, on each architecture."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import CourseError, MachineError, Unavailable
from unilab.machines import execution_log, guest_journey
from unilab.machines.journey import RECORDED, RECORDED_UNTIL, journey, load
from unilab.machines.stepper import Moment, Stepper
from unilab.machines.unikernel import Unikernel
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces.executed import Executed
from unilab.spaces.folding import Folder
from unilab.spaces.journey import Journey, Ring, Step
from unilab.spaces.model import Source
from unilab.spaces.program_places import ProgramPlaces
from unilab.toolchain import Image

Program = Callable[..., Image]

_C_LIBRARY = ["main", "printf", "vfprintf", "printf_core", "__fwritex", "__stdout_write", "__stdio_write"]


@pytest.fixture(scope="module")
def linux(program: Program) -> Journey:
    return journey(program("hello", "linux"), vm_exits=True)


@pytest.fixture(scope="module")
def unikernel(program: Program) -> Journey:
    return journey(program("hello"))


@pytest.fixture(scope="module")
def process(program: Program) -> Journey:
    return journey(program("hello", "process"))


def _in_order(names: Iterable[str], seen: Journey) -> bool:
    """Whether a journey comes by functions in that order, whatever lies between."""
    steps = iter(step.function for step in seen.steps)
    return all(name in steps for name in names)


def test_a_unikernel_goes_all_the_way_without_a_crossing(unikernel: Journey) -> None:
    assert _in_order([*_C_LIBRARY, "libos_sys_writev", "libos_console_write", "out 0x3f8"], unikernel)
    assert unikernel.crossings == 0
    assert {step.ring for step in unikernel.steps} == {Ring.KERNEL}
    assert unikernel.steps[-1] == Step("out 0x3f8", "hardware", Ring.KERNEL, unikernel.steps[-2].depth + 1)
    owners = {step.owner for step in unikernel.steps}
    assert owners == {"program", "C library", "library OS", "hardware"}


def test_a_process_enters_the_kernel_and_comes_back(process: Journey) -> None:
    assert _in_order([*_C_LIBRARY, "entry_SYSCALL_64", "tty_write", "__stdio_write"], process)
    assert process.crossings >= 2
    assert process.counted("system call") == process.counted("return from system call") > 0
    kernel = [step for step in process.steps if step.ring is Ring.KERNEL]
    assert {step.source for step in kernel} == {Source.RECORDED}
    assert all(step.source is Source.LIVE for step in process.steps if step.ring is Ring.USER)
    assert "recorded" in process.method


def test_a_linux_guest_does_that_and_goes_on_to_the_port(linux: Journey, process: Journey) -> None:
    kernel = ["entry_SYSCALL_64", "do_writev", "tty_write", "uart_write", "serial8250_interrupt", "out 0x3f8"]
    assert _in_order([*_C_LIBRARY, *kernel], linux)
    assert linux.crossings > process.crossings
    assert linux.functions > process.functions
    assert linux.counted("VM exit") >= 2
    assert linux.steps[-1].owner == "QEMU"
    assert not any("apic_timer" in step.function for step in linux.steps)


def test_a_domain_of_xen_is_stopped_at_the_port(program: Program) -> None:
    xen = journey(program("hello", "xen"))
    assert _in_order([*_C_LIBRARY, "libos_sys_writev", "libos_console_write", "Xen", "out 0x3f8"], xen)
    assert xen.counted("system call") == 0
    # It may not use ports, and Xen does so for it: one to ask the line, one to write.
    assert xen.counted("exception") == 2
    assert {step.ring for step in xen.steps if step.owner == "library OS"} == {Ring.USER}
    assert {step.ring for step in xen.steps if step.owner == "Xen"} == {Ring.HYPERVISOR}


def test_a_container_does_what_a_process_does(program: Program, process: Journey) -> None:
    image = program("hello", "container")
    seen = journey(image)
    if "of this host" in seen.method:
        assert [step.function for step in seen.steps] == [step.function for step in process.steps]
        assert seen.instructions == process.instructions


def test_the_program_does_the_same_on_all(linux: Journey, process: Journey, unikernel: Journey) -> None:
    def in_c(seen: Journey) -> list[tuple[str, int]]:
        """Its functions and their instructions; where one was left and come back to counts as one."""
        folded: list[tuple[str, int]] = []
        for step in seen.steps:
            if step.owner in ("program", "C library"):
                if folded and folded[-1][0] == step.function:
                    folded[-1] = step.function, folded[-1][1] + step.instructions
                else:
                    folded.append((step.function, step.instructions))
        # The last one differs: how far it gets, and where a process is let go.
        return [entry for entry in folded if entry[0] != "__stdio_write" and entry[0] != "__stdout_write"]

    # A process makes one call more of the C library's to come by its terminal than a unikernel does: none.
    assert in_c(process) == in_c(linux) == in_c(unikernel)


def test_a_unikernel_s_journey_is_the_same_each_time(program: Program, unikernel: Journey) -> None:
    assert journey(program("hello")).steps == unikernel.steps


def test_qemus_log_tells_the_same_as_its_steps(program: Program) -> None:
    image = program("hello")
    stepped = journey(image, until="return")
    places = ProgramPlaces.of(image.debug, image.map)
    with machines.start(image, stop_at="printf", accelerator="tcg") as machine:
        assert isinstance(machine, Unikernel)
        stepper = Stepper(machine)
        entry = stepper.now()
        back = int.from_bytes(stepper.memory(entry.rsp, 8), "little")
        log = execution_log.record(machine, lambda: stepper.run_to_return(entry, back))
        folder = Folder(lambda address, _: places.at(address), callers=(Step("main", "program", Ring.KERNEL, 0),))
        for logged in log:
            folder.add(Executed(logged.address, stepper.code(logged.address), Ring.KERNEL))
        folder.add(Executed(back, stepper.code(back), Ring.KERNEL))
    assert folder.steps == stepped.steps


def test_the_way_back_belongs_to_it_if_asked_for(program: Program, unikernel: Journey) -> None:
    whole = journey(program("hello"), until="return", vm_exits=True)
    assert whole.steps[-1].function == "main"
    assert whole.instructions > unikernel.instructions
    # A byte is asked for, and written, at a time.
    length = len("hello, world\n")
    assert sum(step.function == "out 0x3f8" for step in whole.steps) == length
    assert whole.counted("VM exit") == whole.counted("VM entry") == 2 * length
    assert whole.crossings == 4 * length


def test_another_function_and_arguments(program: Program) -> None:
    longer = journey(program("hello"), call="vfprintf", args=["everybody"])
    assert [step.function for step in longer.steps[:2]] == ["printf", "vfprintf"]


def test_what_the_compiler_made_of_printf(tmp_path: Path) -> None:
    (tmp_path / "plain.c").write_text('#include <stdio.h>\nint main(void) { printf("plain\\n"); return 0; }\n')
    seen = journey(tmp_path / "plain.c", "process")
    assert seen.name == "puts of plain as a process"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"on": "toaster"}, "nothing can be followed on 'toaster'"),
        ({"machine": "pdp11", "on": "linux"}, "there is no machine 'pdp11'"),
        ({"until": "tomorrow"}, "does not end at 'tomorrow'"),
        ({"call": "fork_bomb"}, "has no function 'fork_bomb'"),
    ],
)
def test_bad_input(options: dict[str, str], says: str) -> None:
    hello = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"
    with pytest.raises(CourseError, match=re.escape(says)) as caught:
        journey(hello, **options)  # type: ignore[arg-type]
    assert caught.value.remedy


def test_a_function_that_is_never_called(tmp_path: Path) -> None:
    (tmp_path / "quiet.c").write_text(
        '#include <stdio.h>\nint main(int argc, char **argv) { if (argc > 5) printf("%s", argv[5]); return 0; }\n'
    )
    for on in ("unikernel", "process"):
        with pytest.raises(MachineError, match="ended before it reached"):
            journey(tmp_path / "quiet.c", on)


def test_a_process_that_is_killed_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "dies.c").write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n#include <signal.h>\n"
        '__attribute__((noinline)) void way(void) { raise(SIGKILL); puts("never"); }\n'
        "int main(void) { way(); return 0; }\n"
    )
    with pytest.raises(MachineError, match="could not be followed to the end: it "):
        journey(tmp_path / "dies.c", "process", call="way")


def test_a_process_that_waits_forever_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from unilab.machines import process_journey  # noqa: PLC0415

    monkeypatch.setattr(process_journey, "_PATIENCE", 0.3)
    (tmp_path / "waits.c").write_text("#include <unistd.h>\nint main(void) { pause(); return 0; }\n")
    with pytest.raises(MachineError, match="it has waited in a system call"):
        journey(tmp_path / "waits.c", "process", call="pause", until="return")


def test_qemu_that_dies_on_the_way(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dying(Stepper):
        def __init__(self, machine: VirtualMachine) -> None:
            super().__init__(machine)
            self._pid = machine.pid

        def moments(self) -> Iterator[Moment]:
            for count, now in enumerate(super().moments()):
                if count == 100:
                    os.kill(self._pid, signal.SIGKILL)
                yield now

    monkeypatch.setattr(guest_journey, "Stepper", Dying)
    with pytest.raises(MachineError, match="QEMU has ended while the guest was stepped"):
        journey(program("hello"))


def test_a_log_that_grows_and_grows_ends_the_machine(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution_log, "_MOST_BYTES", 10_000)
    with machines.start(program("hello"), stop_at="printf", accelerator="tcg") as machine:
        assert isinstance(machine, Unikernel)
        stepper = Stepper(machine)
        entry = stepper.now()
        back = int.from_bytes(stepper.memory(entry.rsp, 8), "little")
        with pytest.raises(MachineError, match="log is longer than"):
            execution_log.record(machine, lambda: stepper.run_to_return(entry, back))


def test_signals_do_not_lose_the_way(tmp_path: Path) -> None:
    (tmp_path / "signals.c").write_text(
        "#include <stdio.h>\n#include <signal.h>\nstatic volatile int seen;\n"
        "static void handler(int number) { seen = number; }\n"
        '__attribute__((noinline)) void way(void) { raise(SIGUSR1); printf("%d\\n", seen); }\n'
        "int main(void) { signal(SIGUSR1, handler); way(); return 0; }\n"
    )
    seen = journey(tmp_path / "signals.c", "process", call="way", until="return")
    assert _in_order(["way", "handler", "printf", "main"], seen)


def test_recordings_are_of_what_is_there(unikernel: Journey) -> None:
    for program, on in RECORDED:
        recorded = load(Path(program).stem, on)
        assert recorded is not None and recorded.source is Source.RECORDED
        assert recorded.architecture == on
        assert RECORDED_UNTIL == "return"
        assert "recorded 20" in recorded.origin
        assert not re.search(r"/(home|root|tmp|work)/", str(recorded))


def test_a_recording_is_shown_where_it_cannot_run(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNILAB_QEMU", "no-such-qemu")
    image = program("hello")
    assert journey(image, until="return").source is Source.RECORDED
    with pytest.raises(Unavailable):
        journey(image, until="return", call="vfprintf")


def test_the_command_prints_json(program: Program) -> None:
    hello = program("hello").program
    ended = subprocess.run(
        [sys.executable, "-m", "unilab", "journey", str(hello), "--on", "unikernel", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env=os.environ,
    )
    told = json.loads(ended.stdout)
    assert (told["architecture"], told["source"], told["crossings"]) == ("unikernel", "LIVE", 0)
    assert told["steps"][-1][0] == "out 0x3f8"
