"""Sources of C libraries, out of the source distributions of PyPI packages that carry them.

A file is named by project, version and SHA-256: only those very bytes are
unpacked, and nothing of them is run. They are downloaded once per user; from
then on no network is needed.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from unilab import progress
from unilab.errors import ToolchainError
from unilab.toolchain import cache

_INDEX = "https://pypi.org/simple/"
#: Seconds without a byte after which the index counts as unreachable.
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Sdist:
    """A source distribution of a project on PyPI.

    Attributes:
        project: Its name there.
        version: As the index has it.
        sha256: Of the file, in hex.
    """

    project: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The file's name, as PEP 625 has it."""
        return f"{self.project.replace('-', '_')}-{self.version}.tar.gz"


@dataclass(frozen=True, slots=True)
class Wheel(Sdist):
    """A built distribution of a project on PyPI.

    Attributes:
        tag: For which Python and which system: ``py3-none-any``.
    """

    tag: str = "py3-none-any"

    @property
    def file_name(self) -> str:
        """The file's name, as the binary distribution format has it."""
        return f"{self.project.replace('-', '_')}-{self.version}-{self.tag}.whl"


def fetch(wanted: Sdist, folder: Path) -> Path:
    """Download a file into a folder, and see that it is the one that is meant. Shows progress.

    Raises:
        ToolchainError: It cannot be had, or is not.
    """
    archive = folder / wanted.file_name
    _download(wanted, archive)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != wanted.sha256:
        raise ToolchainError(
            f"{wanted.file_name} is not the file this course was made with: its SHA-256 is {found}, "
            f"and should be {wanted.sha256}",
            remedy="see whether a proxy or mirror changes downloads; do not use the file",
        )
    return archive


def sources(wanted: Sdist) -> Path:
    """The folder with its files, downloaded and unpacked first if need be. Shows progress.

    Raises:
        ToolchainError: The file cannot be had, or is not the one that was meant.
    """

    def build(folder: Path) -> None:
        archive = fetch(wanted, folder)
        unpack(archive, folder)
        archive.unlink()

    return cache.entry(f"sdist-{wanted.project}", cache.digest([wanted.file_name, wanted.sha256]), build)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack the regular files of an archive, without its top folder. Links, devices and permissions are left out.

    Raises:
        ToolchainError: It is no archive, or a name in it leads out of the folder.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts:
                    raise ToolchainError(f"{archive.name} has a file named {member.name!r}, outside of its folder")
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or len(path.parts) < 2:
                    continue
                target = folder.joinpath(*path.parts[1:])
                target.parent.mkdir(parents=True, exist_ok=True)
                with content, target.open("wb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, EOFError) as error:
        raise ToolchainError(f"{archive.name} cannot be unpacked: {error}") from error


def _download(wanted: Sdist, archive: Path) -> None:
    """Fetch the file that the index lists under that name. Imports here: only a cold cache needs them."""
    import requests  # noqa: PLC0415
    from pypi_simple import NoSuchProjectError, PyPISimple  # noqa: PLC0415

    try:
        with PyPISimple(_INDEX) as index:
            page = index.get_project_page(wanted.project, timeout=_PATIENCE)
            listed = next((package for package in page.packages if package.filename == wanted.file_name), None)
            if listed is None:
                raise ToolchainError(f"PyPI has no {wanted.file_name} any more")
            # We compare with a hash of our own; what the index says of its files proves nothing more.
            index.download_package(
                listed,
                archive,
                verify=False,
                timeout=_PATIENCE,
                progress=lambda length: _Bar(length or listed.size or 1, f"downloading {wanted.file_name}"),
            )
    except (requests.RequestException, NoSuchProjectError, ValueError) as error:
        raise ToolchainError(
            f"{wanted.file_name} could not be downloaded from PyPI: {error}",
            remedy="check the network, then try again; it is needed once",
        ) from error


class _Bar:
    """A progress bar, as pypi-simple wants it."""

    def __init__(self, total: int, title: str) -> None:
        self._shown = progress.bar(total, title)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._bar = self._stack.enter_context(self._shown)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)

    def update(self, increment: int) -> None:
        self._bar.update(increment)
