"""The rate of the time-stamp counter, measured here and now."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from unilab.machines import tsc

on_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the counter is x86-64's")


@on_x86
def test_two_measurements_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tsc.rate()
    assert first is not None
    monkeypatch.setattr(tsc, "boot_id", lambda: str(tmp_path))  # as after the next boot: it is measured anew
    second = tsc.rate()
    assert second is not None
    # Linux itself distrusts a rate that is off by more than a hundredth.
    assert abs(first - second) < first / 1000
    assert 100_000 < first < 20_000_000


def test_elsewhere_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert tsc.rate() is None
