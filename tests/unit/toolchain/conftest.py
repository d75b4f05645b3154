from __future__ import annotations

from pathlib import Path

import pytest

from unilab.toolchain import ARCHITECTURES, Image, build

HELLO = Path(__file__).resolve().parents[3] / "notebooks" / "programs" / "hello.c"


@pytest.fixture(scope="session")
def hello() -> dict[str, Image]:
    """The first program of the course, by architecture."""
    return {on: build(HELLO, on) for on in ARCHITECTURES}
