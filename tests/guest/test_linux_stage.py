"""What the stage is told of a program's world."""

from __future__ import annotations

from typing import Any

import pytest

from tests.guest.linux_stage import setup


@pytest.mark.parametrize(
    ("own", "env", "lines"),
    [
        ({"seconds": 7}, {}, ["seconds 7"]),
        ({"seconds": 7}, {"NET": "10.0.0.2/24,10.0.0.1"},
         ["address 10.0.0.2 255.255.255.0", "gateway 10.0.0.1", "seconds 7"]),
        ({"seconds": 7, "address": "raw"}, {}, ["address raw", "seconds 7"]),
        ({"seconds": 7, "address": "10.1.2.77/17"}, {"NET": "10.0.0.2/24,10.0.0.1"},
         ["address 10.1.2.77 255.255.128.0", "seconds 7"]),
        ({"seconds": 7, "mounts": ["tmpfs /data size=1M"], "refuse": ["fork", "wait4"], "commit": 92}, {},
         ["mount tmpfs /data size=1M", "refuse 57", "refuse 61", "commit 92", "seconds 7"]),
    ],
)  # fmt: skip
def test_setup(own: dict[str, Any], env: dict[str, str], lines: list[str]) -> None:
    assert setup(own, env).splitlines() == lines
