"""What can be seen of a guest's memory from outside, whatever runs in it."""

from __future__ import annotations

import mmap
import os
import re
from abc import abstractmethod
from io import FileIO
from typing import Any

from unilab.errors import LayoutError, MachineError
from unilab.machines import nested
from unilab.machines.machine import Machine
from unilab.spaces import paging, registers
from unilab.spaces.model import AddressSpace
from unilab.spaces.nested import Nested
from unilab.spaces.page_walk import PageWalk


class GuestMemory(Machine):
    """A machine whose RAM is a file in memory that this process maps too, and whose processor QEMU tells of."""

    #: MiB.
    _memory = 0
    _ram: mmap.mmap | None = None
    _ram_file: FileIO | None = None

    @abstractmethod
    def _tell(self, command: str, **arguments: object) -> Any:
        """Run a QMP command; an error says how the machine was doing."""

    def memory(self, physical: int, length: int) -> bytes:
        """Bytes of the guest's RAM, which this process shares with QEMU.

        Args:
            physical: Guest-physical address.
            length: Bytes.

        Raises:
            MachineError: Not all of it is RAM.
        """
        if physical < 0 or length < 0 or physical + length > self._memory << 20:
            raise MachineError(f"guest-physical {physical:#x} is not RAM of this machine, which has {self._memory} MiB")
        ram = self._ram
        try:
            if ram is not None:
                return ram[physical : physical + length]
        except ValueError:
            pass  # it was closed
        raise self._error("the machine has no memory before its start and after its quit")

    def write_memory(self, physical: int, data: bytes) -> None:
        """Write to the guest's RAM as a device does: past its page tables, and without its knowledge.

        Args:
            physical: Guest-physical address.
            data: What is to be there.

        Raises:
            MachineError: Not all of it is RAM; or the machine has not started, or was quit.
        """
        self.memory(physical, len(data))  # or it says what is wrong
        assert self._ram is not None
        self._ram[physical : physical + len(data)] = data

    def _ram_and_extents(self) -> tuple[mmap.mmap, list[tuple[int, int]]]:
        """All of RAM, and the ranges of it that were ever touched: to read others would make pages for them."""
        if self._ram is None or self._ram_file is None or self._ram_file.closed:
            raise self._error("the machine has no memory before its start and after its quit")
        fd, size = self._ram_file.fileno(), self._memory << 20
        extents, at = [], 0
        while at < size:
            try:
                start = os.lseek(fd, at, os.SEEK_DATA)
            except OSError:
                break  # nothing follows
            at = os.lseek(fd, start, os.SEEK_HOLE)
            extents.append((start, at))
        return self._ram, extents

    def registers(self) -> registers.Registers:
        """The processor's registers now."""
        return registers.parse_info_registers(self.monitor_text("info registers"))

    def query(self, command: str, **arguments: object) -> Any:
        """What QEMU answers to a command of its monitor (QMP) that only asks.

        Raises:
            MachineError: QEMU refuses it, or has ended.
        """
        return self._tell(command, **arguments)

    def qemu_translation(self, virtual: int) -> int | None:
        """Where QEMU itself says that a virtual address leads now: an oracle for page-table walkers.

        Returns:
            The guest-physical address; None where nothing is mapped.

        Source:
            ``gva2gpa`` of QEMU's monitor, which writes zero without 0x.
        """
        match = re.search(r"gpa: (?:0x)?([0-9a-f]+)", self.monitor_text(f"gva2gpa {virtual:#x}"))
        return int(match[1], 16) if match else None

    def monitor_text(self, command_line: str) -> str:
        """What QEMU's human monitor answers to a command.

        Raises:
            MachineError: QEMU refused it, does not answer, or is gone.
        """
        return str(self._tell("human-monitor-command", **{"command-line": command_line}))

    def page_walk(self, virtual: int, root: int | None = None) -> PageWalk:
        """Translate a virtual address as the processor would now, entry by entry.

        Args:
            virtual: The address, bytes.
            root: Physical address of the top page table, as ``AddressSpace.translation`` has it; CR3 for None.

        Raises:
            LayoutError: There are no 64-bit page tables yet.
            MachineError: The machine has ended.
        """

        def look() -> PageWalk:
            now = self.registers()
            if not (now.paging and now.long_mode):
                raise LayoutError("the guest has no 64-bit page tables yet", remedy="look later")
            return paging.page_walk(
                virtual,
                now.cr3 if root is None else root,
                lambda table: self.memory(table, paging.TABLE_BYTES),
                levels=now.levels,
                no_execute=now.no_execute,
                space=f"{self.image.program.stem}, {self.architecture}",
            )

        return self._while_still(look)

    def physical_space(self) -> AddressSpace:
        """Guest-physical memory: RAM, ROM and devices, as QEMU's memory tree has them.

        Raises:
            MachineError: The machine has ended.
        """
        return self._while_still(lambda: nested.physical_space(self))

    def host_space(self) -> AddressSpace:
        """QEMU's own process on this host, with the guest's RAM named in it.

        Raises:
            MachineError: The machine has ended, or the host does not let us look.
        """
        with self._lock:
            self._must_live()
            return nested.host_space(self)

    def nested(self, virtual: int, root: int | None = None) -> Nested:
        """Follow a byte down: guest virtual, guest physical, QEMU's virtual, host frame; read at each stage.

        Args:
            virtual: Its virtual address, in the program's address space unless ``root`` says otherwise.
            root: Physical address of the top page table, as ``AddressSpace.translation`` has it.

        Raises:
            LayoutError: Nothing is mapped there.
            MachineError: What is mapped there is no RAM; the machine has ended; or the host does not let us look.
        """

        def look() -> Nested:
            space = self._read_space()
            return nested.nested(self, virtual, space.translation.root if root is None else root, space)

        return self._while_still(look)

    def own_address(self, physical: int) -> int:
        """Where this process itself has a byte of the guest's RAM mapped.

        Raises:
            MachineError: The machine has not started, or was quit.
        """
        if self._ram is None or self._ram.closed:
            raise self._error("the machine has no memory before its start and after its quit")
        return nested.address_of(self._ram) + physical
