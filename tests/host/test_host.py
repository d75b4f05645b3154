"""Every folder here with a ``build.toml`` is one program for this host, made of files of the library OS and of what the
test puts around them. It is compiled with the sanitizers for addresses and undefined behaviour, and must exit 0.

Keys: sources (patterns, from the top of the repository; the folder's own C files come by themselves), include (folders
for ``#include "..."``, in order, before ``libos/include``), flags (more words for the compiler), args.
With the environment variable UNILAB_SOAK=1 the programs run at full length.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

_TOP = Path(__file__).resolve().parents[2]
_FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/build.toml"))
_FLAGS = (
    "-std=gnu11 -g -O1 -Wall -Wextra -fno-omit-frame-pointer -fno-strict-aliasing "
    "-fsanitize=address,undefined -fno-sanitize-recover=all"
).split()


@pytest.fixture(scope="session")
def objects_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where object files are kept for the other programs that are made of the same file with the same flags."""
    return tmp_path_factory.mktemp("objects")


def _build(folder: Path, objects_folder: Path, target: Path) -> Path:
    wanted = tomllib.loads((folder / "build.toml").read_text())
    sources = sorted(folder.glob("*.c")) + [p for pattern in wanted["sources"] for p in sorted(_TOP.glob(pattern))]
    includes = [*wanted.get("include", []), "libos/include"]
    flags = [*_FLAGS, *wanted.get("flags", []), *(w for path in includes for w in ("-iquote", str(_TOP / path)))]

    def compile_one(source: Path) -> str:
        command = ["cc", *flags, "-c", str(source)]
        made = objects_folder / (hashlib.sha256("\0".join(command).encode()).hexdigest() + ".o")
        if not made.exists():
            subprocess.run([*command, "-o", str(made)], check=True)
        return str(made)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, sources))
    subprocess.run(["cc", *flags, *objects, "-o", str(target / folder.name)], check=True)
    return target / folder.name


@pytest.mark.parametrize("folder", [pytest.param(folder, id=folder.name) for folder in _FOLDERS])
def test_host(folder: Path, objects_folder: Path, tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        pytest.skip("this host has no C compiler")
    args = tomllib.loads((folder / "build.toml").read_text()).get("args", [])
    program = _build(folder, objects_folder, tmp_path)
    ran = subprocess.run([str(program), *args], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
