"""Whether a machine outlives its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jupyter_client.manager import KernelManager

from unilab.errors import MachineError
from unilab.measure.figure import Figure, at_most
from unilab.measure.programs import of_bench

_KERNELS, _AT_ONCE = 100, 4
_PATIENCE = 60.0
#: The system has this long to end what has lost its owner.
_GRACE = 5.0


def after_sigkill() -> Iterable[Figure]:
    """A hundred Jupyter kernels, each killed with SIGKILL while its machine runs; QEMUs that are left."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        left = list(pool.map(lambda _: _outlives_its_kernel(), range(_KERNELS)))
    yield at_most("orphans.after_sigkill", 0, f"QEMUs left of {_KERNELS}", [float(x) for x in left], value=sum(left))


def _outlives_its_kernel() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        # Sockets in a folder of its own: no port, and no name that another kernel of this process has.
        return _outlives(KernelManager(transport="ipc", connection_file=str(Path(folder) / "kernel.json")))


def _outlives(manager: KernelManager) -> bool:
    manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kernel: int = manager.provisioner.pid  # type: ignore[union-attr]  # a local kernel is a process of ours
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=_PATIENCE)
        machine = _start_machine(client)
        os.kill(kernel, signal.SIGKILL)
        return not _gone(machine)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def _start_machine(client: object) -> int:
    """Start a machine that never ends in the kernel; its QEMU's process number."""
    said: list[str] = []

    def note(message: dict[str, object]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream" and isinstance(content, dict):
            said.append(str(content["text"]))

    code = (
        "from unilab.machines import start\n"
        f"machine = start({str(of_bench('endless.c'))!r})\n"
        "print('running' if machine.console.wait_for('running', 30) else 'silent', machine.pid)"
    )
    client.execute_interactive(code, timeout=_PATIENCE, output_hook=note)  # type: ignore[attr-defined]
    words = "".join(said).split()
    if words[:1] != ["running"]:
        raise MachineError(f"the machine in the kernel did not start: {' '.join(words) or 'it said nothing'}")
    return int(words[1])


def _gone(pid: int) -> bool:
    """Whether the QEMU ends in time. One that does not is ended here, after it has been counted."""
    until = time.monotonic() + _GRACE
    process = Path(f"/proc/{pid}")
    while process.exists():
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            return False
        time.sleep(0.01)
    return True
