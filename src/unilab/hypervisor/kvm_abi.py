"""KVM's interface, as far as it takes to run one processor: ioctl numbers and the layout of what they carry.

Sources: Linux, include/uapi/linux/kvm.h and arch/x86/include/uapi/asm/kvm.h; include/uapi/asm-generic/ioctl.h
for how a number is made; Documentation/virt/kvm/api.rst for what each call does.
"""

from __future__ import annotations

import ctypes

API_VERSION = 12


class UserMemoryRegion(ctypes.Structure):
    """``struct kvm_userspace_memory_region``: a piece of our memory that is the guest's RAM."""

    _fields_ = (
        ("slot", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("guest_phys_addr", ctypes.c_uint64),
        ("memory_size", ctypes.c_uint64),
        ("userspace_addr", ctypes.c_uint64),
    )


#: The general registers in the order in which ``struct kvm_regs`` has them.
REGISTERS = "rax rbx rcx rdx rsi rdi rsp rbp r8 r9 r10 r11 r12 r13 r14 r15 rip rflags".split()


class Regs(ctypes.Structure):
    """``struct kvm_regs``."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in REGISTERS)


class Segment(ctypes.Structure):
    """``struct kvm_segment``."""

    _fields_ = (
        ("base", ctypes.c_uint64),
        ("limit", ctypes.c_uint32),
        ("selector", ctypes.c_uint16),
        *((name, ctypes.c_uint8) for name in ("type", "present", "dpl", "db", "s", "l", "g", "avl")),
        ("unusable", ctypes.c_uint8),
        ("padding", ctypes.c_uint8),
    )


class DescriptorTable(ctypes.Structure):
    """``struct kvm_dtable``: where GDT or IDT is."""

    _fields_ = (("base", ctypes.c_uint64), ("limit", ctypes.c_uint16), ("padding", ctypes.c_uint16 * 3))


class Sregs(ctypes.Structure):
    """``struct kvm_sregs``: the registers that say how the processor works."""

    _fields_ = (
        *((name, Segment) for name in ("cs", "ds", "es", "fs", "gs", "ss", "tr", "ldt")),
        *((name, DescriptorTable) for name in ("gdt", "idt")),
        *((name, ctypes.c_uint64) for name in ("cr0", "cr2", "cr3", "cr4", "cr8", "efer", "apic_base")),
        ("interrupt_bitmap", ctypes.c_uint64 * 4),
    )


class Io(ctypes.Structure):
    """``struct kvm_run``'s ``io``: an ``in`` or ``out``; the bytes lie ``data_offset`` into the mapping."""

    _fields_ = (
        ("direction", ctypes.c_uint8),
        ("size", ctypes.c_uint8),
        ("port", ctypes.c_uint16),
        ("count", ctypes.c_uint32),
        ("data_offset", ctypes.c_uint64),
    )


class Mmio(ctypes.Structure):
    """``struct kvm_run``'s ``mmio``: a load or store outside RAM."""

    _fields_ = (
        ("phys_addr", ctypes.c_uint64),
        ("data", ctypes.c_uint8 * 8),
        ("len", ctypes.c_uint32),
        ("is_write", ctypes.c_uint8),
    )


class _Why(ctypes.Union):
    _fields_ = (("io", Io), ("mmio", Mmio), ("number", ctypes.c_uint64), ("padding", ctypes.c_uint8 * 256))


class Run(ctypes.Structure):
    """The beginning of ``struct kvm_run``, the page that we share with KVM: what we want, and why a guest was left."""

    _fields_ = (
        ("request_interrupt_window", ctypes.c_uint8),
        ("immediate_exit", ctypes.c_uint8),
        ("padding1", ctypes.c_uint8 * 6),
        ("exit_reason", ctypes.c_uint32),
        ("ready_for_interrupt_injection", ctypes.c_uint8),
        ("if_flag", ctypes.c_uint8),
        ("flags", ctypes.c_uint16),
        ("cr8", ctypes.c_uint64),
        ("apic_base", ctypes.c_uint64),
        ("why", _Why),
    )


class SignalMask(ctypes.Structure):
    """``struct kvm_signal_mask`` with the kernel's set of 64 signals behind it."""

    _pack_ = 4
    _fields_ = (("len", ctypes.c_uint32), ("sigset", ctypes.c_uint64))


class Cpuid(ctypes.Structure):
    """``struct kvm_cpuid2`` with room for as many entries as KVM has: what ``cpuid`` tells the guest."""

    ROOM = 256
    _fields_ = (("nent", ctypes.c_uint32), ("padding", ctypes.c_uint32), ("entries", ctypes.c_uint8 * 40 * ROOM))


_NONE, _WRITE, _READ = 0, 1, 2
_KVM = 0xAE


def _number(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | _KVM << 8 | number


GET_API_VERSION = _number(_NONE, 0x00, 0)
CREATE_VM = _number(_NONE, 0x01, 0)
CHECK_EXTENSION = _number(_NONE, 0x03, 0)
GET_VCPU_MMAP_SIZE = _number(_NONE, 0x04, 0)
GET_SUPPORTED_CPUID = _number(_READ | _WRITE, 0x05, 8)
CREATE_VCPU = _number(_NONE, 0x41, 0)
SET_USER_MEMORY_REGION = _number(_WRITE, 0x46, ctypes.sizeof(UserMemoryRegion))
SET_TSS_ADDR = _number(_NONE, 0x47, 0)
RUN = _number(_NONE, 0x80, 0)
GET_REGS = _number(_READ, 0x81, ctypes.sizeof(Regs))
SET_REGS = _number(_WRITE, 0x82, ctypes.sizeof(Regs))
GET_SREGS = _number(_READ, 0x83, ctypes.sizeof(Sregs))
SET_SREGS = _number(_WRITE, 0x84, ctypes.sizeof(Sregs))
SET_SIGNAL_MASK = _number(_WRITE, 0x8B, 4)
SET_CPUID2 = _number(_WRITE, 0x90, 8)

CAP_SET_TSS_ADDR = 4

#: Numbers of exit reasons, as kvm_run's ``exit_reason`` has them.
EXIT_IO, EXIT_HLT, EXIT_MMIO, EXIT_SHUTDOWN, EXIT_FAIL_ENTRY, EXIT_INTERNAL_ERROR = 2, 5, 6, 8, 9, 17
#: kvm_run's ``io.direction`` of an ``out``.
IO_OUT = 1
