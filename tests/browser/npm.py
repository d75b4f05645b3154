"""Browser scripts that only npm publishes: fetched once by name, checked against their hashes, kept in the cache."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from unilab import doctor
from unilab.errors import ToolchainError, Unavailable
from unilab.toolchain import cache

_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Script:
    """One file of one package.

    Attributes:
        package: Its name.
        version: Exactly this one.
        sha512: Of the package's archive, in base 64, as npm publishes it.
        path: The file in the archive.
        name: What it is called here.
    """

    package: str
    version: str
    sha512: str
    path: str
    name: str


def fetch(*scripts: Script) -> Path:
    """The folder in which the scripts are.

    Raises:
        Unavailable: There is no npm.
        ToolchainError: It does not get them, or not those whose hashes we know.
    """
    key = cache.digest(str(script) for script in scripts)

    def fill(folder: Path) -> None:
        for script in scripts:
            (folder / script.name).write_bytes(_file(script, _pack(script, folder)))

    return cache.entry("npm", key, fill)


def _pack(script: Script, folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("npm is missing", remedy=doctor.install_command("npm"))
    # The archive alone: nothing of it is run, and nothing that it depends on is fetched.
    words = [npm, "pack", "--ignore-scripts", "--pack-destination", str(folder), f"{script.package}@{script.version}"]
    ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if ran.returncode:
        raise ToolchainError(f"{' '.join(words)} ended with {ran.returncode}:\n{ran.stderr[-2000:]}")
    (archive,) = folder.glob("*.tgz")
    return archive


def _file(script: Script, archive: Path) -> bytes:
    content = archive.read_bytes()
    archive.unlink()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != script.sha512:
        raise ToolchainError(f"npm gave another {script.package} {script.version} than the tests were written for")
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        member = tar.extractfile(script.path)
        assert member is not None, script.path
        return member.read()
