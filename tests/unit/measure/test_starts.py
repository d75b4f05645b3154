"""What counts as left behind."""

from __future__ import annotations

import mmap
import os
import socket
import subprocess
import threading
from pathlib import Path

from unilab.machines.virtual_machine import memory_file
from unilab.measure.starts import held


def _new(before: frozenset[str], folder: Path) -> set[str]:
    """The first words of what has been added."""
    return {line.split()[0] for line in held(folder) - before}


def test_nothing_is_left_by_nothing(tmp_path: Path) -> None:
    assert held(tmp_path) == held(tmp_path)


def test_each_thing_that_is_left_is_seen(tmp_path: Path) -> None:
    before, over = held(tmp_path), threading.Event()
    (tmp_path / "folder").mkdir()
    assert _new(before, tmp_path) == {"file"}
    before = held(tmp_path)
    with socket.socket():
        assert held(tmp_path) - before
        assert _new(before, tmp_path) == {"descriptor"}
    assert held(tmp_path) == before
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        assert f"process {child.pid}" in held(tmp_path) - before
        child.communicate()
    thread = threading.Thread(target=over.wait)
    thread.start()
    assert _new(before, tmp_path) == {"thread"}
    over.set()
    thread.join()
    assert held(tmp_path) == before


def test_a_guests_memory_is_seen(tmp_path: Path) -> None:
    before = held(tmp_path)
    file = memory_file(1 << 20)
    with mmap.mmap(file, 1 << 20):
        os.close(file)
        assert "mapping" in _new(before, tmp_path)
    assert held(tmp_path) == before
