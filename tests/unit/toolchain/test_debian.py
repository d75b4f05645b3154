"""What is taken from Debian's packages, where there are none, or others."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab.errors import ToolchainError, Unavailable
from unilab.toolchain import debian, linux, xen


@pytest.mark.parametrize(
    ("get", "message"),
    [
        (xen.hypervisor, "^Xen comes from Debian's packages"),
        (linux.kernel, "^a Linux guest's kernel comes from Debian's packages"),
    ],
)
def test_a_host_without_apt_is_told_of(
    get: Callable[[], object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNILAB_CACHE", str(tmp_path))
    monkeypatch.setenv("UNILAB_LINUX", "debian")  # there is another kernel, for who does not insist
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=message):
        get()


@pytest.fixture
def apt_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts an apt-cache in front that answers as a script says, and an apt-get that finds nothing more."""
    monkeypatch.setenv("UNILAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def make(script: str) -> None:
        for name, text in (("apt-cache", script), ("apt-get", "exit 0"), ("dpkg-deb", "exit 0")):
            (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / name).chmod(0o755)

    return make


@pytest.mark.skipif(shutil.which("sh") is None, reason="the answers are scripts")
def test_the_newest_xen_is_taken(apt_cache: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    apt_cache(
        'case "$*" in *search*) echo "xen-hypervisor-4.9-amd64 - Xen"; echo "xen-hypervisor-4.17-amd64 - Xen" ;; '
        '*show*4.17*) echo "Package: x"; echo "Version: 4.17.5-1" ;; esac'
    )
    asked: list[tuple[str, str]] = []

    def unpack(package: str, version: str, folder: Path, *, size: str) -> None:
        asked.append((package, version))

    monkeypatch.setattr(debian, "unpack", unpack)
    with pytest.raises(ToolchainError, match=r"xen-hypervisor-4\.17-amd64 4\.17\.5-1 has no hypervisor in it"):
        xen.hypervisor()
    assert asked == [("xen-hypervisor-4.17-amd64", "4.17.5-1")]


def test_lists_without_xen_are_told_of(apt_cache: Callable[[str], None]) -> None:
    apt_cache("exit 0")
    with pytest.raises(ToolchainError, match="know no Xen"):
        xen.hypervisor()
