from __future__ import annotations

from unilab.spaces.boot_timeline import ENDED, QEMU_STARTED, BootTimeline, BoundaryEvent


def test_a_boot_is_as_long_as_its_last_event_says_and_has_a_part_between_each_two() -> None:
    first, second, last = BoundaryEvent(QEMU_STARTED, 0.0), BoundaryEvent("main", 0.25), BoundaryEvent(ENDED, 0.5)
    timeline = BootTimeline("hello", "unikernel", (first, second, last), "by hand")
    assert timeline.seconds == 0.5
    assert timeline.parts == ((first, second), (second, last))
    assert timeline.at("main") is second
    assert timeline.at("kernel") is None


def test_a_boot_without_events_took_no_time() -> None:
    assert BootTimeline("hello", "unikernel", (), "by hand").seconds == 0.0
