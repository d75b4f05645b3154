"""Sockets between unikernels, over a bad wire, and between a unikernel and this host.

With UNILAB_SOAK=1 there are many more transfers.
"""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import MachineError
from unilab.machines import Forward, Machine, RawNetwork, UserNetwork, Wire
from unilab.toolchain import Image

Program = Callable[..., Image]
LONG = 120.0
SOAK = os.environ.get("UNILAB_SOAK") == "1"
TRANSFERS = 1_000 if SOAK else 3
_ECHO = Path(__file__).resolve().parents[1] / "guest" / "network_echo" / "network_echo.c"
_ECHO_PORT = 7
each_machine = pytest.mark.parametrize("machine", ["microvm", "q35"])

#: What the wire does to a frame, and how often.
BAD_WIRES = {
    "good": {},
    "loss": {"lose": 0.05},
    "reordering": {"delay": 0.05},
    "duplication": {"repeat": 0.01},
    "corruption": {"corrupt": 0.01},
    "everything": {"lose": 0.05, "delay": 0.05, "repeat": 0.01, "corrupt": 0.01},
}


def _relay(source: Wire, target: Wire, bad: dict[str, float], seed: int) -> None:
    """Carry frames from one end to the other until a machine ends."""
    numbers = random.Random(seed)
    late: list[bytes] = []

    def happens(what: str) -> bool:
        return numbers.random() < bad.get(what, 0)

    try:
        while True:
            try:
                # Who waits for a frame that is late is not kept waiting by the end of all others.
                frame = source.receive(0.002 if late else None)
            except TimeoutError:
                target.send(late.pop(0))
                continue
            if happens("lose"):
                continue
            if happens("corrupt"):
                changed = bytearray(frame)
                changed[numbers.randrange(len(frame))] ^= 1 << numbers.randrange(8)
                frame = bytes(changed)
            if happens("delay"):
                late.append(frame)
                continue
            target.send(frame)
            if happens("repeat"):
                target.send(frame)
            if late and numbers.random() < 0.3:
                target.send(late.pop(0))
    except (EOFError, MachineError, OSError, ValueError):
        return  # a machine has ended, or its wire was closed in the middle of a wait


@pytest.mark.parametrize("name", list(BAD_WIRES))
def test_transfers_over_a_bad_wire(name: str, program: Program) -> None:
    server = machines.start(_ECHO, network=RawNetwork(), env={"NET": "10.0.0.7/24"}, deadline=3600)
    with server:
        assert server.console.wait_for("listening", LONG)
        client = machines.start(
            program("transfer"),
            network=RawNetwork(),
            env={"NET": "10.0.0.8/24"},
            args=["10.0.0.7", str(TRANSFERS)],
            deadline=3600,
        )
        with client:
            _transfer(server, client, BAD_WIRES[name])


def _transfer(server: Machine, client: Machine, bad: dict[str, float]) -> None:
    there = threading.Thread(target=_relay, args=(client.wire, server.wire, bad, 1))
    back = threading.Thread(target=_relay, args=(server.wire, client.wire, bad, 2))
    there.start()
    back.start()
    result = client.result()
    assert (result.console, result.exit_status) == (f"{TRANSFERS} transfers\n", 0)
    server.quit()
    there.join()
    back.join()


@each_machine
def test_much_in_both_directions(machine: str) -> None:
    data = random.Random(7).randbytes(2_000_000)
    network = UserNetwork((Forward(0, _ECHO_PORT),))
    with machines.start(_ECHO, machine=machine, network=network) as running:
        assert running.console.wait_for("listening", LONG)
        with socket.create_connection(("127.0.0.1", running.host_port(_ECHO_PORT)), LONG) as client:

            def send() -> None:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send)
            sender.start()
            received = b"".join(iter(lambda: client.recv(65536), b""))
            sender.join()
            assert received == data


@each_machine
@pytest.mark.parametrize("size", [1_000, 300_000])
def test_what_was_sent_before_the_end_arrives(machine: str, size: int, program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        running = machines.start(
            program("deliver"), machine=machine, network=UserNetwork(), args=["10.0.2.2", str(port), str(size)]
        )
        with running:
            accepted, _ = server.accept()
            with accepted:
                received = b"".join(iter(lambda: accepted.recv(65536), b""))
            assert running.result().exit_status == 0
        assert received == bytes(i & 0xFF for i in range(1000)) * (size // 1000)


@each_machine
def test_nobody_there(machine: str, program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    result = machines.run(
        program("deliver"), machine=machine, network=UserNetwork(), args=["10.0.2.2", str(port), "1000"]
    )
    assert (result.console, result.exit_status) == ("connect: Connection refused\n", 1)
