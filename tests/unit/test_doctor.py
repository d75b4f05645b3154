from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from unilab import doctor
from unilab.doctor import Check, Report
from unilab.machines import accelerator, qemu

_GOOD = Check("Python", True, "3.12.1")
_MISSING = Check("QEMU", False, "there is none", "apt-get install <qemu>")
_WARNING = Check("browser", False, "no chromium", "apt-get install chromium", needed=False)


def _only(*names: str) -> Callable[[str], str | None]:
    """A PATH that has just these programs."""
    return lambda name: f"/bin/{name}" if name in names else None


@pytest.fixture
def learner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not root, and no conda environment active."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)


@pytest.mark.parametrize(
    ("checks", "ok"),
    [([_GOOD], True), ([_GOOD, _WARNING], True), ([_GOOD, _MISSING], False)],
)
def test_a_warning_is_not_a_failure(checks: Iterable[Check], ok: bool) -> None:
    assert Report(tuple(checks)).ok is ok


def test_report_as_text_is_aligned_and_names_remedies() -> None:
    assert str(Report((_GOOD, _MISSING, _WARNING))) == (
        "ok       Python   3.12.1\n"
        "missing  QEMU     there is none\n"
        "                  to mend it: apt-get install <qemu>\n"
        "warning  browser  no chromium\n"
        "                  to mend it: apt-get install chromium"
    )


def test_report_as_html_escapes_and_has_header_cells() -> None:
    text = Report((_GOOD, _MISSING))._repr_html_()
    assert "apt-get install &lt;qemu&gt;" in text
    assert text.count("<tr>") == 3
    assert "scope='row'" in text
    assert "scope='col'" in text


@pytest.mark.parametrize(
    ("managers", "program", "command"),
    [
        (["apt-get"], "qemu", "sudo apt-get install --no-install-recommends qemu-system-x86"),
        (["dnf"], "qemu", "sudo dnf install qemu-system-x86"),
        (["brew"], "qemu", "brew install qemu"),
        (["brew"], "chromium", "brew install --cask chromium"),
        (["conda"], "graphviz", "conda install -c conda-forge graphviz"),
        (["conda", "apt-get"], "graphviz", "sudo apt-get install --no-install-recommends graphviz"),
    ],
)
def test_remedy_is_for_this_hosts_package_manager(
    learner: None, monkeypatch: pytest.MonkeyPatch, managers: list[str], program: str, command: str
) -> None:
    monkeypatch.setattr(shutil, "which", _only(*managers))
    assert doctor.install_command(program) == command


def test_conda_alone_is_told_that_it_has_no_qemu(learner: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", _only("conda"))
    assert "conda-forge has none" in doctor.install_command("qemu")


def test_an_active_conda_environment_comes_first(learner: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_PREFIX", "/somewhere")
    monkeypatch.setattr(shutil, "which", _only("conda", "apt-get"))
    assert doctor.install_command("graphviz").startswith("conda ")
    assert doctor.install_command("qemu").startswith("sudo apt-get ")


def test_root_needs_no_sudo(learner: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", _only("apt-get"))
    assert doctor.install_command("graphviz").startswith("apt-get ")


def test_missing_programs_are_named_with_their_remedy(learner: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", _only("brew"))
    monkeypatch.delenv("UNILAB_QEMU", raising=False)
    checks = {check.name: check for check in (doctor._qemu(), doctor._graphviz(), doctor._browser())}
    assert {name: check.remedy for name, check in checks.items()} == {
        "QEMU": "brew install qemu",
        "graphviz": "brew install graphviz",
        "browser": "brew install --cask chromium",
    }
    assert [check.status for check in checks.values()] == ["missing", "missing", "warning"]


def test_an_old_qemu_is_missing(learner: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "qemu-system-x86_64"
    old.write_text("#!/bin/sh\necho QEMU emulator version 4.2.1\n")
    old.chmod(0o755)
    monkeypatch.setenv("UNILAB_QEMU", str(old))
    check = doctor._qemu()
    assert check.status == "missing"
    assert "4.2.1" in check.found
    assert qemu._dotted(qemu.MINIMUM) in check.found


def test_accelerator_is_unknown_without_qemu(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> accelerator.Probe:
        raise qemu.QemuMissing("none")

    monkeypatch.setattr(accelerator, "probe", missing)
    assert doctor._accelerator().status == "warning"


def test_accelerator_names_its_reason_without_timings(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = accelerator.Probe("tcg", "KVM works but is slower here: 1.52 s against 0.05 s")
    monkeypatch.setattr(accelerator, "probe", lambda: probe)
    assert doctor._accelerator().found == "tcg (KVM works but is slower here)"


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNILAB_CACHE", str(tmp_path / "not" / "yet" / "there"))
    assert doctor._disk().ok
    usage = shutil.disk_usage(tmp_path)._replace(free=10 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    check = doctor._disk()
    assert check.status == "missing"
    assert check.remedy is not None
    assert "UNILAB_CACHE" in check.remedy


def test_widgets_without_their_part_in_jupyterlab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert doctor._widgets().ok
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda name: [str(tmp_path)])
    assert "jupyterlab-manager" in doctor._widgets().found


def test_widgets_without_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    check = doctor._widgets()
    assert check.status == "missing"
    assert "anywidget" in check.found


def test_two_reports_are_the_same_and_hold_no_paths() -> None:
    first, second = str(doctor.report()), str(doctor.report())
    assert first == second
    found = "\n".join(check.found for check in doctor.report().checks if check.ok)
    assert not re.search(r"(^|\s)/(home|root|usr|tmp)\b", found)
