"""Panic reports and QEMU's log of interrupts, read."""

from __future__ import annotations

from unilab.spaces.exceptions import (
    access_words,
    error_bits,
    exception_name,
    parse_interrupt_log,
    parse_panic,
    vector_of,
)

_REPORT = """before
libos: panic: page fault: reading 0x0000000000000008 (null pointer)
  rip    0x0000000000102ad9  rsp    0x00007fffffffef00  rbp    0x00007fffffffef10
  r8     0x0000000000000001  error  0x0000000000000000  cr2    0x0000000000000008
  cr3    0x0000000000107000
libos: backtrace, innermost first
  #0 0x0000000000102ad9 main+0x4 (null.c:1)
  #1 0x0000000000103000
libos: threads
  #0 0x0000000000999999
"""

_DUMP = """EAX=80010013 EBX=000f31e0 ECX=c0000080 EDX=00000000
ESI=000efee0 EDI=000f31e0 EBP=00000006 ESP=00007b60
EIP=00102072 EFL=00000082 [--S----] CPL=0 II=0 A20=1 SMM=0 HLT=0
CS =0008 00000000 ffffffff 00cf9b00 DPL=0 CS32 [-RA]
GDT=     00000000ffffffc1 00000027
IDT=     0000000000000000 0000ffff
CR0=80010013 CR2={cr2:016x} CR3=000000000010a000 CR4=00000620
EFER=0000000000000d00
"""
_IP = "cpl=0 IP=0008:0000000000102072 pc=0000000000102072 SP=0010:0000000000007b60"
_TIMER = "     0: v=20 e=0000 i=1 cpl=0 IP=0008:0000000000102072 pc=1 SP=0\n" + _DUMP.format(cr2=0)
_EARLIER = f"     1: v=0e e=0002 i=0 {_IP} CR2=0000000000000001\n" + _DUMP.format(cr2=1)
_FIRST = f"check_exception old: 0xffffffff new 0xe\n     2: v=0e e=0010 i=0 {_IP} CR2=0\n" + _DUMP.format(cr2=0x102072)
_SECOND = f"check_exception old: 0xe new 0xe\n     3: v=08 e=0000 i=0 {_IP} env=1\n" + _DUMP.format(cr2=0xE0)
_END = "check_exception old: 0x8 new 0xe\nTriple fault\nCPU Reset (CPU 0)\n" + _DUMP.format(cr2=0)


def test_a_report_has_a_reason_registers_and_frames() -> None:
    panic = parse_panic(_REPORT)
    assert panic is not None
    assert panic.reason.startswith("page fault: reading")
    assert panic.vector == 14
    assert (panic.register("cr2"), panic.register("r8"), panic.register("r15")) == (8, 1, None)
    assert panic.frames == (0x102AD9, 0x103000)


def test_a_report_without_an_exception_has_no_registers() -> None:
    panic = parse_panic(
        "libos: panic: division of labour\nlibos: backtrace, innermost first\n  #0 0x0000000000102ad9\n"
    )
    assert panic is not None
    assert (panic.vector, panic.registers, panic.frames) == (None, (), (0x102AD9,))


def test_no_report_and_half_a_report() -> None:
    assert parse_panic("hello\n") is None
    assert parse_panic("libos: panic: page fault: rea") is not None
    again = parse_panic(_REPORT + "libos: panic while reporting a panic\n")
    assert again is not None and again.vector == 14


def test_a_triple_fault_is_the_exceptions_that_led_to_it() -> None:
    chain = parse_interrupt_log(_TIMER + _EARLIER + _FIRST + _SECOND + _END)
    assert [(each.vector, each.error) for each in chain] == [(14, 0x10), (8, 0)]
    assert (chain[0].state.cr2, chain[0].state.rip, chain[0].bits) == (0x102072, 0x102072, 32)
    assert (chain[0].idt_base, chain[0].idt_limit, chain[0].code_segment) == (0, 0xFFFF, 8)


def test_a_log_without_a_triple_fault_and_one_cut_off() -> None:
    assert parse_interrupt_log(_FIRST + _SECOND) == ()
    cut = (_FIRST + _SECOND + _END)[len(_FIRST) // 2 :]
    assert [each.vector for each in parse_interrupt_log(cut)] == [8]


def test_exceptions_and_error_codes_in_words() -> None:
    assert exception_name(14) == "#PF, page fault"
    assert exception_name(9) == "vector 9, exception"
    assert vector_of("general protection fault") == 13
    assert vector_of("out of memory") is None
    assert [(name, value) for name, value, _ in error_bits(0x12)] == [
        ("P", 0),
        ("W", 1),
        ("U", 0),
        ("RSVD", 0),
        ("I", 1),
    ]
    assert [access_words(error) for error in (0, 2, 16)] == ["reading", "writing", "executing"]
