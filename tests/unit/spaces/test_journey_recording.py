from __future__ import annotations

from unilab.spaces import journey_recording
from unilab.spaces.journey import Journey, Ring, Step
from unilab.spaces.model import Source


def _kernel(function: str, depth: int, crossing: str = "") -> Step:
    return Step(function, "kernel", Ring.KERNEL, depth, 9, crossing)


_JOURNEY = Journey(
    "printf of hello as a linux",
    "linux",
    (
        Step("main", "program", Ring.USER, 0),
        Step("write", "C library", Ring.USER, 1, 4),
        _kernel("entry_SYSCALL_64", 2, "system call"),
        _kernel("__x64_sys_write", 3),
        _kernel("asm_exc_page_fault", 4),
        _kernel("exc_page_fault", 5),
        _kernel("__x64_sys_write", 3),
        _kernel("n_tty_write", 4),
        _kernel("uart_write", 5),
        _kernel("irq_entries_start", 6),
        _kernel("serial8250_interrupt", 7),
        _kernel("uart_write", 5),
        _kernel("n_tty_write", 4),
        _kernel("entry_SYSCALL_64", 2),
        Step("write", "C library", Ring.USER, 1, 1, "return from system call"),
    ),
    "by hand",
    origin="today",
)


def test_a_system_call_is_taken_out_without_its_driver_and_its_interrupts() -> None:
    (steps,) = journey_recording.system_calls(_JOURNEY).values()
    assert list(journey_recording.system_calls(_JOURNEY)) == ["write"]
    assert [(step.function, step.depth) for step in steps] == [
        ("entry_SYSCALL_64", 0),
        ("__x64_sys_write", 1),
        ("n_tty_write", 2),
        ("entry_SYSCALL_64", 0),
    ]
    assert {(step.instructions, step.crossing, step.source) for step in steps} == {(0, "", Source.RECORDED)}
