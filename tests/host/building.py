"""Builds a folder with a ``build.toml`` into one program for this host, with the sanitizers for addresses and undefined
behaviour.

Keys: sources (patterns, from the top of the repository; the folder's own C files come by themselves), include (folders
for ``#include "..."``, in order, before ``libos/include``), flags (more words for the compiler), args.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
_FLAGS = (
    "-std=gnu11 -g -O1 -Wall -Wextra -fno-omit-frame-pointer -fno-strict-aliasing "
    "-fsanitize=address,undefined -fno-sanitize-recover=all"
).split()


def build(folder: Path, objects: Path, target: Path, instead: Mapping[str, Path] | None = None) -> Path:
    """The program of a folder.

    Args:
        folder: With a build.toml.
        objects: Where object files are kept for other programs that are made of the same file with the same flags.
        target: Where the program is put.
        instead: Files to compile instead of sources, by the name of the source from the top of the repository.
    """
    if shutil.which("cc") is None:
        pytest.skip("this host has no C compiler")
    wanted = tomllib.loads((folder / "build.toml").read_text())
    sources = sorted(folder.glob("*.c")) + [p for pattern in wanted["sources"] for p in sorted(TOP.glob(pattern))]
    sources = [(instead or {}).get(path.relative_to(TOP).as_posix(), path) for path in sources]
    includes = [*wanted.get("include", []), "libos/include"]
    flags = [*_FLAGS, *wanted.get("flags", []), *(w for path in includes for w in ("-iquote", str(TOP / path)))]

    def compile_one(source: Path) -> str:
        command = ["cc", *flags, "-c", str(source)]
        made = objects / (hashlib.sha256("\0".join(command).encode()).hexdigest() + ".o")
        if not made.exists():
            subprocess.run([*command, "-o", str(made)], check=True)
        return str(made)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = list(pool.map(compile_one, sources))
    subprocess.run(["cc", *flags, *made, "-o", str(target / folder.name)], check=True)
    return target / folder.name


def args(folder: Path) -> list[str]:
    """What its program is given."""
    return list(tomllib.loads((folder / "build.toml").read_text()).get("args", []))
