"""The disk's file system, with littlefs below it, as a program of this host, compiled with its sanitizers for addresses
and undefined behaviour. Its disk is in memory: the power can be cut at any sector.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from unilab.toolchain import libos

_FOLDER = Path(__file__).parent / "littlefs"
_FILES = ("littlefs.c", "littlefs_file.c", "littlefs_reading.c", "littlefs_disk.c", "block_cache.c")
_FLAGS = (
    "-std=gnu11 -g -O1 -Wall -Wextra -Werror -fno-omit-frame-pointer -fno-strict-aliasing "
    "-fsanitize=address,undefined -fno-sanitize-recover=all -DLFS_DEFINES=littlefs_port.h"
).split()
_SOAK = "UNILAB_SOAK" in os.environ


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("cc") is None:
        pytest.skip("this host has no C compiler")
    tree, theirs = libos.tree(), libos.littlefs()
    made = tmp_path_factory.mktemp("littlefs") / "littlefs"
    files = [*sorted(_FOLDER.glob("*.c")), *(tree / "fs" / name for name in _FILES), theirs / "lfs.c"]
    words = ["-I", str(tree / "include"), "-I", str(theirs), *map(str, files), "-o", str(made)]
    subprocess.run(["cc", *_FLAGS, *words], check=True)
    return made


def _run(program: Path, *args: str) -> None:
    ended = subprocess.run([program, *args], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("SUCCESS\n"), ended.stdout


@pytest.mark.parametrize("seed", range(1, 9 if _SOAK else 2))
def test_a_power_cut_at_every_sector(program: Path, seed: int) -> None:
    _run(program, "cuts", str(seed), "100" if _SOAK else "25")


@pytest.mark.parametrize("seed", range(1, 9 if _SOAK else 3))
def test_random_operations_against_a_model(program: Path, seed: int) -> None:
    _run(program, "model", str(seed), "100000" if _SOAK else "10000")


def test_single_cases(program: Path) -> None:
    _run(program, "behaviour")


def test_damaged_disks(program: Path) -> None:
    _run(program, "damage", "1", "3000" if _SOAK else "60")
