"""Which boot of the host this is."""

from __future__ import annotations

from pathlib import Path


def boot_id() -> str:
    """Changes at every boot of a Linux host; elsewhere constant, which only makes memories longer."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"
