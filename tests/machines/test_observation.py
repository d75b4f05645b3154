"""Observing a program: live here, from a recording where this host cannot run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import QemuMissing, Unavailable
from unilab.machines import observation, observe
from unilab.spaces.model import Source

_HELLO = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"


@pytest.mark.parametrize(("program", "on"), observation.RECORDED)
def test_the_recording_shows_what_is_seen_live(program: str, on: str) -> None:
    live = observe(_HELLO.with_name(program), on)
    recorded = observation.load(observation.RECORDINGS / f"{_HELLO.stem}.{on}.json")
    assert live.source is Source.LIVE and recorded.source is Source.RECORDED
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
