"""What the trial of KVM comes to, with trials that end in other ways."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

# The package has a function of the module's name.
module = importlib.import_module("unilab.hypervisor.probe")


@pytest.fixture(autouse=True)
def _a_kvm_that_is_there_and_a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEVICE", "/dev/null")
    monkeypatch.setenv("UNILAB_CACHE", str(tmp_path))


def test_a_kvm_on_which_the_trial_fails_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TRIAL", "raise SystemExit('guests end by SHUTDOWN')")
    assert module.probe().name == "emulated"
    assert module.probe().reason == "KVM does not work: guests end by SHUTDOWN"


def test_a_kvm_that_never_comes_back_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TRIAL", "import time; time.sleep(600)")
    monkeypatch.setattr(module, "_DEADLINE", 0.3)
    assert module.probe().name == "emulated"
    assert "had not ended after 0.3 s" in module.probe().reason


def test_the_trial_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = tmp_path / "log"
    monkeypatch.setattr(module, "_TRIAL", f"open({str(log)!r}, 'a').write('tried ')")
    assert [module.probe().name, module.probe().name] == ["kvm", "kvm"]
    assert log.read_text() == "tried "


def test_without_a_kvm_nothing_is_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "DEVICE", str(tmp_path / "none"))
    monkeypatch.setattr(module, "_TRIAL", "raise AssertionError")
    assert module.probe().name == "emulated"
    assert "that you may use" in module.probe().reason
