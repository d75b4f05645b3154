"""Files out of Debian's packages. Downloaded and unpacked per user: nothing is installed, and nobody need be root."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from unilab import progress
from unilab.errors import ToolchainError, Unavailable
from unilab.toolchain import cache

_PATIENCE = 600


def must_have(what: str) -> None:
    """See to it that packages can be had here.

    Args:
        what: What is wanted from them, for the message: ``a Linux guest's kernel``.

    Raises:
        Unavailable: This host has no apt-get to ask.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Unavailable(f"{what} comes from Debian's packages, and this host has no apt-get")


def ask_lists(*question: str) -> str:
    """What apt-cache answers; if it knows nothing, fresh package lists are fetched and asked again.

    Args:
        question: Words for apt-cache, such as ``show`` and a package's name.

    Raises:
        ToolchainError: apt-cache cannot be run, or does not know then either.
    """
    command = ["apt-cache", *_lists(), *question]
    answer = _run(command, cache.root(), check=False)
    if not answer:
        # The package lists of this host are empty, or older than the package: lists of our own need no root.
        (cache.root() / "apt").mkdir(parents=True, exist_ok=True)
        _apt(["update"], cache.root())
        answer = _run(["apt-cache", *_lists(), *question], cache.root())
    return answer


def unpack(package: str, version: str | None, folder: Path, *, size: str) -> None:
    """Download a package and unpack it into a folder. Shows progress.

    Args:
        package: Its name.
        version: Its version, as the package lists have it; None for the newest.
        folder: An empty one.
        size: What the download weighs, for people: ``27 MB``.

    Raises:
        ToolchainError: The package cannot be had or unpacked.
    """
    with progress.bar(1, f"downloading {package} ({size})") as bar:
        _apt(["download", package if version is None else f"{package}={version}"], folder)
        bar.update(1)
    _run(["dpkg-deb", "-x", str(next(folder.glob("*.deb"))), str(folder)], folder)
    for path in folder.glob("*.deb"):
        path.unlink()


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
    folder.mkdir(parents=True, exist_ok=True)
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
