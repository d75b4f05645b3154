"""Frames made by the other end of the tests' cable, read by the course's decoder."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

from tests.guest.frames import ACK, ARP, FIN, IPV4, PSH, SYN, echo_request, tcp, udp
from unilab.spaces.packets import Packet, conversation, read_frames, read_pcap

CARD = "52:54:00:12:34:56"
_OURS, _THEIRS = bytes.fromhex("525400123456"), bytes.fromhex("52550a000202")
_GUEST, _HOST = ("10.0.2.15", 80), ("10.0.2.2", 4000)
_FAR = 0xFFFF_FFF0


def out(packet: bytes, kind: int = IPV4) -> bytes:
    return _THEIRS + _OURS + struct.pack(">H", kind) + packet


def came(packet: bytes, kind: int = IPV4) -> bytes:
    return _OURS + _THEIRS + struct.pack(">H", kind) + packet


def handshake() -> list[bytes]:
    """A connection whose numbers pass their largest."""
    get = b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n"
    return [
        came(tcp(_HOST, _GUEST, SYN, _FAR)),
        out(tcp(_GUEST, _HOST, SYN | ACK, 7, ack=_FAR + 1)),
        came(tcp(_HOST, _GUEST, ACK, _FAR + 1, ack=8)),
        came(tcp(_HOST, _GUEST, PSH | ACK, _FAR + 1, ack=8, data=get)),
        out(tcp(_GUEST, _HOST, FIN | ACK, 8, ack=_FAR + 1 + len(get), data=b"HTTP/1.1 200 OK\r\n\r\n")),
    ]


def read(*frames: bytes) -> tuple[Packet, ...]:
    return read_frames([(10.0 + i, frame, False) for i, frame in enumerate(frames)], CARD)


def pcap(*frames: bytes) -> bytes:
    """A capture file, as draft-ietf-opsawg-pcap has it."""
    records = b"".join(struct.pack("<IIII", 10 + i, 500, len(f), len(f)) + f for i, f in enumerate(frames))
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records


def test_a_handshake_and_a_request() -> None:
    syn, answer, ack, get, page = read(*handshake())
    assert [p.outgoing for p in (syn, answer, ack, get, page)] == [False, True, False, False, True]
    assert syn.flags == ("SYN",) and syn.sequence == 0 and syn.acknowledged is None
    assert answer.flags == ("SYN", "ACK") and answer.acknowledged == 1
    assert (ack.sequence, ack.acknowledged, ack.length) == (1, 1, 0)
    assert get.text == "GET /status HTTP/1.1"
    assert get.words == f"TCP PSH ACK, bytes 1 to {get.length}, GET /status HTTP/1.1"
    assert page.acknowledged == 1 + get.length and "FIN" in page.flags
    assert page.sender == "10.0.2.15:80" and page.receiver == "10.0.2.2:4000"
    assert [p.number for p in (syn, page)] == [1, 5]
    assert page.seconds == 4.0
    assert all(p.checksums_right for p in read(*handshake()))


def test_a_wrong_checksum_is_noticed_in_each_header() -> None:
    frame = handshake()[3]
    ip, segment, text = 14 + 10, 14 + 20 + 16, len(frame) - 1
    for at in (ip, segment, text):
        spoilt = bytearray(frame)
        spoilt[at] ^= 1
        (packet,) = read(bytes(spoilt))
        assert not packet.checksums_right and "a wrong checksum" in packet.words


def test_other_protocols() -> None:
    arp = struct.pack(">HHBBH6s4s6s4s", 1, IPV4, 6, 4, 1, _THEIRS, b"\x0a\0\2\2", bytes(6), b"\x0a\0\2\x0f")
    asks, datagram, silent, ping, odd = read(
        came(arp, ARP),
        out(udp(_GUEST, ("10.0.2.3", 53), b"a question")),
        out(udp(_GUEST, ("10.0.2.3", 53), b"x")[:26] + b"\0\0" + b"x"),
        came(echo_request("10.0.2.2", "10.0.2.15", 1, b"ping")),
        came(b"something", 0x88B5),
    )
    assert (asks.protocol, asks.sender, asks.receiver) == ("ARP", "10.0.2.2", "10.0.2.15")
    assert (datagram.protocol, datagram.receiver, datagram.length) == ("UDP", "10.0.2.3:53", 10)
    assert silent.checksums_right, "a datagram without a checksum has no wrong one"
    assert ping.protocol == "ICMP" and ping.checksums_right
    assert odd.protocol == "0x88b5"


def test_padding_is_no_text() -> None:
    (ack,) = read(came(tcp(_HOST, _GUEST, ACK, 5, ack=8)) + bytes(6))
    assert ack.length == 0 and ack.checksums_right


def test_seen_first_in_its_middle_it_counts_from_there() -> None:
    first, second = read(
        came(tcp(_HOST, _GUEST, ACK, 5000, ack=8, data=b"ab")), came(tcp(_HOST, _GUEST, ACK, 5002, ack=8, data=b"cd"))
    )
    assert (first.sequence, second.sequence) == (1, 3)


def test_what_was_lost_says_so() -> None:
    (packet,) = read_frames([(0.0, handshake()[0], True)], CARD)
    assert packet.lost and packet.words.endswith("LOST")


def test_a_capture_file_is_read_as_far_as_it_is_whole() -> None:
    frames = handshake()
    whole = pcap(*frames)
    assert [p.words for p in read_pcap(whole, CARD)] == [p.words for p in read(*frames)]
    for cut in range(1, len(frames[-1]) + 16):
        assert len(read_pcap(whole[:-cut], CARD)) == len(frames) - 1
    assert read_pcap(whole[:20], CARD) == read_pcap(b"", CARD) == ()


def test_a_conversation_is_one_port_s() -> None:
    other = came(tcp(("10.0.2.2", 4001), ("10.0.2.15", 8080), SYN, 1))
    packets = read(*handshake(), other)
    assert len(conversation(packets, 80)) == 5 and len(conversation(packets, 8080)) == 1


def test_decoding_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    frame = handshake()[0].hex()
    code = (
        "import os; from unilab.spaces.packets import read_frames; before = dict(os.environ); "
        f"(packet,) = read_frames([(0.0, bytes.fromhex('{frame}'), False)], '{CARD}'); "
        "print(packet.flags, before == dict(os.environ))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    environment["HOME"] = str(tmp_path)
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "('SYN',) True\n"
    assert list(tmp_path.iterdir()) == []
