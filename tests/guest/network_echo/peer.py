"""ARP, ping, UDP and TCP with a host that speaks to the guest frame by frame."""

from __future__ import annotations

import random
import struct

import pytest

from tests.guest.frames import ACK, ICMP, RST, SYN, TCP, Host, Segment, echo_request, ports, tcp, udp
from unilab.machines.network import Wire


def peer(wire: Wire) -> None:
    host = Host(wire, "10.0.0.1", "10.0.0.2")
    host.find_guest(7)
    numbers = random.Random(7)
    _ping(host)
    for length in (0, 1, 511, 1472):
        data = numbers.randbytes(length)
        assert host.ask(7, data) == data
    _nobody_at_a_udp_port(host)
    _streams(host, numbers)
    with pytest.raises(ConnectionRefusedError):
        host.connect(8)
    _reset_of_what_is_unknown(host)
    host.tell(7, b"stop")


def _ping(host: Host) -> None:
    for number, length in enumerate((0, 1, 56, 1472)):
        data = bytes(i & 0xFF for i in range(length))
        host.send(echo_request(host.address, host.guest, number, data))
        answer = host.receive_from(ICMP, b"\0\0")
        assert answer.data[4:] == struct.pack(">HH", 77, number) + data


def _nobody_at_a_udp_port(host: Host) -> None:
    sent = udp((host.address, 5000), (host.guest, 9), b"anybody there?")
    host.send(sent)
    answer = host.receive_from(ICMP, b"\x03\x03")  # port unreachable (RFC 792)
    assert answer.data[8:36] == sent[:28]


def _streams(host: Host, numbers: random.Random) -> None:
    open_at_once = [host.connect(7) for _ in range(20)]
    for connection in open_at_once:
        data = numbers.randbytes(1000)
        connection.send(data)
        assert connection.receive(len(data)) == data
    for connection in open_at_once:
        connection.close()


def _reset_of_what_is_unknown(host: Host) -> None:
    """A segment of no connection is answered with a reset (RFC 9293, section 3.10.7.1), a reset with nothing."""
    host.send(tcp((host.address, 999), (host.guest, 7), RST, 5))
    host.send(tcp((host.address, 999), (host.guest, 7), ACK, 5, ack=1234, data=b"x"))
    reset = Segment.read(host.receive_from(TCP, ports(7, 999)))
    assert (reset.flags & (RST | SYN), reset.seq) == (RST, 1234)
