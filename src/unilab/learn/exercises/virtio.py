"""Exercises of notebook 09, Devices that do not exist: virtio."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import EllipsisType

from unilab.errors import CourseError
from unilab.learn.edit import edit
from unilab.learn.feedback import Feedback, check
from unilab.machines import start
from unilab.machines.disk_image import make_disk
from unilab.machines.standstill import standstill
from unilab.spaces.standstill import Standstill
from unilab.spaces.virtio import DeviceTalk

_VERSION_1 = 1 << 32
_WRAP = 1 << 16
_DISK_BYTES = 1 << 20
#: Chosen so that the order of the guests says nothing: others, other order.
_ORDER = 9
#: Seconds: a machine that hangs is looked at, and then ended.
_LONG = 120.0

NO_KICK, GAVE_UP, DEAF = "the device was never told", "the device gave up", "the driver does not look"
#: Verdict -> what is broken to earn it: the file, what is there, and what is put in its place.
FAULTS = {
    NO_KICK: (
        "dev/virtio.c",
        "    if (virtqueue_publish(device->queues[queue]) && device->work)\n"
        "        device->transport->notify(device, queue);\n",
        "    virtqueue_publish(device->queues[queue]);\n",
    ),
    GAVE_UP: ("dev/virtqueue.c", "(i < readable ? 0 : DESCRIPTOR_WRITE)", "DESCRIPTOR_WRITE"),
    DEAF: ("dev/virtio_mmio.c", "    if (device->work)\n        work_ask(device->work);\n", ""),
}


def accept(answer: Callable[[int, int, int], int | None] | EllipsisType, talk: DeviceTalk) -> Feedback:
    """Exercise 1: what a driver accepts of what a device offers."""
    return check(
        "what a driver accepts",
        answer if answer is ... else lambda: _accepts(answer, talk),
        hints=[
            "a driver may accept only bits that are offered: optional & offered, and the required ones.",
            "if required & ~offered is not 0, the device lacks something: return None.",
        ],
        answer="lambda offered, required, optional: None if required & ~offered else required | optional & offered",
        objective=1,
    )


def _accepts(answer: Callable[[int, int, int], int | None], talk: DeviceTalk) -> bool:
    required = _VERSION_1
    optional = talk.accepted & ~required | 1 << 5
    cases = [
        (talk.offered, required, optional, talk.accepted),
        (talk.offered & ~required, required, optional, None),
        (0b1011, 0b0001, 0b1100, 0b1001),
        (0b1011, 0b0011, 0, 0b0011),
        (0b1011, 0b0101, 0b0010, None),
    ]
    for offered, needed, wished, right in cases:
        got = answer(offered, needed, wished)
        if got != right or isinstance(got, bool):
            shown = got if not isinstance(got, int) else f"{got:#x}"
            wanted = "None" if right is None else f"{right:#x}"
            raise CourseError(
                f"offered {offered:#x}, required {needed:#x}, optional {wished:#x}: that gives {wanted}, "
                f"and yours gave {shown}"
            )
    return True


def hung_guests(program: str | Path) -> dict[str, Standstill]:
    """Three guests that wait for their disk for ever, for three different reasons.

    Args:
        program: What runs in them; it uses a file below /data.

    Returns:
        How each stands, by a letter.
    """
    faults = list(FAULTS)
    random.Random(_ORDER).shuffle(faults)
    found = {}
    with tempfile.TemporaryDirectory(prefix="unilab-") as scratch:
        for letter, fault in zip("ABC", faults, strict=True):
            name, old, new = FAULTS[fault]
            overlay = Path(scratch) / letter
            edit(name, overlay_folder=overlay).replace(old, new)
            disk = make_disk(Path(scratch) / "disk", _DISK_BYTES)
            with start(program, disks=[disk], overlay=overlay, deadline=_LONG) as guest:
                found[letter] = standstill(guest)
    return found


def verdict(hung: Standstill) -> str:
    """The right one."""
    if hung.device.broken:
        return GAVE_UP
    return NO_KICK if hung.untold else DEAF


def blame(answer: Callable[[Standstill], str] | EllipsisType, hung: Mapping[str, Standstill]) -> Feedback:
    """Exercise 2: from the rings and the status, why a guest hangs."""
    return check(
        "who waits for whom",
        answer if answer is ... else lambda: _blames(answer, hung),
        hints=[
            "DEVICE_NEEDS_RESET in hung.device.status comes first: a device that gave up moves nothing any more.",
            "compare hung.queue.available_index (published) with hung.queue.device_index (taken by the device); they "
            "begin again after 65,535, so ask whether they differ.",
        ],
        answer='"the device gave up" if "DEVICE_NEEDS_RESET" in hung.device.status else "the device was never told" if '
        'hung.queue.available_index != hung.queue.device_index else "the driver does not look"',
        objective=5,
    )


def _blames(answer: Callable[[Standstill], str], hung: Mapping[str, Standstill]) -> bool:
    for letter, each in [*hung.items(), *_later(hung)]:
        right, got = verdict(each), answer(each)
        if got != right:
            raise CourseError(f"guest {letter}: {got!r} is not what its rings say")
    return True


def _later(hung: Mapping[str, Standstill]) -> list[tuple[str, Standstill]]:
    """The same guests as they would stand after 65,536 requests: the indices have begun again."""
    later = []
    for letter, each in hung.items():
        queue = each.queue
        back = queue.available_index

        def moved(index: int, by: int = back) -> int:
            return (index - by) % _WRAP

        driver = queue.driver
        later.append(
            (
                f"{letter}, 65,536 requests later",
                replace(
                    each,
                    queue=replace(
                        queue,
                        available_index=moved(queue.available_index),
                        used_index=moved(queue.used_index),
                        device_index=None if queue.device_index is None else moved(queue.device_index),
                        driver=None
                        if driver is None
                        else replace(driver, added=moved(driver.added), seen=moved(driver.seen)),
                    ),
                ),
            )
        )
    return later
