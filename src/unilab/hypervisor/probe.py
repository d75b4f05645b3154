"""Whether this host's KVM runs small guests: found out by running some, in a process of their own, by a deadline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from unilab.hypervisor.kvm import DEVICE
from unilab.machines.accelerator import Probe
from unilab.machines.host_boot import boot_id
from unilab.machines.limits import bounded
from unilab.toolchain import cache

#: Seconds. The guests take a thousandth of one; a Python that starts takes the rest.
_DEADLINE = 20.0
_MEMORY = 4 << 30
_WORKS = "KVM works"
#: What KVM must do as the emulator does it: ports in both modes, memory-mapped devices, halting, a triple fault.
_TRIAL = """
from unilab.hypervisor import Hypervisor, Reason
machine = Hypervisor("kvm")
machine.on_memory(0xFEB00000, 4096, lambda access: 0x2A)
ends = [machine.run(name, mode, deadline=2.0, check=False).end
        for name, mode in (("hello16", "real"), ("hello64", "long"), ("device64", "long"), ("fault64", "long"))]
assert ends == [Reason.HLT, Reason.HLT, Reason.HLT, Reason.SHUTDOWN], f"guests end by {', '.join(ends)}"
"""


def probe() -> Probe:
    """The backend to use, ``kvm`` or ``emulated``, and why. Done once per boot of the host and remembered."""
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return Probe("emulated", f"this host has no {DEVICE} that you may use")

    def build(folder: Path) -> None:
        complaint = _try()
        found = Probe("emulated", f"KVM does not work: {complaint}") if complaint else Probe("kvm", _WORKS)
        (folder / "probe.json").write_text(json.dumps(asdict(found)))

    key = cache.digest([boot_id(), _TRIAL])
    return Probe(**json.loads((cache.entry("hypervisor", key, build) / "probe.json").read_text()))


def _try() -> str:
    """What was wrong; empty if nothing was."""
    package = Path(__file__).resolve().parents[2]
    path = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))
    try:
        ended = subprocess.run(
            bounded([sys.executable, "-c", _TRIAL], memory=_MEMORY, seconds=_DEADLINE),
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=_DEADLINE,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"guests of a few instructions had not ended after {_DEADLINE:g} s"
    except OSError as error:
        return str(error)
    lines = ended.stderr.strip().splitlines()
    return "" if ended.returncode == 0 else (lines[-1] if lines else f"it ended with {ended.returncode}")
