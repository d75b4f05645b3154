"""``course spaces`` as people type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from unilab.architectures import ARCHITECTURES
from unilab.errors import Unavailable
from unilab.machines import container_host, run
from unilab.toolchain import build

_HELLO = Path(__file__).resolve().parents[2] / "notebooks/programs/hello.c"


def _spaces(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "unilab", "spaces", *map(str, words)]
    return subprocess.run(line, env=os.environ | environment, capture_output=True, text=True, timeout=240, check=False)


def test_every_architecture_there_is_and_each_says_where_it_comes_from() -> None:
    ended = _spaces(_HELLO, "--on", "all", "--json")
    said = json.loads(ended.stdout)
    shown = {space["architecture"]: space for space in said["spaces"]}
    # What a host lacks is shown from a recording: nothing is left out anywhere.
    assert (list(shown), said["failures"], ended.returncode) == (list(ARCHITECTURES), [], 0)
    assert shown["process"]["source"] == "LIVE"
    for space in shown.values():
        assert (space["source"] == "LIVE") != bool(space["why_recorded"])
        assert space["console"] == "hello, world\n"
        edges = [(int(region["start"], 16), int(region["end"], 16)) for region in space["regions"]]
        assert edges == sorted(edges) and all(start < end for start, end in edges)
        assert {region["label"] for region in space["regions"]} >= {"program text"}


@pytest.mark.parametrize("on", ARCHITECTURES)
def test_the_same_object_says_the_same_on_every_architecture(on: str) -> None:
    try:
        result = run(_HELLO, on, args=["you"], deadline=120)
    except Unavailable as error:
        pytest.skip(f"not on this host: {error}")
    assert (result.console, result.exit_status, result.architecture) == ("hello, you\n", 0, on)
    assert build(_HELLO, on).object == build(_HELLO, "process").object


def test_what_cannot_run_here_is_a_recording_and_says_why() -> None:
    ended = _spaces(_HELLO, "--on", "unikernel,process", "--json", UNILAB_QEMU="no-such-qemu")
    assert ended.returncode == 0
    unikernel, process = json.loads(ended.stdout)["spaces"]
    assert (unikernel["source"], process["source"]) == ("RECORDED", "LIVE")
    assert "no-such-qemu" in unikernel["why_recorded"] and not process["why_recorded"]
    assert ended.stderr.startswith("unikernel: a recording, because ")


def test_what_can_be_shown_in_no_way_does_not_keep_the_rest(tmp_path: Path) -> None:
    other = tmp_path / "other.c"
    other.write_text("int main(void) { return 0; }")
    ended = _spaces(other, "--on", "unikernel,process", UNILAB_QEMU="no-such-qemu")
    assert ended.returncode == 1
    assert ended.stdout.startswith("other as a process [LIVE: process ")
    assert ended.stderr.startswith("unikernel: ") and "no-such-qemu" in ended.stderr


@pytest.mark.skipif(bool(container_host.forbidden()), reason="no container on this host")
def test_every_space_in_the_machine_if_asked_for() -> None:
    ended = _spaces(_HELLO, "--on", "container", "--every", "--stop-at", "main")
    titles = [line for line in ended.stdout.splitlines() if "[LIVE: " in line]
    assert [title.partition(" [")[0] for title in titles] == [
        "hello in a container",
        "init, process 1 of the container",
    ]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((_HELLO, "--on", "moon"), "a program cannot run on 'moon'"),
        ((_HELLO, "--on", "process", "--stop-at", "moon"), "process: hello.c has no function 'moon' to stop at"),
        (("no-such.c",), "there is no file no-such.c"),
    ],
)
def test_what_makes_no_sense(words: tuple[str | Path, ...], complaint: str) -> None:
    ended = _spaces(*words)
    assert ended.returncode == 1 and ended.stderr.startswith(complaint)
