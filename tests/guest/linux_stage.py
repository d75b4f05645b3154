"""A Linux guest that runs one program of tests/guest after the other: they share its boot. See linux_stage/stage.c."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.guest import cases
from tests.guest.comparison import Run
from unilab import machines, toolchain
from unilab.errors import ToolchainError
from unilab.machines import RawNetwork
from unilab.machines.container_host import kernel_headers
from unilab.machines.system_calls import names
from unilab.toolchain import Image, linux

_HERE = Path(__file__).parent / "linux_stage"
#: MiB, little enough for programs that use it all.
_MEMORY = 128
#: Seconds for a boot; for a program where nothing is said; and beside that, until the stage must have answered.
_BOOT, _SECONDS, _MORE = 180, 900 if "UNILAB_SOAK" in os.environ else 120, 60
#: Of the kernel's: there is no IPv6, as in the library OS, so nothing speaks on the cable by itself.
_KERNEL_OPTIONS = ("ipv6.disable=1",)
_PACKET_SOCKETS = "af_packet"


class Stage:
    """The running guest, with all programs that say ``differential = "linux"``. Use it in a ``with`` statement.

    Args:
        folder: For its disks.
    """

    def __init__(self, folder: Path) -> None:
        self._disks: dict[str, str] = {}
        disks, files = [], {}
        with contextlib.suppress(ToolchainError):  # it is built in
            for number, path in enumerate(linux.kernel().drivers(_PACKET_SOCKETS)):
                files[f"stage/modules/{number:02}-{path.name}"] = path.read_bytes()
        for program in cases.FOLDERS:
            if cases.differential(program) == "linux":
                said = cases.expected(program)
                own = cases.disks(said, folder, program.name) if said.get("inside") else []
                self._disks[program.name] = " ".join(f"vd{chr(ord('a') + len(disks) + i)}" for i in range(len(own)))
                disks += own
                files |= {f"stage/{program.name}/{name}": data for name, data in self._files(program, said).items()}
        self._machine = machines.start(
            stage(),
            memory=_MEMORY,
            files=files,
            disks=disks,
            network=RawNetwork(),
            second_console=True,
            kernel_options=_KERNEL_OPTIONS,
            deadline=3600.0,
        )

    def _files(self, program: Path, said: dict[str, Any]) -> dict[str, bytes]:
        own = said.get("linux", {})
        args, env = cases.words({**said, "args": own.get("args", said.get("args", []))}, "/tmp")
        env |= own.get("env", {}) | ({"DISKS": self._disks[program.name]} if self._disks[program.name] else {})
        root = {**said.get("files", {}), **own.get("files", {})}
        return {
            "program": build(program, said).path.read_bytes(),
            "argv": _words([program.name, *args]),
            "environ": _words([f"{name}={value}" for name, value in env.items()]),
            "input": said.get("input", "").encode(),
            "setup": setup(own, env).encode(),
            **{f"root/{path}": text.encode() for path, text in root.items()},
        }

    def __enter__(self) -> Stage:
        assert self._machine.console.wait_for("ready\n", _BOOT), self._machine.console
        return self

    def __exit__(self, *error: object) -> None:
        self._machine.quit()

    def run(self, program: Path) -> Run:
        """Run one of them, with its peer if it has one."""
        said = cases.expected(program)
        console = self._machine.console
        before = len(console.text)
        self._drain()
        self._machine.send(f"run {program.name}\n")
        if (program / "peer.py").exists():
            end = self._machine.second_console if "second_console" in said else self._machine.wire
            _play(cases.peer(program), end, lambda: console.text[before:])
        seconds = said.get("linux", {}).get("seconds", _SECONDS)
        return _answer(console, before, program.name, seconds + _MORE)

    def _drain(self) -> None:
        """What the last program left on the cable."""
        with contextlib.suppress(TimeoutError):
            while True:
                self._machine.wire.receive(0)


def stage() -> Image:
    """The program that runs the others."""
    return toolchain.build(_HERE / "stage.c", "linux", cflags=kernel_headers())


def build(program: Path, said: dict[str, Any]) -> Image:
    """A program for Linux. One that is ``inside`` finds Linux's devices behind headers of the library OS's names."""
    cflags = ("-I", str(_HERE / "devices")) if said.get("inside") else ()
    return toolchain.build(cases.source(program), "linux", cflags=cflags)


def setup(own: dict[str, Any], env: dict[str, str]) -> str:
    """The lines for stage.c.

    Args:
        own: The table ``linux`` of an ``expect.toml``.
        env: The program's environment, whose NET is its address where ``own`` gives none.
    """
    lines = [f"mount {line}" for line in own.get("mounts", [])]
    address, _, gateway = own.get("address", env.get("NET", "")).partition(",")
    if address == "raw":
        lines.append("address raw")
    elif address:
        ip, _, bits = address.partition("/")
        mask = (0xFFFFFFFF << (32 - int(bits))) & 0xFFFFFFFF
        lines.append(f"address {ip} {'.'.join(str(byte) for byte in mask.to_bytes(4, 'big'))}")
    lines += [f"gateway {gateway}"] if gateway else []
    numbers = {name: number for number, name in names().items()}
    lines += [f"refuse {numbers[name]}" for name in own.get("refuse", [])]
    lines += [f"commit {own['commit']}"] if "commit" in own else []
    lines.append(f"seconds {own.get('seconds', _SECONDS)}")
    return "".join(f"{line}\n" for line in lines)


def _words(listed: list[str]) -> bytes:
    return b"".join(word.encode() + b"\0" for word in listed)


def _play(peer: Callable[[Any], None], end: Any, console: Callable[[], str]) -> None:
    try:
        peer(end)
    except Exception as error:
        raise AssertionError(f"the peer failed; the console:\n{console()}") from error


def _answer(console: machines.Console, before: int, name: str, seconds: float) -> Run:
    """What the stage says of the program that it has run, when it has."""
    said = ""
    while True:
        more, over = console.more(before + len(said), seconds)
        assert more, f"{name}: the stage {'has ended' if over else 'does not answer'}:\n{said}"
        said += more
        assert "\nfailed " not in said, f"{name}:\n{said}"
        if found := re.search(rf"\nran {re.escape(name)} (\d+) (\d+)\n", said):
            text = said[found.end() :]
            if len(text.encode()) >= int(found[2]):
                return Run(text, int(found[1]))
