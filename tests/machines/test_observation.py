"""Observing a program: live here, from a recording where this host cannot run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import CompileError, CourseError, QemuMissing, Unavailable
from unilab.machines import container_host, observation, observe, observe_all, recordings
from unilab.spaces.model import Source

_HELLO = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"


@pytest.mark.parametrize(("program", "on"), recordings.RECORDED)
def test_the_recording_shows_what_is_seen_live(program: str, on: str) -> None:
    file = recordings.file_of(program.removesuffix(".c"), on)
    if file is None:
        pytest.skip(f"no recording of {program} on {on} ships yet")
    live = observe(_HELLO.with_name(program), on)
    if live.source is not Source.LIVE:
        pytest.skip(f"this host cannot run it: {live.why_recorded}")
    recorded = observation.load(file)
    assert {space.source for space in recorded.spaces} == {Source.RECORDED}
    assert live.console == recorded.console
    # What the kernel adds to a process differs from host to host; what the image holds does not.
    shown = [
        {(r.label, r.permissions, r.privilege) for r in seen.space.regions if r.owner != "kernel"}
        for seen in (live, recorded)
    ]
    assert shown[0] == shown[1], "make the recordings anew: ./course record"


def test_a_host_without_qemu_sees_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNILAB_QEMU", "no-such-qemu")
    seen = observe(_HELLO)
    assert seen.source is Source.RECORDED and seen.console == "hello, world\n"
    assert "no-such-qemu" in seen.why_recorded


def test_without_a_recording_the_reason_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNILAB_QEMU", "no-such-qemu")
    program = tmp_path / "other.c"
    program.write_text("int main(void) { return 0; }")
    with pytest.raises(QemuMissing, match="no-such-qemu") as caught:
        observe(program)
    assert isinstance(caught.value, Unavailable)


def test_the_program_is_seen_at_the_function_asked_for_and_then_runs_to_its_end() -> None:
    seen = observe(_HELLO, stop_at="main", args=["you"])
    assert seen.console == "hello, you\n" and seen.result.exit_status == 0
    at_end = observe(_HELLO)
    assert {r.label for r in seen.space.regions} <= {r.label for r in at_end.space.regions}


def test_what_one_architecture_lacks_does_not_keep_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNILAB_QEMU", "no-such-qemu")
    survey = observe_all(_HELLO, ["process", "unikernel"])
    assert [(name, seen.source) for name, seen in survey.observations.items()] == [
        ("process", Source.LIVE),
        ("unikernel", Source.RECORDED),
    ]
    assert not survey.failures
    other = tmp_path / "other.c"
    other.write_text(_HELLO.read_text())
    survey = observe_all(other, ["unikernel", "process"])
    assert list(survey.observations) == ["process"]
    assert [failure.architecture for failure in survey.failures] == ["unikernel"]
    assert "no-such-qemu" in repr(survey)


def test_what_is_no_program_or_no_architecture_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "broken.c").write_text("int main(void) { return }")
    with pytest.raises(CompileError, match="expected expression"):
        observe_all(tmp_path / "broken.c")
    with pytest.raises(CourseError, match="no architecture 'moon'"):
        observe_all(_HELLO, ["moon"])


def test_a_container_is_recorded_with_its_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(container_host.OVERRIDE, "guest")
    monkeypatch.setenv("UNILAB_QEMU", "no-such-qemu")
    seen = observe(_HELLO, "container")
    assert seen.source is Source.RECORDED and "no-such-qemu" in seen.why_recorded
    facts = recordings.recorded("container facts", "hello", "container")[0]
    assert (facts.capabilities, facts.seccomp) == (0, "filter") and facts.user_outside != 0
    with pytest.raises(Unavailable, match="no recording of container facts of hello on process"):
        recordings.recorded("container facts", "hello", "process")
