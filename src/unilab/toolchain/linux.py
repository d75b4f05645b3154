"""A Linux kernel for guests, out of Debian's packages. Downloaded and unpacked per user; nothing is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from unilab import progress
from unilab.errors import ToolchainError, Unavailable
from unilab.toolchain import cache

#: Debian's kernel for virtual machines: small, and with every virtio driver.
_PACKAGE = "linux-image-cloud-amd64"
_PATIENCE = 600


@dataclass(frozen=True, slots=True)
class LinuxKernel:
    """A kernel and its drivers.

    Attributes:
        version: As ``uname -r`` has it.
        image: The compressed kernel, for QEMU's ``-kernel``.
        symbols: System.map: addresses of the kernel's symbols, before they are randomised.
        modules: Folder of the drivers.
    """

    version: str
    image: Path
    symbols: Path
    modules: Path

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
        Unavailable: This host has no apt-get to ask.
        ToolchainError: The package cannot be had or unpacked.
    """
    have = sorted(cache.root().glob("linux-*/version"), key=lambda path: path.stat().st_mtime)
    if have:
        return _unpacked(have[-1].parent)
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Unavailable("a Linux guest's kernel comes from Debian's packages, and this host has no apt-get")
    package, version = _newest()

    def download(folder: Path) -> None:
        with progress.bar(1, f"downloading {package} (27 MB)") as bar:
            _apt(["download", f"{package}={version}"], folder)
            bar.update(1)
        _run(["dpkg-deb", "-x", str(next(folder.glob("*.deb"))), str(folder)], folder)
        for path in folder.glob("*.deb"):
            path.unlink()
        (folder / "version").write_text(next((folder / "boot").glob("vmlinuz-*")).name.removeprefix("vmlinuz-"))

    return _unpacked(cache.entry("linux", cache.digest([package, version]), download))


def _unpacked(folder: Path) -> LinuxKernel:
    version = (folder / "version").read_text()
    modules = next(path for path in (folder / "lib/modules", folder / "usr/lib/modules") if path.is_dir())
    boot = folder / "boot"
    return LinuxKernel(version, boot / f"vmlinuz-{version}", boot / f"System.map-{version}", modules / version)


def _newest() -> tuple[str, str]:
    """The package that Debian's own name for the newest stands for, and its version."""
    shown = _run(["apt-cache", *_lists(), "show", _PACKAGE], cache.root(), check=False)
    if not shown:
        # The package lists of this host are empty, or older than the package: lists of our own need no root.
        (cache.root() / "apt").mkdir(parents=True, exist_ok=True)
        _apt(["update"], cache.root())
        shown = _run(["apt-cache", *_lists(), "show", _PACKAGE], cache.root())
    found = re.search(r"^Depends: (linux-image-\S+) \(= ([^)]+)\)", shown, re.MULTILINE)
    if found is None:
        raise ToolchainError(f"Debian's package lists do not say what {_PACKAGE} is")
    return found[1], found[2]


def _lists() -> list[str]:
    """Options for package lists of our own, if we have had to fetch them."""
    own = cache.root() / "apt"
    if not own.is_dir():
        return []
    folders = {"Dir::State": own / "state", "Dir::Cache": own / "cache"}
    for folder in folders.values():
        (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
        (folder / "archives/partial").mkdir(parents=True, exist_ok=True)
    return [word for name, folder in folders.items() for word in ("-o", f"{name}={folder}")]


def _apt(words: Sequence[str], folder: Path) -> None:
    _run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", *_lists(), *words], folder)


def _run(command: Sequence[str], folder: Path, *, check: bool = True) -> str:
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainError(f"{command[0]} could not be run: {error}") from error
    if ended.returncode and check:
        lines = "\n".join(ended.stderr.strip().splitlines()[-5:])
        raise ToolchainError(f"{' '.join(command[:1])} failed\n{lines}", remedy="check the network, then try again")
    return "" if ended.returncode else ended.stdout


def _dependencies(driver: Path) -> list[str]:
    """What a driver says it needs, from its .modinfo section."""
    with driver.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".modinfo")
        data = section.data() if section is not None else b""
    depends = next((p[8:] for p in data.split(b"\0") if p.startswith(b"depends=")), b"")
    return [name.replace("-", "_") for name in depends.decode().split(",") if name]
