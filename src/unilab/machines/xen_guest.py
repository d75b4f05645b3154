"""The program as a domain of Xen: a unikernel again, with a hypervisor between it and the machine."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from unilab.errors import CourseError, StartFailed
from unilab.machines.console import Console
from unilab.machines.crash import Crash
from unilab.machines.devices import Devices
from unilab.machines.keeper import Keeper
from unilab.machines.machine import EXIT
from unilab.machines.result import End, Outcome, State
from unilab.machines.segments import memory_end
from unilab.machines.unikernel import ENDINGS, EXIT_FUNCTION, guest_words
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces import marks, paging, xen
from unilab.spaces.exceptions import parse_panic
from unilab.spaces.model import AddressSpace
from unilab.toolchain import Image
from unilab.toolchain import xen as hypervisors
from unilab.toolchain.linkmap import LinkMap
from unilab.toolchain.symbols import SymbolTable, symbols_of

#: The first serial port is the program's; Xen has the second for itself, and tells everything there.
_XEN_WORDS = "com2=115200,8n1 console=com2 loglvl=all guest_loglvl=all dom0_max_vcpus=1 dom0_mem={memory}M"
#: MiB that Xen has for itself: it boots beside a small domain with half of that, and keeps records of each page.
_XEN_MEMORY, _XEN_SHARE = 64, 32
#: Bytes that Xen keeps of a domain's command line: xen/include/public/xen.h, MAX_GUEST_CMDLINE, less the NUL.
_MOST_WORDS = 1023
#: MiB: what the domain builder lays out ends at a multiple of that. Bytes: what lies there behind the image.
_LAYOUT, _BEHIND_IMAGE = 4, 1 << 20
_USER_LEVEL = 3
_TABLE_BYTES = 4096
_EXIT_STATUS = "libos_exit_status"
_CONTROL_D = b"\x04"
_MOST_LOG = 1 << 20
_LOG_LINES = 10
_CRASH = re.compile(r"domain_crash|crashed on cpu|Panic on CPU")
_DOMAIN_RIP = re.compile(r"RIP: +e033:\[<([0-9a-f]+)>\]")


class XenGuest(VirtualMachine):
    """The first domain of a Xen under QEMU.

    Args:
        image: Built for ``xen``.
        args: Arguments after the program's name.
        env: Its whole environment.
        machine: ``pc`` or ``q35``.
        accelerator: ``tcg`` or ``kvm``.
        memory: MiB of the domain; the machine has as much more as Xen needs.
        deadline: Seconds.
        stop_at: A function's name, ``EXIT`` or None.
        devices: None yet.
        cpu_without: Features that the processor does not have.
        cpu_with: Features that it has beside the usual ones.
    """

    architecture = "xen"

    def __init__(
        self,
        image: Image,
        console: Console,
        *,
        args: Sequence[str],
        env: Mapping[str, str],
        machine: str,
        accelerator: str,
        memory: int,
        deadline: float,
        stop_at: str | None,
        devices: Devices,
        cpu_without: Sequence[str] = (),
        cpu_with: Sequence[str] = (),
    ) -> None:
        if devices or devices.files:
            raise CourseError(
                "a domain of Xen has no files, disks or network here yet",
                remedy='leave out files, initrd, disks, network, entropy and second_console, or run it on="unikernel"',
            )
        if machine == "microvm":
            raise CourseError("Xen does not boot on microvm", remedy="run it with machine='pc' or 'q35'")
        self._words = guest_words([image.program.stem, *args], env)
        if (length := len(self._words.encode())) > _MOST_WORDS:
            raise CourseError(
                f"arguments and environment take {length} bytes, and Xen hands a domain {_MOST_WORDS}",
                remedy="give it fewer or shorter ones",
            )
        least = _LAYOUT * -(-(memory_end(image.path) + _BEHIND_IMAGE) // (_LAYOUT << 20))
        if memory < least:
            raise CourseError(
                f"{memory} MiB of memory are too little for a domain of Xen with this image",
                remedy=f"give it {least} MiB or more",
            )
        self._symbols = symbols_of(image.debug)
        stop = EXIT_FUNCTION if stop_at == EXIT else stop_at
        super().__init__(
            image,
            console,
            machine=machine,
            accelerator=accelerator,
            memory=memory + _XEN_MEMORY + memory // _XEN_SHARE,
            deadline=deadline,
            devices=devices,
            cpu_without=cpu_without,
            cpu_with=cpu_with,
            stop_at=None if stop is None else self._symbols.address(stop),
        )
        self._domain_memory = memory
        self._hypervisor = hypervisors.hypervisor()
        self._said = ""
        self._reported: int | None = None

    @property
    def hypervisor_log(self) -> str:
        """What Xen has told so far, from its boot on."""
        with self._lock:
            if self._log is not None and not self._log.closed:
                self._said = os.pread(self._log.fileno(), _MOST_LOG, 0).decode(errors="replace").replace("\r\n", "\n")
        return self._said

    def _boots(self) -> tuple[Path, str]:
        return self._hypervisor.image, _XEN_WORDS.format(memory=self._domain_memory)

    def _initramfs(self) -> bytes:
        return self.image.path.read_bytes()

    def _module_words(self) -> str:
        return self._words

    def _wants_log(self) -> bool:
        return True

    def _at_stop(self) -> bool:
        # While Xen boots, it executes from low addresses too; and what it runs at them later is at level 0.
        return self.registers().privilege_level == _USER_LEVEL

    def _outcome(self, keeper: Keeper) -> Outcome:
        reported = self._exit_report()
        if reported is not None:
            end = ENDINGS[reported & ~0xFF]
            if end is End.PANIC and self.crash is None:
                self.crash = Crash(self.image, self.console.text, parse_panic(self.console.text))
            return Outcome(end, reported & 0xFF)
        code, said = keeper.exit_code or 0, keeper.complaints
        log = self.hypervisor_log
        if code < 0:
            raise self._error(f"QEMU was ended by {signal.Signals(-code).name}. {said}".rstrip())
        if log and not said:
            raise self._error(_last_words(log, self._symbols), remedy="hypervisor_log has all that Xen has told")
        raise self._error(f"QEMU ended by itself. {said or 'It said nothing.'}", kind=StartFailed)

    def _exit_report(self) -> int | None:
        """What the domain left in libos_exit_status; None if it did not end by itself."""
        if self._ram is not None and not self._ram.closed:
            root = xen.domain_root(self._ram)
            where = None
            if root is not None:
                where = paging.translate(self._symbols.address(_EXIT_STATUS), root, self._read_table)
            value = 0 if where is None else int.from_bytes(self.memory(where[0], 4), "little")
            self._reported = value if value & ~0xFF in ENDINGS else None
        return self._reported

    def _read_table(self, address: int) -> bytes:
        return self.memory(address, _TABLE_BYTES)

    def reset(self) -> None:
        """Not for domains of Xen: a program's end is a reset of the machine, and would be one for ever."""
        raise self._error("the machine under Xen cannot be reset", remedy="quit it and start another")

    def send(self, text: str) -> None:
        """Type on the serial console."""
        data = text.encode()
        if _CONTROL_D in data:
            raise CourseError("control-D cannot be typed as text: it ends the input", remedy="use send_eof()")
        self._type(data)

    def send_eof(self) -> None:
        """Type control-D twice: once ends an unfinished line, once on an empty line ends the input."""
        self._type(_CONTROL_D * 2)

    def _read_space(self) -> AddressSpace:
        """The domain's, from its page tables: what is Xen's in them, too."""
        return self._read_spaces()[0]

    def address_spaces(self) -> tuple[AddressSpace, ...]:
        """The domain's, and the one that Xen has when no domain runs."""
        with self._lock:
            self._must_live()
            running = self.state is State.RUNNING
            try:
                self.pause()
                return self._read_spaces()
            finally:
                if running and self.state is not State.ENDED:
                    self.resume()

    def _read_spaces(self) -> tuple[AddressSpace, ...]:
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        assert self._ram is not None
        domain, *others = xen.spaces(
            self._ram,
            self._symbols,
            LinkMap.read(self.image.map),
            name=f"{self.image.program.stem} as a domain of Xen",
            origin=f"QEMU {self.machine}, {self.accelerator}, Xen {self._hypervisor.version}, page tables, {now}",
        )
        return replace(domain, marks=marks.of_names(self._symbols.names())), *others

    def _release(self) -> None:
        if self._keeper is not None and self._keeper.ended.is_set():
            self._exit_report()  # kept: it is in the memory that goes now
        _ = self.hypervisor_log
        super()._release()


def _last_words(log: str, symbols: SymbolTable) -> str:
    """What Xen tells of an end that is not the program's: from the line on that says so, with a name for the place."""
    lines = log.splitlines()
    begin = next((i for i, line in enumerate(lines) if _CRASH.search(line)), len(lines) - _LOG_LINES)
    told = "\n".join(lines[max(begin, 0) :][: 2 * _LOG_LINES])
    place = _DOMAIN_RIP.search(told)
    location = None if place is None else symbols.locate(int(place[1], 16))
    return f"Xen has ended the domain{f' at {location}' if location else ', or itself'}:\n{told}"
