"""Whenever Ctrl-C comes, no machine is left: at every point where Python looks for it, and at any time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from unilab.toolchain import Image

Program = Callable[..., Image]

# Python runs a signal's handler when a function is entered, and when one that is written in C has returned. There is a
# profiler's event for either, so raising KeyboardInterrupt from the n-th one is Ctrl-C at the n-th point. The exception
# is kept, as Jupyter keeps it, and with it the frames of all that was interrupted.
_SWEEP = """
import contextlib, faulthandler, json, os, signal, sys, time, traceback
from pathlib import Path
from unilab import machines
from unilab.errors import MachineError
from unilab.machines import keeper
from unilab.toolchain import build

source, on, what, first, stride = *sys.argv[1:4], *map(int, sys.argv[4:])
image = build(source, on)
OURS = ("unilab/machines/", "/threading.py", "/contextlib.py", "/subprocess.py")
interrupted = False

def children():
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += map(int, (task / "children").read_text().split())
    return found

def all_end(seconds):
    until = time.monotonic() + seconds
    while children():
        if time.monotonic() > until:
            return False
        time.sleep(0.001)
    return True

def interrupt_at(n):
    global interrupted
    interrupted = False
    left = n
    def profile(frame, event, argument):
        global interrupted
        nonlocal left
        if event in ("call", "c_return") and any(word in frame.f_code.co_filename for word in OURS):
            left -= 1
            if left == 0:
                sys.setprofile(None)
                interrupted = True
                raise KeyboardInterrupt
    sys.setprofile(profile)

def end_it(text):
    # A run that nobody interrupts would last until its deadline.
    if not interrupted and what == "run":
        for pid in children():
            os.kill(pid, signal.SIGKILL)

def go():
    machine = machines.start(image, deadline=600, on_output=end_it) if what == "start" else None
    if machine is not None:
        sys.setprofile(None)  # from here on, whoever started it holds it
        machine.quit()
    else:
        with contextlib.suppress(MachineError):
            machines.run(image, deadline=600, on_output=end_it)

go()
left, tried, n = [], 0, first
while True:
    kept = None
    interrupt_at(n)
    try:
        go()
        sys.setprofile(None)
    except KeyboardInterrupt as error:
        kept = error
    sys.setprofile(None)
    if not interrupted:
        break
    tried += 1
    if not all_end(20):
        faulthandler.dump_traceback()
        frames = reversed(traceback.extract_tb(kept.__traceback__))
        left.append(f"at {n}: " + " < ".join(frame.name for frame in frames))
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        all_end(20)
    n += stride
print(json.dumps({"tried": tried, "left": left}))
"""


def _sweep(program: Image, on: str, what: str, first: int, stride: int) -> int:
    """Interrupt at the first point, and then at every so many-th; how many that were."""
    command = [sys.executable, "-c", _SWEEP, str(program.program), on, what, str(first), str(stride)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    print(report)
    assert report["left"] == []
    return int(report["tried"])


@pytest.mark.parametrize("what", ["run", "start"])
@pytest.mark.parametrize(("on", "stride"), [("process", 1), ("unikernel", 1 if "UNILAB_SOAK" in os.environ else 6)])
def test_at_every_point(on: str, what: str, stride: int, program: Program) -> None:
    assert _sweep(program("endless"), on, what, 1, stride) * stride >= 100
