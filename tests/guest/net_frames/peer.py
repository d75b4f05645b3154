"""Sends frames of every size, one by one and in bursts, and expects each back, in order."""

from __future__ import annotations

import random
import threading

from unilab.machines.network import Wire

BURST = 2000
LEAST, MOST = 15, 1514


def peer(wire: Wire) -> None:
    hello = wire.receive(20)
    card = hello[6:12]
    assert hello[:6] == b"\xff" * 6
    numbers = random.Random(1)
    ours = bytes(numbers.randrange(256) for _ in range(6))

    def frame(kind: bytes, length: int) -> bytes:
        return card + ours + b"\x88\xb5" + kind + numbers.randbytes(length - LEAST)

    def echoed(sent: bytes) -> None:
        received = wire.receive(20)
        assert received == ours + card + sent[12:]

    for length in (LEAST, 16, 59, 60, 61, 1513, MOST):
        # More than a packet has room for: the card drops it.
        wire.send(frame(b"E", 3000))
        sent = frame(b".", length)
        wire.send(sent)
        echoed(sent)
    for length in (LEAST, MOST, None):
        burst = [frame(b".", length or numbers.randint(LEAST, MOST)) for _ in range(BURST)]
        sender = threading.Thread(target=lambda frames=burst: [wire.send(f) for f in frames])
        sender.start()
        for sent in burst:
            echoed(sent)
        sender.join()
    wire.send(frame(b"E", 60))
