"""The plugin that watches what notebooks leave behind sees each kind of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat

from tests.notebooks.course import ROOT
from unilab.cli.test import NBVAL


def _ran(cell: str, folder: Path) -> tuple[int, str]:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell), nbformat.v4.new_code_cell("1")])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "leaves.ipynb")
    words = [word for word in NBVAL if word != "--nbval"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", *words, "-n", "0", "-q", str(folder / "leaves.ipynb")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return ran.returncode, ran.stdout


def test_one_that_leaves_nothing_passes(tmp_path: Path) -> None:
    cell = """
import tempfile
from pathlib import Path
Path("scratch").mkdir()
Path("scratch/kept").write_text("")
tempfile.TemporaryFile().close()
"""
    code, said = _ran(cell, tmp_path)
    assert code == 0, said


def test_each_kind_of_what_is_left_is_seen(tmp_path: Path) -> None:
    in_checkout = ROOT / "images" / f"left-by-{tmp_path.parent.name}-{tmp_path.name}"
    cell = f"""
import socket, subprocess, tempfile
from pathlib import Path
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
subprocess.run(["setsid", "-f", "sleep", "601"])
tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
tempfile.mkstemp()
(Path.home() / "mine").touch()
Path({str(in_checkout)!r}).touch()
"""
    try:
        code, said = _ran(cell, tmp_path)
    finally:
        in_checkout.unlink(missing_ok=True)
    assert code == 1
    for left in (
        "leaves.ipynb leaves behind",
        "a process: sleep 600",
        "a process without its kernel: sleep 601",
        "a port: tcp ",
        "a port: udp ",
        "a file in the temporary files: tmp",
        "a file in the home folder: mine",
        f"a file of the checkout, new, changed or gone: images/{in_checkout.name}",
    ):
        assert left in said, said
