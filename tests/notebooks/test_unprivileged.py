"""What a notebook shows does not depend on being root. ``./course test notebooks --soak`` tries every notebook."""

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
#: Of all notebooks, this asks most for what not everybody gets: page frames, counters, a guest, signals. In a long test
#: it is all of them.
_CHOSEN = [path for path in NOTEBOOKS if "UNILAB_SOAK" in os.environ or path.name.startswith("01-")]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="we are not root: the other tests show it")


@pytest.fixture(params=_CHOSEN, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Path:
    chosen: Path = request.param
    return chosen


@pytest.fixture
def nobodys(notebook: Path) -> Iterator[Path]:
    """A folder of user 65534, with the notebook, and a cache that has what ours has."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        home = Path(folder)
        shutil.copy(notebook, home)
        (home / "cache").mkdir()
        for entry in cache.root().iterdir():
            # What the notebook's own programs become is built anew; the rest takes minutes.
            if entry.is_dir() and not entry.name.startswith(("program-", "image-", "overlay-")):
                (home / "cache" / entry.name).symlink_to(entry)
        for path in (home, *home.iterdir()):
            os.chown(path, _NOBODY, _NOBODY)
        yield home


def test_as_nobody_it_stores_the_same(nobodys: Path, notebook: Path) -> None:
    become = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", f"--inh-caps={_ONLY}"]
    become += [f"--ambient-caps={_ONLY}", f"--bounding-set={_ONLY}"]
    words = ["--nbval", f"--nbval-sanitize-with={ROOT}/tests/notebooks/sanitize.cfg", "--nbval-current-env"]
    words += ["--nbval-cell-timeout=240", "--nbval-kernel-startup-timeout=120", "-p", "no:cacheprovider", "-q"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "JUPYTER_"))}
    environment |= {"HOME": str(nobodys), "UNILAB_CACHE": str(nobodys / "cache"), "UNILAB_PROGRESS": "off"}
    ran = subprocess.run(
        [*become, sys.executable, "-m", "pytest", *words, f"--rootdir={nobodys}", str(nobodys / notebook.name)],
        cwd=nobodys,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:]
    assert "passed" in ran.stdout
