"""A processor out of /dev/kvm: the host's own executes the guest, and comes back to us when it must not go on.

The calls in their order are the whole of what a hypervisor does: make a virtual machine, give it memory and a
processor, set that processor's registers, then run it, again and again, answering what it asks for.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import signal
import threading
from collections.abc import Iterator

from unilab.errors import Unavailable
from unilab.hypervisor import kvm_abi as abi
from unilab.hypervisor.ledger import Ledger
from unilab.hypervisor.state import Segment, State
from unilab.hypervisor.values import Access, Reason, Stop

DEVICE = "/dev/kvm"
_REASONS = {
    abi.EXIT_HLT: Reason.HLT,
    abi.EXIT_SHUTDOWN: Reason.SHUTDOWN,
    abi.EXIT_FAIL_ENTRY: Reason.FAIL_ENTRY,
    abi.EXIT_INTERNAL_ERROR: Reason.INTERNAL_ERROR,
}
#: Where Intel processors without "unrestricted guest" keep what they need for real mode: above all RAM, and still a
#: number that Python passes as an ioctl's argument.
_TSS_PAGES = 0x7FFFD000
#: Ends a run whose time is up. Blocked except inside KVM_RUN, which it interrupts, so it needs no handler.
#: Linux has it; this module may be imported elsewhere.
_ALARM = getattr(signal, "SIGRTMAX", 64) - 1
#: RFLAGS with nothing set: bit 1 is always one.
_NO_FLAGS = 1 << 1


class Kvm:
    """KVM as a backend of the hypervisor."""

    name = "kvm"

    def __init__(self) -> None:
        self.processor = "this host's processor, by KVM"

    def run(self, memory: mmap.mmap, state: State, ledger: Ledger, deadline: float) -> Stop:
        """Run a guest from a state until it halts, fails, or its time is up.

        Args:
            memory: The guest's RAM from physical address 0 on.
            state: What its processor holds at first.
            ledger: Answers each access to a port or to memory that is not there, and notes every exit.
            deadline: Seconds.

        Raises:
            Unavailable: There is no /dev/kvm, we may not use it, or it refuses.
        """
        try:
            with contextlib.ExitStack() as undo:
                return _run(undo, memory, state, ledger, deadline)
        except OSError as error:
            raise Unavailable(
                f"KVM does not run guests here: {error}", remedy='use backend="emulated", which any host has'
            ) from error


def _run(undo: contextlib.ExitStack, memory: mmap.mmap, state: State, ledger: Ledger, deadline: float) -> Stop:
    def owned(fd: int) -> int:
        undo.callback(os.close, fd)
        return fd

    kvm = owned(os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC))
    if (version := fcntl.ioctl(kvm, abi.GET_API_VERSION)) != abi.API_VERSION:
        raise OSError(f"its interface has version {version}, and this is written for {abi.API_VERSION}")
    machine = owned(fcntl.ioctl(kvm, abi.CREATE_VM, 0))
    if fcntl.ioctl(kvm, abi.CHECK_EXTENSION, abi.CAP_SET_TSS_ADDR):
        fcntl.ioctl(machine, abi.SET_TSS_ADDR, _TSS_PAGES)

    # The mapping cannot go away while ctypes holds it, so its address stays good as long as this function runs.
    ram = ctypes.c_char.from_buffer(memory)
    region = abi.UserMemoryRegion(memory_size=len(memory), userspace_addr=ctypes.addressof(ram))
    fcntl.ioctl(machine, abi.SET_USER_MEMORY_REGION, region)

    vcpu = owned(fcntl.ioctl(machine, abi.CREATE_VCPU, 0))
    size = fcntl.ioctl(kvm, abi.GET_VCPU_MMAP_SIZE)
    page = mmap.mmap(vcpu, size)
    _tell_features(kvm, vcpu)
    _set_registers(vcpu, state)

    return _loop(vcpu, page, abi.Run.from_buffer(page), ledger, deadline)


def _tell_features(kvm: int, vcpu: int) -> None:
    """What the guest's ``cpuid`` says: everything this host can do."""
    features = abi.Cpuid(nent=abi.Cpuid.ROOM)
    fcntl.ioctl(kvm, abi.GET_SUPPORTED_CPUID, features)
    fcntl.ioctl(vcpu, abi.SET_CPUID2, features)


def _set_registers(vcpu: int, state: State) -> None:
    special = abi.Sregs()
    fcntl.ioctl(vcpu, abi.GET_SREGS, special)
    special.cs = _segment(state.code)
    for name in ("ds", "es", "fs", "gs", "ss"):
        setattr(special, name, _segment(state.data))
    special.cr0, special.cr3, special.cr4, special.efer = state.cr0, state.cr3, state.cr4, state.efer
    special.idt = abi.DescriptorTable()
    fcntl.ioctl(vcpu, abi.SET_SREGS, special)
    fcntl.ioctl(vcpu, abi.SET_REGS, abi.Regs(rip=state.rip, rsp=state.rsp, rflags=_NO_FLAGS))


def _segment(wanted: Segment) -> abi.Segment:
    return abi.Segment(
        base=wanted.base,
        limit=wanted.limit,
        selector=wanted.selector,
        type=wanted.type,
        present=1,
        db=wanted.wide,
        s=1,
        l=wanted.long,
        g=wanted.pages,
    )


def _loop(vcpu: int, page: mmap.mmap, shared: abi.Run, ledger: Ledger, deadline: float) -> Stop:
    with _alarm(vcpu, deadline) as passed:
        ledger.start()
        while True:
            try:
                fcntl.ioctl(vcpu, abi.RUN)
            except InterruptedError:
                # The alarm, or a signal for Python, whose handler has run by now.
                if passed.is_set():
                    return Stop(None, _registers(vcpu))
                continue
            if shared.exit_reason == abi.EXIT_IO:
                _answer_io(page, shared.why.io, ledger)
            elif shared.exit_reason == abi.EXIT_MMIO:
                _answer_mmio(shared.why.mmio, ledger)
            else:
                reason = _REASONS.get(shared.exit_reason, Reason.INTERNAL_ERROR)
                ledger.note(reason)
                return Stop(reason, _registers(vcpu), _detail(shared))


def _answer_io(page: mmap.mmap, io: abi.Io, ledger: Ledger) -> None:
    """Answer an ``in`` or ``out``; one with ``rep`` may bring many values in one exit."""
    for at in range(io.data_offset, io.data_offset + io.size * io.count, io.size):
        if io.direction == abi.IO_OUT:
            value = int.from_bytes(page[at : at + io.size], "little")
            ledger.answer(Access(Reason.IO, io.port, io.size, True, value))
        else:
            value = ledger.answer(Access(Reason.IO, io.port, io.size, False))
            page[at : at + io.size] = _bytes(value, io.size)


def _answer_mmio(mmio: abi.Mmio, ledger: Ledger) -> None:
    size = mmio.len
    if mmio.is_write:
        value = int.from_bytes(bytes(mmio.data[:size]), "little")
        ledger.answer(Access(Reason.MMIO, mmio.phys_addr, size, True, value))
    else:
        value = ledger.answer(Access(Reason.MMIO, mmio.phys_addr, size, False))
        mmio.data[:size] = list(_bytes(value, size))


def _bytes(value: int, size: int) -> bytes:
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def _registers(vcpu: int) -> dict[str, int]:
    registers = abi.Regs()
    fcntl.ioctl(vcpu, abi.GET_REGS, registers)
    return {name: getattr(registers, name) for name in abi.REGISTERS}


def _detail(shared: abi.Run) -> str:
    if shared.exit_reason == abi.EXIT_FAIL_ENTRY:
        return f"the processor's reason has the number {shared.why.number:#x}"
    return "" if shared.exit_reason in _REASONS else f"KVM's exit reason {shared.exit_reason}"


@contextlib.contextmanager
def _alarm(vcpu: int, seconds: float) -> Iterator[threading.Event]:
    """Interrupts this thread's KVM_RUN when the time is up, and sets the event before.

    The signal is blocked in this thread but for KVM_RUN (KVM_SET_SIGNAL_MASK). So one that comes between two runs
    waits for the next, and nothing of the process changes: not even a handler, which only a main thread could set.
    """
    passed = threading.Event()
    thread = threading.get_ident()

    def ring() -> None:
        passed.set()
        signal.pthread_kill(thread, _ALARM)

    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [_ALARM])
    while_running = sum(1 << int(number) - 1 for number in blocked - {_ALARM})
    try:
        fcntl.ioctl(vcpu, abi.SET_SIGNAL_MASK, abi.SignalMask(len=8, sigset=while_running))
        timer = threading.Timer(seconds, ring)
        timer.daemon = True
        timer.start()
        try:
            yield passed
        finally:
            timer.cancel()
            timer.join()
            while signal.sigtimedwait([_ALARM], 0) is not None:
                pass
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
