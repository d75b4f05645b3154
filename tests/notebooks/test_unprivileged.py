"""What a notebook shows does not depend on being root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebooks.course import NOTEBOOKS, ROOT
from unilab.toolchain import cache

_NOBODY = 65534
#: The checkout and the cache may lie where only root may look. Nothing else is allowed.
_ONLY = "-all,+dac_read_search"
#: Of all notebooks, this asks most for what not everybody gets: page frames, counters, a guest, signals.
_NOTEBOOK = next(path for path in NOTEBOOKS if path.name.startswith("01-"))

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="we are not root: the other tests show it")


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A folder of user 65534, with the notebook, and a cache that has what ours has."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        home = Path(folder)
        shutil.copy(_NOTEBOOK, home)
        (home / "cache").mkdir()
        for entry in cache.root().iterdir():
            if entry.is_dir():
                (home / "cache" / entry.name).symlink_to(entry)
        for path in (home, *home.iterdir()):
            os.chown(path, _NOBODY, _NOBODY)
        yield home


def test_as_nobody_it_stores_the_same(nobodys: Path) -> None:
    become = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", f"--inh-caps={_ONLY}"]
    become += [f"--ambient-caps={_ONLY}", f"--bounding-set={_ONLY}"]
    words = ["--nbval", f"--nbval-sanitize-with={ROOT}/tests/notebooks/sanitize.cfg", "--nbval-current-env"]
    words += ["--nbval-cell-timeout=120", "--nbval-kernel-startup-timeout=120", "-p", "no:cacheprovider", "-q"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "JUPYTER_"))}
    environment |= {"HOME": str(nobodys), "UNILAB_CACHE": str(nobodys / "cache"), "UNILAB_PROGRESS": "off"}
    ran = subprocess.run(
        [*become, sys.executable, "-m", "pytest", *words, f"--rootdir={nobodys}", str(nobodys / _NOTEBOOK.name)],
        cwd=nobodys,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:]
    assert "passed" in ran.stdout
