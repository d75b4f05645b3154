"""Each test starts with no prediction and no miss remembered."""

from __future__ import annotations

import pytest

from unilab.learn import feedback, prediction


@pytest.fixture(autouse=True)
def fresh_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a kernel restart."""
    monkeypatch.setattr(prediction, "_made", {})
    feedback._misses.clear()
