"""What rings say of who waits for whom."""

from __future__ import annotations

import pytest

from unilab.spaces.standstill import Standstill
from unilab.spaces.virtio import DeviceState
from unilab.spaces.virtqueue import Driver, QueueState

_OK = ("ACKNOWLEDGE", "DRIVER", "FEATURES_OK", "DRIVER_OK")


def _stands(
    published: int, taken: int | None, used: int, driver: Driver | None, *, broken: bool = False, said: str = ""
) -> Standstill:
    queue = QueueState("virtio-blk", "requests", 8, 0, (), 0, 0, published, (), 0, 0, used, (), taken, driver)
    return Standstill(queue, DeviceState("virtio-blk", (), (), _OK + ("DEVICE_NEEDS_RESET",) * broken, broken), said)


_UNTOLD = _stands(0, 65535, 65535, Driver(4, 1, 0, 65535))
_UNSEEN = _stands(2, 2, 2, Driver(4, 1, 2, 1))
_BROKEN = _stands(1, 1, 0, Driver(4, 1, 1, 0), broken=True, said="qemu: one\nqemu: virtio-blk missing headers\n")
_ADDED = _stands(1, 1, 1, Driver(4, 1, 2, 1))
_AT_WORK = _stands(2, 2, 1, Driver(4, 1, 2, 1))
_NOTHING = _stands(1, None, 1, None)


@pytest.mark.parametrize(
    ("stands", "hopeless", "said"),
    [
        (_UNTOLD, True, "1 request is published, and the device has not taken it"),
        (_UNSEEN, True, "1 request is back from the device, and the driver has not taken it"),
        (_BROKEN, True, "QEMU says: qemu: virtio-blk missing headers."),
        (_ADDED, True, "1 request is described, and the available index was never moved"),
        (_AT_WORK, False, "1 request is with the device, which works. 4 of 8 descriptors are free."),
        (_NOTHING, False, "nothing is with the device, and still somebody waits."),
    ],
)
def test_the_rings_say_who_waits(stands: Standstill, hopeless: bool, said: str) -> None:
    assert stands.hopeless == hopeless
    assert said in stands.why()
