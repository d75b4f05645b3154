"""Every folder here is one program, booted for real. What it must do is in its ``expect.toml``; without one, it must
print SUCCESS as its last line and exit 0.

Keys: args, env, input, memory (MiB) go in; exit_status, console_ends, console_matches (regular expressions),
console_counts (how often a text occurs) must come out.
"""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path

import pytest

from unilab import machines

_FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/*.c"))


@pytest.mark.parametrize("machine", ["microvm", "q35"])
@pytest.mark.parametrize("folder", _FOLDERS, ids=lambda folder: folder.name)
def test_guest(folder: Path, machine: str) -> None:
    file = folder / "expect.toml"
    expected = tomllib.loads(file.read_text()) if file.exists() else {}
    args = [word.format(host_seconds=int(time.time())) if "{" in word else word for word in expected.get("args", [])]
    result = machines.run(
        folder / f"{folder.name}.c",
        args=args,
        env=expected.get("env"),
        input=expected.get("input", ""),
        memory=expected.get("memory", 64),
        machine=machine,
        check=False,
    )
    assert result.exit_status == expected.get("exit_status", 0), result.console
    patterns = expected.get("console_matches", [])
    if "console_ends" in expected or not patterns:
        assert result.console.endswith(expected.get("console_ends", "SUCCESS\n"))
    for pattern in patterns:
        assert re.search(pattern, result.console), f"{pattern}\n{result.console}"
    for text, count in expected.get("console_counts", {}).items():
        assert result.console.count(text) == count, result.console
