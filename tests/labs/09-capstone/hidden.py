"""What is not told beforehand: the suite with other choices, and the same ideas driven further."""

from __future__ import annotations

import random
import socket
import struct
from pathlib import Path
from typing import Any

from unilab.labs import Report, lab, part

ROOT = Path(__file__).resolve().parents[3]
check_py: Any = lab.load(ROOT / "labs" / "09-capstone" / "check.py")
suite: Any = check_py.suite


def a_thousand_in_a_row(port: int, draw: random.Random) -> None:
    """More requests at once than any buffer holds, read while they are sent."""
    name = suite.key(draw)
    requests = b"".join(b"ADD %s 1\n" % name for _ in range(1000))
    with suite.Client(port) as client:
        for start in range(0, len(requests), 700):
            client.send(requests[start : start + 700])
        for number in range(1000):
            client.expect(b"NUMBER %d\n" % (number + 1), b"ADD", "A thousand were sent in a row.")


def three_hundred_come_and_go(port: int, draw: random.Random) -> None:
    """Some by a reset: whatever a connection had is given back."""
    name = suite.key(draw)
    for number in range(300):
        with suite.Client(port) as client:
            why = f"It is connection {number + 1}, and all before have ended."
            client.ask(b"ADD %s 1\n" % name, b"NUMBER %d\n" % (number + 1), why)
            if number % 3 == 0:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def all_cuts(port: int, draw: random.Random) -> None:
    """A request cut at each place in turn, with the next behind it."""
    name, text = suite.key(draw), b"\n0\0\n"
    both = suite.put(name, text) + b"GET %s\n" % name
    with suite.Client(port) as client:
        for cut in range(1, len(both)):
            client.send(both[:cut])
            client.send(both[cut:])
            client.expect(b"OK\n", both, f"It was cut after {cut} bytes.")
            client.expect(suite.value_of(text), both, f"It was cut after {cut} bytes.")


def numbers_at_their_ends(port: int, draw: random.Random) -> None:
    """The largest steps, again and again."""
    name = suite.key(draw)
    with suite.Client(port) as client:
        for times in range(1, 6):
            client.ask(b"ADD %s -999999999\n" % name, b"NUMBER %d\n" % (-999999999 * times))
        client.ask(suite.put(name, b"-"), b"OK\n")
        client.refused(b"ADD %s 1\n" % name, "A minus alone is no number.")


PARTS = {
    "more at once": (a_thousand_in_a_row, all_cuts),
    "clients of all kinds": (suite.test_a_client_that_does_not_read, three_hundred_come_and_go),
    "numbers": (numbers_at_their_ends,),
}


def check(folder: Path, seed: int) -> Report:
    """Grade the service on both architectures."""
    parts = []
    for way, words in check_py.WAYS.items():
        trial = check_py.try_it(folder, way, PARTS, seed)
        for name in PARTS:
            wrong = trial.silent or trial.complaints.get(name, "it was not reached")
            parts.append(part(f"{name}, {words}", 1, wrong))
    return Report(folder.name, tuple(parts))
