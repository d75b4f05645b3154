"""QEMU's own log of a guest under emulation: the address of every instruction, and every access to a device.

Source: QEMU, "-d help": ``exec`` and ``nochain``; docs/devel/tracing.rst. With one instruction in each translation
block, a block that is logged is an instruction.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from unilab.errors import MachineError
from unilab.machines import qemu
from unilab.machines.virtual_machine import VirtualMachine

#: Since this version, the monitor's command for one instruction a block has another name.
_RENAMED = (8, 1)
#: Index of a processor, where its code is, then the address of the guest's code and the flags it was translated for.
_BLOCK = re.compile(r"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/([0-9a-f]+)/")
#: The block that was logged last was not executed: an interrupt came first.
_STOPPED = re.compile(r"Stopped execution of TB chain before \S+ \[([0-9a-f]+)\]")
_ACCESS = re.compile(r"memory_region_ops_(read|write) cpu \d+ mr \S+ addr 0x([0-9a-f]+) value 0x([0-9a-f]+) ")
_EVENTS = ("memory_region_ops_read", "memory_region_ops_write")
#: Some two million instructions, and how often to look, in seconds.
_MOST_BYTES, _LOOK_SECONDS = 160 << 20, 0.2
#: The lowest two of a block's flags are the privilege level it is for. Source: QEMU, target/i386/cpu.h, HF_CPL_MASK.
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Logged:
    """An instruction that the guest has executed, or begun to.

    Attributes:
        address: Where it is, bytes.
        privilege_level: 0 to 3.
        device: The port or physical address of a device that it accessed; None for none.
        written: What it wrote there; None if it did not.
    """

    address: int
    privilege_level: int
    device: int | None = None
    written: int | None = None


def record(machine: VirtualMachine, run: Callable[[], None]) -> list[Logged]:
    """Have a stopped guest run, and log it.

    Args:
        machine: Under the accelerator ``tcg``.
        run: Lets it run, and returns when it has stopped.

    Returns:
        What it executed, in order.

    Raises:
        MachineError: QEMU does not log, or has ended; or the log gets too long, and the machine was ended.
    """
    with tempfile.TemporaryDirectory(prefix="unilab-") as folder:
        log = Path(folder) / "log"
        one = "singlestep" if qemu.find().version < _RENAMED else "one-insn-per-tb"
        _tell(machine, f"logfile {log}")
        for event in _EVENTS:
            _tell(machine, f"trace-event {event} on")
        _tell(machine, f"{one} on")
        _tell(machine, "log exec,nochain")
        with bounded(log, machine):
            run()
            _tell(machine, "log none")
        with log.open(encoding="ascii", errors="replace") as lines:
            return list(parse(lines))


@contextlib.contextmanager
def bounded(log: Path, machine: VirtualMachine) -> Iterator[None]:
    """Ends the machine when its log gets too long: a guest that waits for something fills disks."""
    done = threading.Event()

    def too_long() -> bool:
        return log.exists() and log.stat().st_size > _MOST_BYTES

    def watch() -> None:
        while not done.wait(_LOOK_SECONDS):
            if too_long():
                machine._live_keeper().kill()
                return

    watcher = threading.Thread(target=watch, name="length of a log", daemon=True)
    watcher.start()
    try:
        yield
    except MachineError:
        if not too_long():
            raise
    finally:
        done.set()
        watcher.join()
    if too_long():
        raise MachineError(
            f"QEMU's log is longer than {_MOST_BYTES >> 20} MiB, and what it is about has not ended",
            remedy="follow a call that waits for nothing",
        )


def parse(lines: Iterable[str]) -> Iterator[Logged]:
    """Read the lines of a log."""
    last: Logged | None = None
    for line in lines:
        if block := _BLOCK.match(line):
            if last is not None:
                yield last
            last = Logged(int(block[1], 16), int(block[2], 16) & _LEVEL)
        elif (stopped := _STOPPED.match(line)) and last is not None and last.address == int(stopped[1], 16):
            last = None
        elif (access := _ACCESS.match(line)) and last is not None and last.device is None:
            # The first: what a device accesses in turn is none of the instruction's.
            written = int(access[3], 16) if access[1] == "write" else None
            last = Logged(last.address, last.privilege_level, int(access[2], 16), written)
    if last is not None:
        yield last


def _tell(machine: VirtualMachine, command: str) -> None:
    machine._tell("human-monitor-command", **{"command-line": command})
