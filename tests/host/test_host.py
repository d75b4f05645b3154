"""Every folder here with a ``build.toml`` is one program for this host, made of files of the library OS or of a program
of the course, and of what the test puts around them (building.py). It must exit 0.

With the environment variable UNILAB_SOAK=1 the programs run at full length.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.host.building import HERE, args, build

_FOLDERS = sorted(path.parent for path in HERE.glob("*/build.toml"))


@pytest.fixture(scope="session")
def objects_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("objects")


@pytest.mark.parametrize("folder", [pytest.param(folder, id=folder.name) for folder in _FOLDERS])
def test_host(folder: Path, objects_folder: Path, tmp_path: Path) -> None:
    program = build(folder, objects_folder, tmp_path)
    ran = subprocess.run([str(program), *args(folder)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
