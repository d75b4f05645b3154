"""Traces written by hand, and the steps that they are."""

from __future__ import annotations

import pytest

from unilab.spaces.executed import Executed, Place
from unilab.spaces.folding import Folder
from unilab.spaces.journey import Ring, Step

NOP, RET, SYSCALL, SYSRET, IRETQ = b"\x90", b"\xc3", b"\x0f\x05", b"\x48\x0f\x07", b"\x48\xcf"
OUT_DX, IN_DX, OUT_80, REP_MOVSB, CALL_RAX, JMP_RAX = (
    b"\xee",
    b"\xec",
    b"\xe6\x80",
    b"\xf3\xa4",
    b"\xff\xd0",
    b"\xff\xe0",
)

#: Functions of 0x100 bytes each; those of the kernel in the upper half.
_KERNEL = 0xFFFF_FFFF_8000_0000
_USER = ["main", "printf", "write", "other"]
_INSIDE = [
    *("entry", "tty_write", "asm_exc_page_fault", "fault", "asm_sysvec_apic_timer_interrupt", "tick"),
    *("irq_entries_start", "serial8250_interrupt", "__x86_indirect_thunk_rax", "__cond_resched", "__schedule", "task"),
]


def at(name: str, offset: int = 0) -> int:
    return 0x100 * _USER.index(name) + offset if name in _USER else _KERNEL + 0x100 * _INSIDE.index(name) + offset


def place(address: int, ring: Ring) -> Place:
    if ring is Ring.USER:
        return Place(_USER[address // 0x100], "program")
    return Place(_INSIDE[(address - _KERNEL) // 0x100], "kernel")


def call(source: int, target: int) -> bytes:
    return b"\xe8" + (target - source - 5).to_bytes(4, "little", signed=True)


class Trace:
    """Feeds a folder."""

    def __init__(self, **options: object) -> None:
        self.folder = Folder(place, callers=(Step("main", "program", Ring.USER, 0),), **options)  # type: ignore[arg-type]
        self.ports: list[str] = []

    def run(self, name: str, offset: int, code: bytes, dx: int = 0) -> Trace:
        ring = Ring.USER if name in _USER else Ring.KERNEL
        port = self.folder.add(Executed(at(name, offset), code, ring, dx))
        self.ports += [port] if port else []
        return self

    def call(self, name: str, offset: int, target: str) -> Trace:
        return self.run(name, offset, call(at(name, offset), at(target)))

    @property
    def told(self) -> list[tuple[str, int, int, str]]:
        return [(step.function, step.depth, step.instructions, step.crossing) for step in self.folder.steps]


def test_calls_and_returns_nest() -> None:
    trace = Trace().run("printf", 0, NOP).call("printf", 1, "write").run("write", 0, NOP).run("write", 1, RET)
    trace.run("printf", 6, RET).run("main", 5, NOP)
    assert trace.told == [
        ("main", 0, 0, ""),
        ("printf", 1, 2, ""),
        ("write", 2, 2, ""),
        ("printf", 1, 1, ""),
        ("main", 0, 0, ""),
    ]


def test_a_jump_to_a_function_takes_the_place_of_its_caller() -> None:
    trace = Trace().run("printf", 0, JMP_RAX).run("write", 0, RET).run("main", 5, NOP)
    assert trace.told == [("main", 0, 0, ""), ("printf", 1, 1, ""), ("write", 1, 1, ""), ("main", 0, 0, "")]


def test_a_call_of_the_next_instruction_calls_nothing() -> None:
    trace = Trace().run("printf", 0, b"\xe8\0\0\0\0").run("printf", 5, NOP).run("printf", 6, RET).run("main", 5, NOP)
    assert trace.told == [("main", 0, 0, ""), ("printf", 1, 3, ""), ("main", 0, 0, "")]


def test_a_function_that_calls_itself_gets_deeper() -> None:
    trace = Trace().call("printf", 0, "printf").run("printf", 0, RET).run("printf", 5, RET).run("main", 5, NOP)
    assert [step[:2] for step in trace.told] == [("main", 0), ("printf", 1), ("printf", 2), ("printf", 1), ("main", 0)]


def test_an_instruction_that_repeats_itself_is_one() -> None:
    trace = Trace().run("printf", 0, REP_MOVSB).run("printf", 0, REP_MOVSB).run("printf", 0, REP_MOVSB)
    assert trace.run("printf", 2, NOP).told[-1] == ("printf", 1, 1, "")


def test_a_system_call_crosses_twice() -> None:
    trace = Trace().run("printf", 0, SYSCALL).run("entry", 0, NOP).call("entry", 1, "tty_write")
    trace.run("tty_write", 0, RET).run("entry", 6, SYSRET).run("printf", 2, NOP)
    assert trace.told == [
        ("main", 0, 0, ""),
        ("printf", 1, 1, ""),
        ("entry", 2, 2, "system call"),
        ("tty_write", 3, 1, ""),
        ("entry", 2, 1, ""),
        ("printf", 1, 0, "return from system call"),
    ]


def test_an_instruction_that_faults_is_counted_when_it_is_executed() -> None:
    trace = Trace().run("printf", 0, NOP).run("printf", 1, NOP)
    trace.run("asm_exc_page_fault", 0, NOP).run("asm_exc_page_fault", 1, IRETQ)
    trace.run("printf", 1, NOP).run("printf", 2, NOP)
    assert trace.told == [
        ("main", 0, 0, ""),
        ("printf", 1, 1, ""),
        ("asm_exc_page_fault", 2, 2, "exception"),
        ("printf", 1, 1, "return from exception"),
    ]


def test_an_interrupt_of_the_kernel_nests_and_crosses_nothing() -> None:
    trace = Trace().run("printf", 0, SYSCALL).run("tty_write", 0, NOP)
    trace.run("irq_entries_start", 0x10, NOP).call("irq_entries_start", 0x11, "serial8250_interrupt")
    trace.run("serial8250_interrupt", 0, RET).run("irq_entries_start", 0x16, IRETQ).run("tty_write", 1, NOP)
    assert trace.told[2:] == [
        ("tty_write", 2, 1, "system call"),
        ("irq_entries_start", 3, 2, ""),
        ("serial8250_interrupt", 4, 1, ""),
        ("irq_entries_start", 3, 1, ""),
        ("tty_write", 2, 0, ""),
    ]


def test_timers_are_left_out_wherever_they_interrupt() -> None:
    trace = Trace(left_out=frozenset({"asm_sysvec_apic_timer_interrupt"}))

    def tick() -> None:
        trace.call("asm_sysvec_apic_timer_interrupt", 0, "tick").run("tick", 0, RET)
        trace.run("asm_sysvec_apic_timer_interrupt", 5, IRETQ)

    trace.run("printf", 0, NOP)
    tick()  # in the program
    trace.run("printf", 1, SYSCALL).run("entry", 0, NOP)
    tick()  # in the kernel
    trace.run("entry", 1, SYSRET)
    tick()  # before the program's next instruction
    trace.call("printf", 3, "write")
    tick()  # between a call and the function's first instruction
    trace.run("write", 0, RET)
    tick()  # between the return and where it leads
    trace.run("printf", 8, RET).run("main", 5, NOP)
    assert trace.told == [
        ("main", 0, 0, ""),
        ("printf", 1, 2, ""),
        ("entry", 2, 2, "system call"),
        ("printf", 1, 1, "return from system call"),
        ("write", 2, 1, ""),
        ("printf", 1, 1, ""),
        ("main", 0, 0, ""),
    ]


def test_a_device_that_interrupts_a_timer_is_not() -> None:
    trace = Trace(left_out=frozenset({"asm_sysvec_apic_timer_interrupt"})).run("printf", 0, NOP)
    trace.run("asm_sysvec_apic_timer_interrupt", 0, NOP).run("irq_entries_start", 0, NOP)
    trace.run("irq_entries_start", 1, IRETQ).run("asm_sysvec_apic_timer_interrupt", 1, IRETQ).run("printf", 1, NOP)
    assert trace.told == [
        ("main", 0, 0, ""),
        ("printf", 1, 1, ""),
        ("irq_entries_start", 2, 2, ""),
        ("printf", 1, 0, ""),
    ]


def test_what_other_tasks_do_is_left_out() -> None:
    trace = Trace().run("printf", 0, SYSCALL).call("tty_write", 0, "__cond_resched")
    trace.call("__cond_resched", 0, "__schedule").run("__schedule", 0, CALL_RAX).run("task", 0, RET).run("task", 9, RET)
    trace.run("__cond_resched", 5, RET).run("tty_write", 5, SYSRET).run("printf", 2, NOP)
    assert [step[0] for step in trace.told] == ["main", "printf", "tty_write", "__cond_resched", "tty_write", "printf"]
    assert trace.told[-1] == ("printf", 1, 0, "return from system call")


def test_a_thunk_belongs_to_the_call() -> None:
    thunk = "__x86_indirect_thunk_rax"
    trace = Trace().run("printf", 0, SYSCALL).call("entry", 0, thunk)
    trace.run(thunk, 0, call(at(thunk), at(thunk, 9))).run(thunk, 9, RET).run("tty_write", 0, RET).run("entry", 5, NOP)
    assert [step[:2] for step in trace.told] == [
        ("main", 0),
        ("printf", 1),
        ("entry", 2),
        ("tty_write", 3),
        ("entry", 2),
    ]


@pytest.mark.parametrize(("code", "port"), [(OUT_DX, "out 0x3f8"), (IN_DX, "in 0x3f8"), (OUT_80, "out 0x80")])
def test_ports_are_told_by_number(code: bytes, port: str) -> None:
    assert Trace().run("printf", 0, code, dx=0x1_03F8).run("printf", len(code), NOP).ports == [port]


def test_ports_are_vm_exits_if_these_are_counted() -> None:
    trace = Trace(vm_exits=True).run("printf", 0, OUT_80).run("printf", 2, NOP).run("printf", 3, RET)
    assert trace.told == [
        ("main", 0, 0, ""),
        ("printf", 1, 1, ""),
        ("out 0x80", 2, 0, "VM exit"),
        ("printf", 1, 1, "VM entry"),
    ]
    assert trace.folder.steps[2].ring is Ring.HYPERVISOR
    assert trace.folder.steps[2].owner == "QEMU"


def test_a_kernel_that_cannot_be_watched_is_told_of_instead() -> None:
    trace = Trace().run("printf", 0, SYSCALL)
    assert trace.folder.at_system_call
    trace.folder.system_call((Step("entry", "kernel", Ring.KERNEL, 0), Step("tty_write", "kernel", Ring.KERNEL, 1)))
    trace.run("printf", 2, NOP)
    assert not trace.folder.at_system_call
    assert trace.told == [
        ("main", 0, 0, ""),
        ("printf", 1, 1, ""),
        ("entry", 2, 0, "system call"),
        ("tty_write", 3, 0, ""),
        ("printf", 1, 0, "return from system call"),
    ]


class _Domain(Trace):
    """The same program as a domain, with one name for all of the hypervisor."""

    def __init__(self, **options: object) -> None:
        super().__init__(left_out=frozenset({"Xen"}), unnamed=frozenset({"Xen"}), **options)
        self.folder._place = lambda address, ring: place(address, ring) if ring is Ring.USER else Place("Xen", "Xen")

    def xen(self, offset: int, code: bytes, dx: int = 0) -> _Domain:
        port = self.folder.add(Executed(_KERNEL + offset, code, Ring.HYPERVISOR, dx))
        self.ports += [port] if port else []
        return self


def test_a_domain_makes_a_hypercall() -> None:
    trace = _Domain()
    trace.run("printf", 0, SYSCALL)
    trace.xen(0, call(0, 0x100)).xen(0x100, NOP).xen(0x101, RET).xen(5, SYSRET).run("printf", 2, NOP)
    assert trace.told == [
        ("main", 0, 0, ""),
        ("printf", 1, 1, ""),
        ("Xen", 2, 4, "hypercall"),
        ("printf", 1, 0, "return from hypercall"),
    ]


def test_a_port_is_not_for_domains() -> None:
    trace = _Domain()
    trace.run("printf", 0, OUT_DX, dx=0x3F8).xen(0, OUT_DX, dx=0x3F8).xen(1, IRETQ).run("printf", 1, NOP)
    assert trace.ports == ["out 0x3f8"]
    assert trace.told[2:] == [("Xen", 2, 2, "exception"), ("printf", 1, 0, "return from exception")]


def test_what_interrupts_a_domain_is_left_out() -> None:
    trace = _Domain()
    trace.run("printf", 0, NOP).xen(0, NOP).xen(1, IRETQ).run("printf", 1, NOP).run("printf", 2, NOP)
    assert trace.told == [("main", 0, 0, ""), ("printf", 1, 2, "")]


def test_the_device_comes_last() -> None:
    trace = Trace().run("printf", 0, OUT_DX, dx=0x3F8).run("printf", 1, NOP)
    trace.folder.end_at_device("out 0x3f8")
    assert trace.folder.steps[-1] == Step("out 0x3f8", "hardware", Ring.USER, 2)


def test_a_vm_exit_is_the_device_if_these_are_counted() -> None:
    trace = Trace(vm_exits=True).run("printf", 0, OUT_DX, dx=0x3F8).run("printf", 1, NOP)
    trace.folder.end_at_device("out 0x3f8")
    assert trace.folder.steps[-1] == Step("out 0x3f8", "QEMU", Ring.HYPERVISOR, 2, crossing="VM exit")


def by_switch(trace: list[tuple[str, int, bytes]], **options: object) -> list[tuple[str, int, str]]:
    """What a processor does: functions, depths and crossings of a trace that begins in the kernel."""
    folder = Folder(place, switch="__schedule", **options)  # type: ignore[arg-type]
    for name, offset, code in trace:
        folder.add(Executed(at(name, offset), code, Ring.USER if name in _USER else Ring.KERNEL))
    return [(step.function, step.depth, step.crossing) for step in folder.steps]


def calls(source: str, offset: int, target: str) -> tuple[str, int, bytes]:
    return source, offset, call(at(source, offset), at(target))


def test_a_switch_goes_on_with_the_stack_that_waited() -> None:
    idle, waits = "task", [Place("main", "program"), Place("entry", "kernel"), Place("tty_write", "kernel")]
    trace = [
        (idle, 0, NOP),
        calls(idle, 1, "__schedule"),
        ("__schedule", 0, RET),  # into what the other stack has there
        ("tty_write", 8, RET),
        ("entry", 8, NOP),
        calls("entry", 9, "__schedule"),
        ("__schedule", 0, RET),  # back to the first
        (idle, 6, NOP),
        (idle, 7, NOP),
    ]
    assert by_switch(trace, waiting=waits) == [
        ("task", 0, ""),
        ("__schedule", 1, ""),
        ("tty_write", 2, ""),
        ("entry", 1, ""),
        ("__schedule", 2, ""),
        ("task", 0, ""),
    ]


def test_a_task_that_was_in_the_kernel_before_comes_out_of_it_by_a_return() -> None:
    trace = [("entry", 0, NOP), ("entry", 1, SYSRET), ("write", 8, NOP), ("write", 9, SYSCALL), ("entry", 0, NOP)]
    assert by_switch([*trace, ("entry", 1, NOP)]) == [
        ("entry", 0, ""),
        ("write", 0, "return from system call"),
        ("entry", 1, "system call"),
    ]
