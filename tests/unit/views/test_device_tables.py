"""What drivers and devices said, as tables."""

from __future__ import annotations

import pytest

from unilab.errors import CourseError
from unilab.spaces.virtio import Access, DeviceTalk, QueueCounts
from unilab.views import device_tables

_TALK = DeviceTalk(
    "virtio-blk",
    "MMIO",
    0xFEB00E00,
    (
        Access("DeviceFeaturesSel", True, 0),
        Access("DeviceFeatures", False, 0x240),
        Access("DriverFeatures", True, 0x200),
        Access("QueueNum", True, 128),
        Access("Status", True, 11),
    ),
    {"requests": QueueCounts(3, None, 2)},
    origin="<disk>, QEMU q35, tcg",
)


def test_features_say_what_became_of_each() -> None:
    table = device_tables.features(_TALK)
    assert table.rows == (("VIRTIO_BLK_F_BLK_SIZE", "6", "left"), ("VIRTIO_BLK_F_FLUSH", "9", "accepted"))
    assert "LIVE" in table.caption


def test_a_negotiation_leaves_out_what_is_none() -> None:
    table = device_tables.negotiation(_TALK)
    assert [row[2] for row in table.rows] == ["DeviceFeaturesSel", "DeviceFeatures", "DriverFeatures", "Status"]
    assert table.rows[0][-1] == "bits 0 to 31 next"
    assert table.rows[-1][1:] == ("write", "Status", "0xb", "ACKNOWLEDGE DRIVER FEATURES_OK")


def test_traffic_tells_what_was_not_counted() -> None:
    assert device_tables.traffic({"virtio-blk": _TALK}).rows == (("virtio-blk, requests", "3", "not counted", "2"),)
    with pytest.raises(CourseError, match="no device to show"):
        device_tables.traffic([])


def test_both_forms_say_the_same() -> None:
    table = device_tables.negotiation(_TALK)
    html = table._repr_html_()
    assert "&lt;disk&gt;" in html and "<caption" in html and 'scope="col"' in html and 'scope="row"' in html
    for row in table.rows:
        for cell in row:
            assert cell in repr(table) and cell in html
