"""A DHCP server (RFC 2131) and a name server (RFC 1035) at one address."""

from __future__ import annotations

import socket
import struct

from tests.guest.frames import BROADCAST, UDP, Host, udp
from unilab.machines.network import Wire

SERVER, GUEST, MASK = "10.1.2.1", "10.1.2.77", "255.255.255.0"
NAMES = {"course.example": ["192.0.2.80"], "two.example": ["192.0.2.81", "192.0.2.82"]}
DISCOVER, OFFER, REQUEST, ACKNOWLEDGE = 1, 2, 3, 5
COOKIE = b"\x63\x82\x53\x63"


def peer(wire: Wire) -> None:
    host = Host(wire, SERVER, GUEST)
    while True:
        packet = host.receive()
        if packet.protocol != UDP:
            continue
        source, port = struct.unpack_from(">HH", packet.data)
        data = packet.data[8:]
        if port == 67:
            _answer_dhcp(host, data)
        elif port == 53:
            host.send(udp((SERVER, 53), (packet.source, source), _answer_dns(data)))
        elif data == b"done":
            assert packet.source == GUEST
            host.send(udp((SERVER, port), (GUEST, source), b"good"))
            return


def _options(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return found


def _answer_dhcp(host: Host, asked: bytes) -> None:
    assert asked[:3] == b"\x01\x01\x06"
    assert asked[236:240] == COOKIE
    options = _options(asked[240:])
    kind = options[53][0]
    assert kind in (DISCOVER, REQUEST)
    if kind == REQUEST:
        assert socket.inet_ntoa(options[50]) == GUEST
    address = socket.inet_aton(SERVER)
    chosen = {
        53: bytes([OFFER if kind == DISCOVER else ACKNOWLEDGE]),
        54: address,
        1: socket.inet_aton(MASK),
        3: address,
        6: address,
        51: struct.pack(">I", 3600),
    }
    answer = b"\x02" + asked[1:16] + socket.inet_aton(GUEST) + address + asked[24:44] + bytes(192) + COOKIE
    answer += b"".join(bytes([name, len(value)]) + value for name, value in chosen.items()) + b"\xff"
    assert asked[10] & 0x80, "it has no address yet, so it must ask for the answer to be sent to everybody"
    host.send(udp((SERVER, 67), ("255.255.255.255", 68), answer.ljust(300, b"\0")), to=BROADCAST)


def _answer_dns(asked: bytes) -> bytes:
    at, labels = 12, []
    while asked[at]:
        labels.append(asked[at + 1 : at + 1 + asked[at]].decode())
        at += 1 + asked[at]
    question = asked[12 : at + 5]
    kind, _ = struct.unpack_from(">HH", asked, at + 1)
    addresses = NAMES.get(".".join(labels))
    found = addresses if addresses and kind == 1 else []
    flags = 0x8180 if addresses else 0x8183  # an answer, recursion available; no such name
    header = asked[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0)
    records = (b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address) for address in found)
    return header + question + b"".join(records)
