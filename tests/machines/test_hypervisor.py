"""Guests under the small hypervisor: on the host's processor, on an emulated one, and the two against each other."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab.errors import CourseError, DeadlineExceeded, MachineError
from unilab.hypervisor import GUESTS, Access, GuestRun, Hypervisor, Reason, State, guest, long_mode, probe
from unilab.spaces.model import Source

#: Seconds in which a guest that loops is given up: short, since all of it is waited for.
_SOON = 0.3
_NOBODY = 65534

Make = Callable[[], Hypervisor]


@pytest.fixture(params=["kvm", "emulated"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "kvm" and probe().name != "kvm":
        pytest.skip(probe().reason)
    return lambda: Hypervisor(request.param)


@pytest.mark.parametrize(("name", "mode", "bits"), [("hello16", "real", 16), ("hello64", "long", 64)])
def test_a_guest_says_hello_with_one_exit_a_byte(make: Make, name: str, mode: str, bits: int) -> None:
    run = make().run(name, mode)
    assert run.console == f"hello from {bits} bits\n"
    assert run.end is Reason.HLT
    assert [(row.reason, row.count) for row in run.exits] == [(Reason.IO, len(run.console)), (Reason.HLT, 1)]
    assert run.source is Source.LIVE


def test_exits_are_timed(make: Make) -> None:
    run = make().run("hello64", "long")
    assert all(row.seconds > 0 for row in run.exits)
    assert sum(row.seconds for row in run.exits) == pytest.approx(run.seconds)


def test_a_device_in_memory_is_read_and_written(make: Make) -> None:
    machine, seen = make(), list[Access]()

    def answer(access: Access) -> int:
        seen.append(access)
        return 41

    machine.on_memory(0xFEB00000, 4096, answer)
    run = machine.run("device64", "long")
    assert seen == [
        Access(Reason.MMIO, 0xFEB00000, 4, write=False),
        Access(Reason.MMIO, 0xFEB00004, 4, write=True, value=42),
    ]
    assert run.count(Reason.MMIO) == 2
    assert run.registers["rax"] == 42


def test_a_device_at_a_port_is_read_in_every_width(make: Make, tmp_path: Path) -> None:
    machine = make()
    machine.on_port(0x10, read=lambda: 0x1_2345_6789)
    (tmp_path / "ports.S").write_text("    .code64\n in $0x10, %al\n mov %al, %bl\n in $0x10, %eax\n hlt\n")
    registers = machine.run(tmp_path / "ports.S", "long").registers
    assert (registers["rbx"], registers["rax"]) == (0x89, 0x23456789)


def test_a_guest_works_on_the_hypervisors_own_memory(make: Make, tmp_path: Path) -> None:
    machine = make()
    machine.memory[0x10000] = 20
    (tmp_path / "double.S").write_text("    .code64\n shlb $1, 0x10000\n movb $7, 0x1fffff\n hlt\n")
    machine.run(tmp_path / "double.S", "long")
    assert (machine.memory[0x10000], machine.memory[0x1FFFFF]) == (40, 7)


def test_both_backends_say_the_same() -> None:
    if probe().name != "kvm":
        pytest.skip(probe().reason)

    def tell(backend: str) -> list[object]:
        machine = Hypervisor(backend)
        machine.on_memory(0xFEB00000, 4096, lambda access: 1)
        runs = [
            machine.run(name, "real" if name.endswith("16") else "long", check=False)
            for name in GUESTS
            if name != "endless64"
        ]
        return [(run.console, run.end, [(row.reason, row.count) for row in run.exits], _low(run)) for run in runs]

    assert tell("kvm") == tell("emulated")


def _low(run: GuestRun) -> object:
    """Registers that both backends have, where the guest has left them as they are."""
    names = ("rax", "rbx", "rdx", "rsi", "rsp", "rip", "rflags")
    return [run.registers[name] for name in names] if run.end is Reason.HLT else None


def test_a_triple_fault_is_explained(make: Make) -> None:
    machine = make()
    with pytest.raises(MachineError, match="shut down by a triple fault") as caught:
        machine.run("fault64", "long")
    said = str(caught.value)
    assert ("invalid opcode) at rip 0x8000" in said) == (machine.backend == "emulated")
    assert ('backend="emulated"' in said) == (machine.backend == "kvm")
    assert machine.run("fault64", "long", check=False).end is Reason.SHUTDOWN
    assert machine.run("hello64", "long").console  # and the machine is as good as new


def test_an_address_that_no_table_maps_is_a_triple_fault(make: Make, tmp_path: Path) -> None:
    (tmp_path / "far.S").write_text("    .code64\n movabs $0x10000000000, %rax\n mov (%rax), %ebx\n hlt\n")
    assert make().run(tmp_path / "far.S", "long", check=False).end is Reason.SHUTDOWN


def test_a_device_that_is_not_there_is_named(make: Make, tmp_path: Path) -> None:
    (tmp_path / "port.S").write_text("    .code64\n mov $7, %al\n out %al, $0x80\n hlt\n")
    with pytest.raises(MachineError, match=r"wrote 0x7 \(1 byte\) to port 0x80, and no device") as caught:
        make().run(tmp_path / "port.S", "long")
    assert "on_port" in str(caught.value.remedy)
    (tmp_path / "memory.S").write_text("    .code64\n mov 0x500000, %eax\n hlt\n")
    with pytest.raises(MachineError, match=r"read \(4 bytes\) from physical address 0x500000") as caught:
        make().run(tmp_path / "memory.S", "long")
    assert "on_memory" in str(caught.value.remedy)


def test_a_device_that_fails_fails_the_run_with_its_own_error(make: Make) -> None:
    def break_down(_: Access) -> int:
        raise ZeroDivisionError("the device is broken")

    machine = make()
    machine.on_memory(0xFEB00000, 4096, break_down)
    with pytest.raises(ZeroDivisionError, match="the device is broken"):
        machine.run("device64", "long")


def test_a_guest_that_never_exits_is_ended(make: Make) -> None:
    with pytest.raises(DeadlineExceeded, match=r"still running after 0\.3 seconds .* at rip 0x8000, after 0 exits"):
        make().run("endless64", "long", deadline=_SOON)


def test_a_guest_that_exits_for_ever_is_ended(make: Make) -> None:
    with pytest.raises(DeadlineExceeded, match=r"after [1-9]\d* exits") as caught:
        make().run(b"\xba\xf8\x03\xb0.\xee\xeb\xfd", "real", deadline=_SOON)  # 1: out %al, %dx; jmp 1b
    assert set(caught.value.console) == {"."}


def test_a_deadline_works_on_any_thread_and_leaves_its_signals_alone(make: Make) -> None:
    found: list[object] = []

    def work() -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        try:
            make().run("endless64", "long", deadline=_SOON)
        except DeadlineExceeded as error:
            found.append(error)
        found.append(signal.pthread_sigmask(signal.SIG_BLOCK, []) == before)
        found.append(signal.sigpending() == set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert isinstance(found[0], DeadlineExceeded)
    assert found[1:] == [True, True]


def test_a_state_of_ones_own(make: Make) -> None:
    machine = make()
    ready = long_mode(machine.memory)
    state = State("long", ready.code, ready.data, ready.cr0, ready.cr3, ready.cr4, ready.efer, rip=0x9000, rsp=0x20000)
    machine.memory[0x9000:0x9002] = b"\x50\xf4"  # push %rax; hlt
    assert machine.run(guest("fault64"), state).registers["rsp"] == 0x20000 - 8


def test_a_processor_that_is_started_in_an_impossible_state() -> None:
    if probe().name != "kvm":
        pytest.skip(probe().reason)
    machine = Hypervisor("kvm")
    ready = long_mode(machine.memory)
    paging_alone = State("long", ready.code, ready.data, 1 << 31, ready.cr3, ready.cr4, ready.efer)
    with pytest.raises(CourseError, match="KVM") as caught:
        machine.run("hello64", paging_alone)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda: Hypervisor("xen"), "there is no backend 'xen'"),
        (lambda: Hypervisor("emulated", memory=3), "3 MiB is no amount of memory"),
        (lambda: Hypervisor("emulated", memory=1024), "1024 MiB is no amount of memory"),
        (lambda: Hypervisor("emulated").run("hello64", "protected"), "there is no mode 'protected'"),
        (lambda: Hypervisor("emulated").run("hello64", deadline=0), "cannot run for 0 seconds"),
        (lambda: Hypervisor("emulated").run(b""), "a guest of 0 bytes cannot be loaded"),
        (lambda: Hypervisor("emulated").run(bytes(2 << 20)), "cannot be loaded"),
        (lambda: Hypervisor("emulated").on_port(0x10000), "there is no port 0x10000"),
        (lambda: Hypervisor("emulated").on_memory(0x1000, 4, lambda _: 0), "no device can be at 0x1000"),
        (lambda: _overlapping(Hypervisor("emulated")), "there is a device at 0x400000 already"),
    ],
)
def test_bad_input(act: Callable[[], object], says: str) -> None:
    with pytest.raises(CourseError, match=re.escape(says)) as caught:
        act()
    assert caught.value.remedy or "room for" in str(caught.value)


def _overlapping(machine: Hypervisor) -> None:
    machine.on_memory(0x400000, 4096, lambda _: 0)
    machine.on_memory(0x400FFF, 4096, lambda _: 0)


def test_nothing_is_left_behind(make: Make) -> None:
    make().run("hello64", "long")
    files, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    for _ in range(20):
        machine = make()
        machine.run("hello64", "long")
        with pytest.raises(MachineError):
            machine.run("fault64", "long")
    assert len(list(Path("/proc/self/fd").iterdir())) == files
    assert threading.active_count() == threads


def test_whoever_may_not_use_kvm_gets_the_emulated_processor() -> None:
    # Interpreter and temporary folder may lie where nobody else may look: what is needed of them comes first.
    script = f"""
import os
from unilab.hypervisor import Hypervisor, guest, probe
hello = guest("hello64")
Hypervisor("emulated").run(hello, "long")
if os.getuid() == 0:
    os.setgroups([])
    os.setgid({_NOBODY})
    os.setuid({_NOBODY})
may = os.access("/dev/kvm", os.R_OK | os.W_OK)
machine = Hypervisor()
assert may or machine.backend == "emulated", machine.backend
print(may, machine.run(hello, "long").console, probe().reason)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert "hello from 64 bits" in ended.stdout
    if ended.stdout.startswith("False"):
        assert "no /dev/kvm that you may use" in ended.stdout
