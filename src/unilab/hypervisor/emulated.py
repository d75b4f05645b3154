"""A processor made of software, where /dev/kvm is missing or broken: Unicorn, which is QEMU's emulator as a library.

It stops for the same reasons as a real one. What it cannot do is deliver exceptions to a guest, and it need not:
guests here start with an empty interrupt table, so each exception is a triple fault.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import threading
from collections.abc import Callable, Iterator

import unicorn
from unicorn import x86_const as x86

from unilab.errors import CourseError
from unilab.hypervisor.kvm_abi import REGISTERS
from unilab.hypervisor.ledger import Ledger
from unilab.hypervisor.state import EFER_LMA, State
from unilab.hypervisor.values import Access, Reason, Stop

#: The number of the model-specific register EFER. Source: Intel SDM vol. 4.
_MSR_EFER = 0xC0000080
#: Addresses up to here that are no RAM are the devices'.
_FOUR_GIB = 1 << 32
#: An address that no guest here executes: Unicorn wants one to stop at.
_NOWHERE = {"real": 0xFFFFF, "long": 0xFFFF_FFFF_F000}
_INVALID_OPCODE = 6
#: Exceptions by number. Source: Intel SDM vol. 3A, "Exception and Interrupt Reference".
_EXCEPTIONS = {
    0: "divide error",
    1: "debug exception",
    3: "breakpoint",
    4: "overflow",
    _INVALID_OPCODE: "invalid opcode",
    8: "double fault",
    10: "invalid TSS",
    11: "segment not present",
    12: "stack-segment fault",
    13: "general protection",
    14: "page fault",
    16: "floating-point error",
    17: "alignment check",
}


class Emulated:
    """Unicorn as a backend of the hypervisor."""

    name = "emulated"

    def __init__(self) -> None:
        self.processor = f"a processor emulated by Unicorn {unicorn.__version__}"

    def run(self, memory: mmap.mmap, state: State, ledger: Ledger, deadline: float) -> Stop:
        """Run a guest from a state until it halts, fails, or its time is up.

        Arguments are those of ``Kvm.run``.

        Raises:
            CourseError: The state is neither of real nor of long mode.
        """
        processor = _make(state)
        # The mapping cannot go away while ctypes holds it, so its address stays good as long as this function runs.
        ram = ctypes.c_char.from_buffer(memory)
        processor.mem_map_ptr(0, len(memory), unicorn.UC_PROT_ALL, ctypes.addressof(ram))
        guest = _Guest(processor, state, ledger)
        guest.connect_ports()
        guest.connect_memory(len(memory))
        return guest.run(deadline)


def _make(state: State) -> unicorn.Uc:
    long = bool(state.efer & EFER_LMA)
    if not long and state.cr0 & 1:
        raise CourseError("the emulated processor starts in real mode or in long mode", remedy='use backend="kvm"')
    processor = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64 if long else unicorn.UC_MODE_16)
    if long:
        # Its segments are flat from the beginning. Paging last: the tables must be known by then.
        processor.reg_write(x86.UC_X86_REG_CR3, state.cr3)
        processor.reg_write(x86.UC_X86_REG_CR4, state.cr4)
        processor.msr_write(_MSR_EFER, state.efer)
        processor.reg_write(x86.UC_X86_REG_CR0, state.cr0)
    return processor


class _Guest:
    """One run: what the hooks below have to share."""

    def __init__(self, processor: unicorn.Uc, state: State, ledger: Ledger) -> None:
        self._processor = processor
        self._state = state
        self._ledger = ledger
        self._exception: int | None = None
        self._raised: BaseException | None = None
        #: By the names of 64-bit registers, those that there are in this mode.
        self._numbers = {name: number for name in REGISTERS if (number := _number(name, state.mode)) is not None}

    def connect_ports(self) -> None:
        """Have ``in`` and ``out`` answered, and exceptions noted."""

        def read(_: unicorn.Uc, port: int, size: int, __: object) -> int:
            return self._answer(Access(Reason.IO, port, size, False))

        def write(_: unicorn.Uc, port: int, size: int, value: int, __: object) -> None:
            self._answer(Access(Reason.IO, port, size, True, value))

        self._on_instruction(read, x86.UC_X86_INS_IN)
        self._on_instruction(write, x86.UC_X86_INS_OUT)
        self._processor.hook_add(unicorn.UC_HOOK_INTR, self._note_exception)

    def connect_memory(self, ram: int) -> None:
        """Have every access to memory that is not there answered."""

        def read(_: unicorn.Uc, offset: int, size: int, __: object) -> int:
            return self._answer(Access(Reason.MMIO, ram + offset, size, False))

        def write(_: unicorn.Uc, offset: int, size: int, value: int, __: object) -> None:
            self._answer(Access(Reason.MMIO, ram + offset, size, True, value))

        self._processor.mmio_map(ram, _FOUR_GIB - ram, read, None, write, None)

    def run(self, deadline: float) -> Stop:
        """Execute until an end."""
        self._processor.reg_write(self._numbers["rsp"], self._state.rsp)
        with _alarm(self._processor, deadline) as passed:
            self._ledger.start()
            try:
                self._processor.emu_start(self._state.rip, _NOWHERE[self._state.mode])
            except unicorn.UcError as error:
                if error.errno != unicorn.UC_ERR_INSN_INVALID:
                    return self._stop(Reason.INTERNAL_ERROR, f"Unicorn says: {error}")
                self._exception = _INVALID_OPCODE
            if self._raised is not None:
                raise self._raised
            if self._exception is not None:
                name = _EXCEPTIONS.get(self._exception, "interrupt")
                where = f"at rip {self._registers()['rip']:#x}"
                return self._stop(Reason.SHUTDOWN, f"exception {self._exception} ({name}) {where}")
            if passed.is_set():
                return Stop(None, self._registers())
            return self._stop(Reason.HLT)

    def _answer(self, access: Access) -> int:
        # Nothing may be raised through Unicorn, which is C: the guest is stopped, and it is raised afterwards.
        try:
            return 0 if self._raised else self._ledger.answer(access)
        except BaseException as error:
            self._raised = error
            self._processor.emu_stop()
            return 0

    def _stop(self, reason: Reason, detail: str = "") -> Stop:
        self._ledger.note(reason)
        return Stop(reason, self._registers(), detail)

    def _note_exception(self, processor: unicorn.Uc, number: int, _: object) -> None:
        self._exception = number
        processor.emu_stop()

    def _on_instruction(self, callback: Callable[..., object], instruction: int) -> None:
        self._processor.hook_add(unicorn.UC_HOOK_INSN, callback, None, 1, 0, instruction)

    def _registers(self) -> dict[str, int]:
        return {name: self._processor.reg_read(number) for name, number in self._numbers.items()}


def _number(name: str, mode: str) -> int | None:
    """Unicorn's number of a register; in real mode of its lower half, and none for r8 to r15."""
    if mode == "real":
        name = "e" + name[1:] if name[1:].isalpha() else ""
    elif name == "rflags":
        name = "eflags"
    found = getattr(x86, f"UC_X86_REG_{name.upper()}", None)
    return None if found is None else int(found)


@contextlib.contextmanager
def _alarm(processor: unicorn.Uc, seconds: float) -> Iterator[threading.Event]:
    """Stops the processor when the time is up, and sets the event before.

    Unicorn has a deadline of its own, but watches it by waking up every few microseconds.
    """
    passed, done = threading.Event(), threading.Event()

    def ring() -> None:
        if done.wait(seconds):
            return
        passed.set()
        while not done.wait(0.001):  # again: the first may come before it has started
            processor.emu_stop()

    thread = threading.Thread(target=ring, name="deadline of a guest", daemon=True)
    thread.start()
    try:
        yield passed
    finally:
        done.set()
        thread.join()
