"""A guest that waits for ever for its device: what the rings say of who waits for whom.

Source: Virtual I/O Device (VIRTIO) Version 1.2, sections "Split Virtqueues" and "Device Status Field".
"""

from __future__ import annotations

from dataclasses import dataclass

from unilab.spaces.virtio import DeviceState
from unilab.spaces.virtqueue import QueueState

_WRAP = 1 << 16


@dataclass(frozen=True, slots=True)
class Standstill:
    """One queue of a guest whose processor is halted, and its device.

    Attributes:
        queue: The queue.
        device: How its device stands.
        complaints: What QEMU said on its standard error; empty for nothing.
    """

    queue: QueueState
    device: DeviceState
    complaints: str = ""

    @property
    def unpublished(self) -> int:
        """Requests that the driver has described, and not published."""
        return 0 if self.queue.driver is None else (self.queue.driver.added - self.queue.available_index) % _WRAP

    @property
    def untold(self) -> int:
        """Requests that are published, and that the device has not taken."""
        taken = self.queue.device_index
        return 0 if taken is None else (self.queue.available_index - taken) % _WRAP

    @property
    def unseen(self) -> int:
        """Requests that the device has given back, and that the driver has not looked at."""
        return 0 if self.queue.driver is None else (self.queue.used_index - self.queue.driver.seen) % _WRAP

    @property
    def hopeless(self) -> bool:
        """Whether nothing that is under way can end it: nobody will make the next move."""
        return bool(self.device.broken or self.untold or self.unseen or self.unpublished)

    def why(self) -> str:
        """In a sentence or two, who waits for whom, and what to check."""
        name = self.queue.name
        if self.device.broken:
            said = f" QEMU says: {self.complaints.strip().splitlines()[-1]}." if self.complaints.strip() else ""
            return (
                f"{name}: the device gave up on its driver (DEVICE_NEEDS_RESET).{said} Look at what the descriptors "
                "say: flags, lengths, and their order."
            )
        if self.untold:
            return (
                f"{name}: {_requests(self.untold)} published, and the device has not taken it: it was never told, or "
                "finds nothing in it to do. Is the device notified after the available index has moved? Are the flags "
                "right?"
            )
        if self.unseen:
            return (
                f"{name}: {_requests(self.unseen)} back from the device, and the driver has not taken it. Does the "
                "used index lead to the used ring, and does whoever waits wake up?"
            )
        if self.unpublished:
            return f"{name}: {_requests(self.unpublished)} described, and the available index was never moved."
        free = (
            "" if self.queue.driver is None else f" {self.queue.driver.free} of {self.queue.size} descriptors are free."
        )
        if self.queue.outstanding:
            return f"{name}: {_requests(self.queue.outstanding)} with the device, which works.{free}"
        return f"{name}: nothing is with the device, and still somebody waits.{free}"


def _requests(count: int) -> str:
    return f"{count} request{' is' if count == 1 else 's are'}" if count else "no request is"
