"""How fast the host's time-stamp counter counts.

QEMU hands that counter to its guests. A Linux guest finds its rate by comparing it with another clock of the machine,
and fails when the host is busy meanwhile. Where it then has no other clock either, it hangs. So we tell it.
"""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

from unilab.machines.host_boot import boot_id
from unilab.toolchain import build, cache

_PATIENCE = 30


def rate() -> int | None:
    """Thousands of counts a second; None where the host has no such counter, or does not run what measures it.

    Measured once per boot of the host, in a twentieth of a second, and remembered in the cache.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return None
    program = build(Path(__file__).parent / "guest" / "tsc.c", "process")

    def measure(folder: Path) -> None:
        ended = subprocess.run(
            [program.path], capture_output=True, text=True, timeout=_PATIENCE, check=True, stdin=subprocess.DEVNULL
        )
        (folder / "kilohertz").write_text(str(int(ended.stdout)))

    try:
        return int(
            (cache.entry("tsc", cache.digest([boot_id(), str(program.path)]), measure) / "kilohertz").read_text()
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
