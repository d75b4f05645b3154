from __future__ import annotations

import os
from pathlib import Path

import pytest

from unilab.errors import QemuMissing, Unavailable
from unilab.machines import qemu


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_one_on_path_is_found_with_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = _script(tmp_path / "qemu-system-x86_64", "echo QEMU emulator version 9.1.2 '(Debian)'")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("UNILAB_QEMU", raising=False)
    assert qemu.find() == qemu.Qemu(str(script), (9, 1, 2))


def test_the_environment_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = _script(tmp_path / "mine", "echo QEMU emulator version 10.0")
    monkeypatch.setenv("UNILAB_QEMU", str(script))
    assert qemu.find() == qemu.Qemu(str(script), (10, 0, 0))


def test_an_upgrade_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = _script(tmp_path / "mine", "echo QEMU emulator version 8.0.0")
    monkeypatch.setenv("UNILAB_QEMU", str(script))
    assert qemu.find().version == (8, 0, 0)
    _script(script, "echo QEMU emulator version 8.2.0")
    os.utime(script, ns=(0, 0))
    assert qemu.find().version == (8, 2, 0)


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("echo QEMU emulator version 6.1.9", "is version 6.1.9, and the course needs 6.2 or newer"),
        ("echo something else", "does not say its version"),
        ("exit 1", "does not say its version"),
    ],
)
def test_one_that_will_not_do_is_named_with_the_reason(
    says: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = _script(tmp_path / "qemu", says)
    monkeypatch.setenv("UNILAB_QEMU", str(script))
    with pytest.raises(QemuMissing, match=message) as caught:
        qemu.find()
    assert str(script) in str(caught.value)


def test_none_at_all_is_something_this_host_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("UNILAB_QEMU", raising=False)
    with pytest.raises(Unavailable, match="there is no qemu-system-x86_64 in PATH") as caught:
        qemu.find()
    assert caught.value.remedy is not None


def test_a_file_that_the_host_cannot_run_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "qemu"
    script.write_bytes(b"\x7fELF nonsense")
    script.chmod(0o755)
    monkeypatch.setenv("UNILAB_QEMU", str(script))
    with pytest.raises(QemuMissing, match="cannot be run"):
        qemu.find()
