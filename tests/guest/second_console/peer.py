"""Sends every byte there is, many times over, and expects them back.

Never more at a time than the socket has room for: QEMU lets a console's output fall that its other end does not take.
"""

from __future__ import annotations

import random
import socket

BYTES = 200_000
MOST = 16_384


def peer(console: socket.socket) -> None:
    console.settimeout(20)
    assert _receive(console, 6) == b"ready\n"
    numbers = random.Random(1)
    left = BYTES
    while left:
        sent = numbers.randbytes(min(left, numbers.randint(1, MOST)))
        console.sendall(sent)
        assert _receive(console, len(sent)) == sent
        left -= len(sent)


def _receive(console: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        data = console.recv(length - len(received))
        if not data:
            raise EOFError("the guest has closed the console")
        received += data
    return bytes(received)
