"""How the accelerator is chosen, with scripts in QEMU's place that do well or badly under KVM."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from unilab.errors import CourseError
from unilab.machines import accelerator

#: What QEMU ends with when the trial's kernel has done its work.
_DONE = 0x55 << 1 | 1

_FAKE = f"""#!/bin/sh
echo "$*" >> {{log}}
case "$*" in
*--version*) echo QEMU emulator version 7.2.0 ;;
*"-accel tcg"*) {{tcg}}; exit {_DONE} ;;
*"-accel kvm"*) {{kvm}}; exit {_DONE} ;;
esac
"""


@pytest.fixture(autouse=True)
def _own_cache_and_no_override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The trial's kernel is no part of what is tried here, so it need not be built.
    monkeypatch.setenv("UNILAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(accelerator, "bare_kernel", lambda work: tmp_path / "bare.elf")
    monkeypatch.delenv("UNILAB_ACCEL", raising=False)


@pytest.fixture
def _kvm_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "_KVM", "/dev/null")


def _fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tcg: str = "true", kvm: str = "true") -> Path:
    script, log = tmp_path / "fake-qemu", tmp_path / "log"
    script.write_text(_FAKE.format(log=log, tcg=tcg, kvm=kvm))
    script.chmod(0o755)
    monkeypatch.setenv("UNILAB_QEMU", str(script))
    return log


@pytest.mark.usefixtures("_kvm_is_there")
def test_kvm_that_works_and_is_faster_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake(tmp_path, monkeypatch, tcg="sleep 1")
    assert accelerator.probe() == accelerator.Probe("kvm", "KVM works")
    assert accelerator.choose() == "kvm"


@pytest.mark.usefixtures("_kvm_is_there")
def test_kvm_that_is_slower_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake(tmp_path, monkeypatch, kvm="sleep 1")
    probe = accelerator.probe()
    assert probe.name == "tcg"
    assert "KVM works but is slower here" in probe.reason


@pytest.mark.usefixtures("_kvm_is_there")
def test_kvm_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "_DEADLINE", 0.3)
    _fake(tmp_path, monkeypatch, kvm="exec sleep 600")
    probe = accelerator.probe()
    assert probe.name == "tcg"
    assert "had not ended after 0.3 s" in probe.reason


@pytest.mark.usefixtures("_kvm_is_there")
def test_kvm_that_aborts_is_given_up_with_what_qemu_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake(tmp_path, monkeypatch, kvm="echo error: failed to set MSR 0x10a >&2; kill -ABRT $$")
    probe = accelerator.probe()
    assert probe.name == "tcg"
    assert "failed to set MSR 0x10a" in probe.reason


@pytest.mark.usefixtures("_kvm_is_there")
def test_the_trial_is_made_once_per_boot_of_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _fake(tmp_path, monkeypatch, kvm="exit 1")
    assert accelerator.choose() == "tcg"
    tried = log.read_text().count("-accel")
    assert accelerator.choose() == "tcg"
    assert log.read_text().count("-accel") == tried == 2
    monkeypatch.setattr(accelerator, "boot_id", lambda: "after the next boot")
    assert accelerator.choose() == "tcg"
    assert log.read_text().count("-accel") == 4


def test_without_kvm_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _fake(tmp_path, monkeypatch)
    monkeypatch.setattr(accelerator, "_KVM", str(tmp_path / "none"))
    assert accelerator.choose() == "tcg"
    assert not log.exists()
    with pytest.raises(CourseError, match="no /dev/kvm"):
        accelerator.choose("kvm")


@pytest.mark.usefixtures("_kvm_is_there")
def test_a_choice_of_ones_own_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _fake(tmp_path, monkeypatch)
    assert accelerator.choose("kvm") == "kvm"
    assert accelerator.choose("tcg") == "tcg"
    monkeypatch.setenv("UNILAB_ACCEL", "kvm")
    assert accelerator.choose() == "kvm"
    assert not log.exists()


def test_an_unknown_accelerator_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CourseError, match="'warp'") as caught:
        accelerator.choose("warp")
    assert caught.value.remedy == "choose one of auto, tcg, kvm"
    monkeypatch.setenv("UNILAB_ACCEL", "warp")
    with pytest.raises(CourseError, match="'warp'"):
        accelerator.choose()
    assert os.environ["UNILAB_ACCEL"] == "warp"
