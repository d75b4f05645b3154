"""The frames that pass a guest's card, written down by QEMU while it runs.

Source: QEMU, "-object filter-dump": the netdev's packets in the format of libpcap.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from unilab.errors import CourseError, MachineError
from unilab.machines.machine import Machine
from unilab.machines.network import UserNetwork
from unilab.machines.virtual_machine import VirtualMachine
from unilab.spaces.packets import Packet, read_pcap

#: What QEMU gives the first card of a machine.
CARD = "52:54:00:12:34:56"
_LOOK_SECONDS = 0.01
_numbers = count(1)


class Capture:
    """What has passed since it began.

    Args:
        file: Where QEMU writes.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: bytes | None = None

    @property
    def packets(self) -> tuple[Packet, ...]:
        """Every packet so far."""
        return read_pcap(self._kept if self._kept is not None else self._file.read_bytes(), CARD)

    def wait_for(self, wanted: Callable[[Packet], object], timeout: float = 30.0) -> Packet:
        """Wait for a packet, and give it back; the first, if it has passed already.

        Args:
            wanted: Whether it is the one.
            timeout: Seconds at most.

        Raises:
            MachineError: It has not come in that time.
        """
        end = time.monotonic() + timeout
        while True:
            for packet in self.packets:
                if wanted(packet):
                    return packet
            if time.monotonic() > end:
                seen = "\n".join(map(str, self.packets)) or "nothing has passed"
                raise MachineError(f"the packet has not come in {timeout:g} seconds. What has passed:\n{seen}")
            time.sleep(_LOOK_SECONDS)

    def _keep(self) -> None:
        self._kept = self._file.read_bytes()


@contextlib.contextmanager
def capture(machine: Machine) -> Iterator[Capture]:
    """Capture the packets of a guest with a network, for as long as the ``with`` statement lasts.

    Yields:
        The capture, which can be read meanwhile and afterwards.

    Raises:
        CourseError: It has no card that could be watched.
        MachineError: It has ended.
    """
    if not isinstance(machine, VirtualMachine) or not isinstance(machine._devices.network, UserNetwork):
        raise CourseError(
            "only a guest with a network can be watched so", remedy="start it with network=UserNetwork(...)"
        )
    name = f"capture{next(_numbers)}"
    with tempfile.TemporaryDirectory(prefix="unilab-") as folder:
        seen = Capture(Path(folder) / "pcap")
        machine.query("object-add", **{"qom-type": "filter-dump", "id": name, "netdev": "net", "file": str(seen._file)})
        try:
            yield seen
        finally:
            with contextlib.suppress(CourseError):  # it may have ended
                machine.query("object-del", id=name)
            seen._keep()
