"""Machines inside a real Jupyter kernel: in cells, in callbacks, interrupted and restarted."""

from __future__ import annotations

import os
import queue
import select
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

LONG = 120.0
_ENDLESS = Path(__file__).parent / "programs" / "endless.c"
_HELLO = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"


class Notebook:
    """A kernel, and cells to run in it."""

    def __init__(self) -> None:
        # By this name a kernel knows that it is tested, and behaves otherwise.
        environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        self.manager: KernelManager
        self.client: BlockingKernelClient
        self.manager, self.client = start_new_kernel(kernel_name="python3", env=environment, startup_timeout=LONG)
        self.run(f"from unilab import machines\nENDLESS, HELLO = {str(_ENDLESS)!r}, {str(_HELLO)!r}")

    def run(self, cell: str, *, subshell: str | None = None, allow_errors: bool = False) -> str:
        """Run a cell to its end; what it printed, and the text of its error."""
        return self.finish(self.begin(cell, subshell=subshell), allow_errors=allow_errors)

    def begin(self, cell: str, *, subshell: str | None = None) -> str:
        content = {"code": cell, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self.client.session.msg("execute_request", content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def finish(self, request: str, *, allow_errors: bool = False, until: str | None = None) -> str:
        said = ""
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=LONG)
            except queue.Empty:
                raise AssertionError(f"the cell does not end; it said {said!r}") from None
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                said += content["text"]
                if until is not None and until in said:
                    return said
            elif kind == "error":
                assert allow_errors, "\n".join(content["traceback"])
                said += "\n".join(content["traceback"])
            elif kind == "status" and content["execution_state"] == "idle":
                return said

    def start_machine(self) -> int:
        """An endless unikernel, as ``machine``; a descriptor of its QEMU."""
        self.run("machine = machines.start(ENDLESS, deadline=600)")
        return os.pidfd_open(int(self.run("machine.console.wait_for('running', 120); print(machine.pid)")))


def _ended(fd: int, timeout: float = LONG) -> bool:
    return bool(select.select([fd], [], [], timeout)[0])


@pytest.fixture(scope="module")
def notebook() -> Iterator[Notebook]:
    made = Notebook()
    yield made
    made.client.stop_channels()
    made.manager.shutdown_kernel(now=True)


def test_a_cell_runs_a_program_while_the_kernels_own_loop_runs(notebook: Notebook) -> None:
    assert notebook.run("import asyncio; print(asyncio.get_running_loop().is_running())") == "True\n"
    for on in ("unikernel", "process"):
        assert notebook.run(f"print(machines.run(HELLO, {on!r}).console)") == "hello, world\n\n"
        space = f"with machines.start(HELLO, {on!r}, stop_at='exit') as m: print(len(m.address_space().regions) > 5)"
        assert notebook.run(space) == "True\n"


def test_a_cell_that_awaits_may_run_one_too(notebook: Notebook) -> None:
    cell = "result = await asyncio.to_thread(machines.run, HELLO)\nprint(result.console)"
    assert notebook.run("import asyncio\n" + cell) == "hello, world\n\n"


def test_a_thread_may_run_one(notebook: Notebook) -> None:
    cell = (
        "import threading\nresults = []\n"
        "thread = threading.Thread(target=lambda: results.append(machines.run(HELLO)))\n"
        "thread.start(); thread.join(); print(results[0].console)"
    )
    assert notebook.run(cell) == "hello, world\n\n"


def test_a_callback_beside_a_cell_that_waits_may_use_its_machine_and_start_others(notebook: Notebook) -> None:
    """Widgets' callbacks come in on a subshell, while the cell that waits still runs."""
    session, control = notebook.client.session, notebook.client.control_channel
    control.send(session.msg("create_subshell_request"))
    subshell = control.get_msg(timeout=LONG)["content"]["subshell_id"]
    fd = notebook.start_machine()
    try:
        waiting = notebook.begin("print('waiting'); machine.wait()")
        notebook.finish(waiting, until="waiting")
        said = notebook.run(
            "print(machine.state, len(machine.address_space().regions) > 5)\nprint(machines.run(HELLO).console)",
            subshell=subshell,
        )
        assert said == "running True\nhello, world\n\n"
        notebook.run("other = machines.start(ENDLESS, deadline=600)", subshell=subshell)
        other = os.pidfd_open(int(notebook.run("print(other.pid)", subshell=subshell)))
        control.send(session.msg("delete_subshell_request", {"subshell_id": subshell}))
        assert control.get_msg(timeout=LONG)["content"]["status"] == "ok"
        # What was started from there lives on, though its thread has gone.
        assert not _ended(other, 0.2)
        os.close(other)
        notebook.manager.interrupt_kernel()
        assert "KeyboardInterrupt" in notebook.finish(waiting, allow_errors=True)
        assert notebook.run("print(machine.state, other.state); machine.quit(); other.quit()") == "running running\n"
        assert _ended(fd)
    finally:
        os.close(fd)


def test_an_interrupt_while_a_cell_waits_leaves_the_machine_and_the_session_usable(notebook: Notebook) -> None:
    fd = notebook.start_machine()
    try:
        waiting = notebook.begin("print('waiting'); machine.wait()")
        notebook.finish(waiting, until="waiting")
        notebook.manager.interrupt_kernel()
        assert "KeyboardInterrupt" in notebook.finish(waiting, allow_errors=True)
        assert not _ended(fd, 0)
        assert notebook.run("print(machine.state, len(machine.address_space().regions) > 5)") == "running True\n"
        assert (
            notebook.run("machine.pause(); print(machine.state); machine.quit(); print(machine.state)")
            == "paused\nended\n"
        )
    finally:
        os.close(fd)


def test_an_error_is_shown_without_a_traceback(notebook: Notebook) -> None:
    said = notebook.run("machines.run(HELLO, memory=1)", allow_errors=True)
    assert said.splitlines() == [
        "1 MiB of memory are too little for hello.elf: images are loaded at 1 MiB, and this one needs 2 MiB",
        "To mend it: give it memory of 2 MiB or more",
    ]


def test_a_restart_of_the_kernel_ends_its_machines(notebook: Notebook) -> None:
    fd = notebook.start_machine()
    try:
        notebook.manager.restart_kernel(now=False)
        notebook.client.wait_for_ready(timeout=LONG)
        assert _ended(fd)
    finally:
        os.close(fd)
    notebook.run(f"from unilab import machines\nENDLESS, HELLO = {str(_ENDLESS)!r}, {str(_HELLO)!r}")
    assert notebook.run("print(machines.run(HELLO).console)") == "hello, world\n\n"


def test_the_kernels_death_ends_its_machines(notebook: Notebook) -> None:
    fd = notebook.start_machine()
    try:
        notebook.manager.signal_kernel(signal.SIGKILL)
        assert _ended(fd)
    finally:
        os.close(fd)
