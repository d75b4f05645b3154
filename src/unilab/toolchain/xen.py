"""The Xen hypervisor, out of Debian's packages. Downloaded and unpacked per user; nothing is installed."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

from unilab.errors import ToolchainError
from unilab.toolchain import cache, debian

#: The package's name has Xen's version in it: the newest that Debian has is taken.
_PACKAGES = r"^xen-hypervisor-[0-9.]+-amd64$"


@dataclass(frozen=True, slots=True)
class Hypervisor:
    """Xen.

    Attributes:
        version: The package's, such as ``4.17.5+72-g01140da4e8-1``.
        image: The hypervisor, unpacked, for QEMU's ``-kernel``.
    """

    version: str
    image: Path


def hypervisor() -> Hypervisor:
    """The hypervisor to use, downloaded first if need be. Shows progress.

    Raises:
        Unavailable: This host has no apt-get to ask.
        ToolchainError: The package cannot be had or unpacked.
    """
    have = sorted(cache.root().glob("xen-*/version"), key=lambda path: path.stat().st_mtime)
    if have:
        return _unpacked(have[-1].parent)
    debian.must_have("Xen")
    package, version = _newest()

    def download(folder: Path) -> None:
        debian.unpack(package, version, folder, size="2 MB")
        compressed = next((folder / "boot").glob("xen-*.gz"), None)
        if compressed is None:
            raise ToolchainError(f"Debian's {package} {version} has no hypervisor in it")
        # The loader in QEMU takes the file as it is.
        (folder / "xen").write_bytes(gzip.decompress(compressed.read_bytes()))
        (folder / "version").write_text(version)

    return _unpacked(cache.entry("xen", cache.digest([package, version]), download))


def _unpacked(folder: Path) -> Hypervisor:
    return Hypervisor((folder / "version").read_text(), folder / "xen")


def _newest() -> tuple[str, str]:
    """The package of the newest Xen that Debian has here, and its version."""
    names = [line.split()[0] for line in debian.ask_lists("search", "--names-only", _PACKAGES).splitlines()]
    if not names:
        raise ToolchainError("Debian's package lists know no Xen for this processor")
    package = max(names, key=lambda name: tuple(map(int, re.findall(r"\d+", name.removesuffix("-amd64")))))
    found = re.search(r"^Version: (\S+)", debian.ask_lists("show", package), re.MULTILINE)
    if found is None:
        raise ToolchainError(f"Debian's package lists do not say which {package} there is")
    return package, found[1]
