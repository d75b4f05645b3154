"""The exercises of notebook 09: answers that are nearly right are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from unilab.learn import card, journal
from unilab.learn.exercises import virtio as exercises
from unilab.spaces.standstill import Standstill
from unilab.spaces.virtio import Access, DeviceState, DeviceTalk
from unilab.spaces.virtqueue import Driver, QueueState


@pytest.fixture(autouse=True)
def _card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNILAB_PROGRESS", "off")
    monkeypatch.setattr(journal, "_kernel", journal._Kernel())
    card(
        notebook="09",
        question="?",
        objectives=list("abcde"),
        prerequisites="",
        time="",
        machine="",
        fallback="",
    )


def _stands(published: int, taken: int, used: int, *, broken: bool = False) -> Standstill:
    driver = Driver(4, 1, published, 0)
    queue = QueueState("virtio-blk", "requests", 8, 0, (), 0, 0, published, (), 0, 0, used, (), taken, driver)
    return Standstill(queue, DeviceState("virtio-blk", (), (), ("DEVICE_NEEDS_RESET",) * broken, broken))


def _blame(compare: Callable[[int, int], bool]) -> Callable[[Standstill], str]:
    def answer(hung: Standstill) -> str:
        if "DEVICE_NEEDS_RESET" in hung.device.status:
            return exercises.GAVE_UP
        assert hung.queue.device_index is not None
        return exercises.NO_KICK if compare(hung.queue.available_index, hung.queue.device_index) else exercises.DEAF

    return answer


def test_an_index_that_begins_again_is_part_of_the_exercise() -> None:
    hung = {
        "A": _stands(1, 0, 0),
        "B": _stands(1, 1, 1),
        "C": _stands(1, 1, 0, broken=True),
    }
    assert exercises.blame(_blame(lambda published, taken: published != taken), hung)
    missed = exercises.blame(_blame(lambda published, taken: published > taken), hung)
    assert not missed and "65,536 requests later" in missed.message
    assert not exercises.blame(lambda stands: exercises.DEAF, hung)
    assert exercises.blame(..., hung).state == "untried"


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (lambda offered, required, optional: None if required & ~offered else required | optional & offered, True),
        (lambda offered, required, optional: required | optional & offered, False),
        (lambda offered, required, optional: None if required & ~offered else required | optional, False),
        (lambda offered, required, optional: None if required & ~offered else offered, False),
        (lambda offered, required, optional: None, False),
    ],
    ids=["right", "never gives up", "takes what is not offered", "takes everything", "always gives up"],
)
def test_accepting(answer: Callable[[int, int, int], int | None], right: bool) -> None:
    accesses = (Access("DeviceFeaturesSel", True, 1), Access("DeviceFeatures", False, 1))
    low = (Access("DeviceFeaturesSel", True, 0), Access("DeviceFeatures", False, 0x254))
    accepted = (Access("DriverFeaturesSel", True, 1), Access("DriverFeatures", True, 1))
    rest = (Access("DriverFeaturesSel", True, 0), Access("DriverFeatures", True, 0x204))
    talk = DeviceTalk("virtio-blk", "MMIO", 0, accesses + low + accepted + rest)
    assert bool(exercises.accept(answer, talk)) == right
