"""A flood of half-open connections, then frames with wrong bytes in them; the guest serves through both.

With UNILAB_SOAK=1 there are many more of each.
"""

from __future__ import annotations

import os
import random
import threading

from tests.guest.frames import ACK, FIN, FIRST_PORT, PSH, SYN, Host, echo_request, tcp, udp
from unilab.machines.network import Wire

SOAK = os.environ.get("UNILAB_SOAK") == "1"
FLOOD = 50_000 if SOAK else 2_000
MUTATED = 200_000 if SOAK else 2_000
EVERY = 500


def peer(wire: Wire) -> None:
    host = Host(wire, "10.0.0.1", "10.0.0.2")
    host.find_guest(7)
    numbers = random.Random(9293)
    for start in range(0, FLOOD, EVERY):
        _send_all(host, [_syn(host, numbers) for _ in range(min(EVERY, FLOOD - start))])
        _still_serves(host)
    for start in range(0, MUTATED, EVERY):
        _send_all(host, [_mutated(host, numbers) for _ in range(min(EVERY, MUTATED - start))])
        _still_serves(host)
    host.tell(7, b"stop")


def _send_all(host: Host, packets: list[bytes]) -> None:
    """Sends while the answers are read: a guest that could not send would not receive either, for a while."""
    sender = threading.Thread(target=lambda: [host.send(packet) for packet in packets])
    sender.start()
    while sender.is_alive():
        try:
            host.receive(0.01)
        except TimeoutError:
            continue
        except AssertionError:
            continue  # an answer to nonsense
    sender.join()


def _still_serves(host: Host) -> None:
    connection = host.connect(7)
    connection.send(b"are you there?")
    assert connection.receive(14) == b"are you there?"
    connection.close()
    assert host.ask(7, b"and here?") == b"and here?"


def _syn(host: Host, numbers: random.Random) -> bytes:
    somebody = f"10.0.0.{numbers.randrange(3, 250)}"
    return tcp((somebody, numbers.randrange(1024, 65536)), (host.guest, 7), SYN, numbers.getrandbits(32))


def _mutated(host: Host, numbers: random.Random) -> bytes:
    # Not the ports of those who ask whether it still serves: a SYN that came by chance would be in their way.
    ours, theirs = (host.address, numbers.randrange(1024, FIRST_PORT)), (host.guest, numbers.choice((7, 68, 80)))
    data = numbers.randbytes(numbers.randrange(0, 600))
    flags = numbers.choice((SYN, ACK, FIN | ACK, PSH | ACK, numbers.getrandbits(6)))
    packet = bytearray(
        numbers.choice(
            (
                udp(ours, theirs, data),
                tcp(ours, theirs, flags, numbers.getrandbits(32), ack=numbers.getrandbits(32), data=data),
                echo_request(host.address, host.guest, 1, data),
            )
        )
    )
    for _ in range(numbers.choice((0, 1, 1, 2, 8))):
        packet[numbers.randrange(min(len(packet), 60))] = numbers.getrandbits(8)
    if numbers.randrange(4) == 0:
        del packet[numbers.randrange(len(packet)) :]
    return bytes(packet)
