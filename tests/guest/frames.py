"""The other end of a guest's cable, as values: frames made and read, and a host that speaks just enough.

Addresses are dotted text, ports are numbers, everything else is bytes. Headers are those of RFC 826 (ARP), RFC 791
(IPv4), RFC 792 (ICMP), RFC 768 (UDP) and RFC 9293 (TCP).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Self

from unilab.machines.network import Wire

BROADCAST = b"\xff" * 6
ARP, IPV4 = 0x0806, 0x0800
ICMP, TCP, UDP = 1, 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
#: Seconds that nothing here takes, however busy this computer is.
LONG = 30.0


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of bytes whose own checksum field is zero, or 0 if it is right."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def _summed(source: str, target: str, protocol: int, segment: bytes, at: int) -> bytes:
    """A segment with its checksum filled in, at that offset."""
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack(">HH", protocol, len(segment))
    value = checksum(pseudo + segment) or 0xFFFF
    return segment[:at] + struct.pack(">H", value) + segment[at + 2 :]


def ipv4(source: str, target: str, protocol: int, data: bytes) -> bytes:
    """A packet."""
    header = struct.pack(
        ">BBHHHBBH4s4s",
        *(0x45, 0, 20 + len(data), 0, 0, 64, protocol, 0),
        *(socket.inet_aton(source), socket.inet_aton(target)),
    )
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + data


def udp(source: tuple[str, int], target: tuple[str, int], data: bytes) -> bytes:
    """A datagram, as an IPv4 packet."""
    segment = struct.pack(">HHHH", source[1], target[1], 8 + len(data), 0) + data
    return ipv4(source[0], target[0], UDP, _summed(source[0], target[0], UDP, segment, 6))


def tcp(
    source: tuple[str, int],
    target: tuple[str, int],
    flags: int,
    seq: int,
    *,
    ack: int = 0,
    data: bytes = b"",
) -> bytes:
    """A segment, as an IPv4 packet."""
    header = struct.pack(
        ">HHIIBBHHH", source[1], target[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 0xFFFF, 0, 0
    )
    return ipv4(source[0], target[0], TCP, _summed(source[0], target[0], TCP, header + data, 16))


def ports(source: int, target: int) -> bytes:
    """How a UDP or TCP header between two ports begins."""
    return struct.pack(">HH", source, target)


def echo_request(source: str, target: str, number: int, data: bytes) -> bytes:
    """A ping, as an IPv4 packet."""
    message = struct.pack(">BBHHH", 8, 0, 0, 77, number) + data
    return ipv4(source, target, ICMP, message[:2] + struct.pack(">H", checksum(message)) + message[4:])


@dataclass(frozen=True, slots=True)
class Packet:
    """An IPv4 packet that came, its checksums found right."""

    source: str
    target: str
    protocol: int
    data: bytes

    @classmethod
    def read(cls, packet: bytes) -> Self:
        length = struct.unpack_from(">H", packet, 2)[0]
        size = (packet[0] & 15) * 4
        source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        assert packet[0] >> 4 == 4
        assert checksum(packet[:size]) == 0, "the checksum of an IPv4 header is wrong"
        data = packet[size:length]
        pseudo = packet[12:20] + struct.pack(">HH", packet[9], len(data))
        if packet[9] in (TCP, UDP):
            assert checksum(pseudo + data) == 0, "the checksum of a segment is wrong"
        return cls(source, target, packet[9], data)


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP segment that came."""

    source: int
    target: int
    seq: int
    ack: int
    flags: int
    window: int
    data: bytes

    @classmethod
    def read(cls, packet: Packet) -> Self:
        source, target, seq, ack, offset, flags, window = struct.unpack_from(">HHIIBBH", packet.data)
        return cls(source, target, seq, ack, flags, window, packet.data[(offset >> 4) * 4 :])


#: Above it are the ports that a Host uses.
FIRST_PORT = 40_000


@dataclass
class Host:
    """A host on the cable: it answers ARP for its address, and sends packets to the guest.

    Attributes:
        wire: The cable.
        address: Its own address.
        guest: The guest's.
        card: Its card's address.
        guest_card: The guest's card's address, once it is known.
    """

    wire: Wire
    address: str
    guest: str
    card: bytes = b"\x52\x54\x00\xaa\xbb\xcc"
    guest_card: bytes = BROADCAST
    _ports: int = field(default=FIRST_PORT, repr=False)

    def send(self, packet: bytes, *, kind: int = IPV4, to: bytes | None = None) -> None:
        """Send a packet to the guest's card, or to another."""
        frame = (to or self.guest_card) + self.card + struct.pack(">H", kind) + packet
        self.wire.send(frame.ljust(60, b"\0"))

    def receive(self, timeout: float = LONG) -> Packet:
        """The next IPv4 packet; ARP is answered on the way.

        Raises:
            TimeoutError: None has come.
        """
        end = time.monotonic() + timeout
        while True:
            frame = self.wire.receive(max(0.0, end - time.monotonic()))
            (kind,) = struct.unpack_from(">H", frame, 12)
            if kind == ARP:
                self._answer_arp(frame)
            elif kind == IPV4:
                return Packet.read(frame[14:])

    def _answer_arp(self, frame: bytes) -> None:
        operation, card, source, _, target = struct.unpack_from(">H6s4s6s4s", frame, 20)
        if source == socket.inet_aton(self.guest):
            self.guest_card = card
        if operation == 1 and target == socket.inet_aton(self.address) and source != target:
            self.send(self._arp(2, card), kind=ARP, to=card)

    def _arp(self, operation: int, card: bytes) -> bytes:
        ours, theirs = socket.inet_aton(self.address), socket.inet_aton(self.guest)
        return struct.pack(">HHBBH6s4s6s4s", 1, IPV4, 6, 4, operation, self.card, ours, card, theirs)

    def find_guest(self, port: int) -> None:
        """Ask for the guest's card by ARP until it answers, then for a datagram's echo at a port until that does: the
        program may not be listening yet.
        """
        end = time.monotonic() + LONG
        ready = False
        while not ready:
            assert time.monotonic() < end, "the guest does not answer"
            if self.guest_card == BROADCAST:
                self.send(self._arp(1, bytes(6)), kind=ARP, to=BROADCAST)
            else:
                self.tell(port, b"are you there?")
            with contextlib.suppress(TimeoutError):
                ready = self.receive(0.05).protocol == UDP

    def receive_from(self, protocol: int, beginning: bytes = b"") -> Packet:
        """The next packet of a protocol whose data begin so. Others are dropped."""
        while True:
            packet = self.receive()
            if packet.protocol == protocol and packet.data.startswith(beginning):
                return packet

    def tell(self, port: int, data: bytes) -> None:
        """Send a datagram to a port of the guest."""
        self._ports += 1
        self.send(udp((self.address, self._ports), (self.guest, port), data))

    def ask(self, port: int, data: bytes) -> bytes:
        """Send a datagram to a port of the guest, and receive the answer."""
        self.tell(port, data)
        return self.receive_from(UDP, ports(port, self._ports)).data[8:]

    def connect(self, port: int) -> Connection:
        """A TCP connection to a port of the guest."""
        self._ports += 1
        connection = Connection(self, self._ports, port)
        connection.open()
        return connection


@dataclass
class Connection:
    """Our end of a TCP connection over a cable that loses nothing: whatever comes must be in order."""

    host: Host
    port: int
    guest_port: int
    seq: int = 1000
    ack: int = 0
    ended: bool = False

    def segment(self, flags: int, data: bytes = b"") -> bytes:
        """A segment of this connection at its present place."""
        ours, theirs = (self.host.address, self.port), (self.host.guest, self.guest_port)
        return tcp(ours, theirs, flags, self.seq, ack=self.ack, data=data)

    def next(self) -> Segment:
        """The next segment of this connection."""
        return Segment.read(self.host.receive_from(TCP, ports(self.guest_port, self.port)))

    def open(self) -> None:
        """The handshake.

        Raises:
            ConnectionRefusedError: It was answered with a reset.
        """
        self.host.send(self.segment(SYN))
        answer = self.next()
        if answer.flags & RST:
            raise ConnectionRefusedError(f"the guest refuses port {self.guest_port}")
        assert answer.flags & (SYN | ACK) == SYN | ACK
        assert answer.ack == self.seq + 1
        self.seq, self.ack = self.seq + 1, answer.seq + 1
        self.host.send(self.segment(ACK))

    def send(self, data: bytes) -> None:
        """One segment of data."""
        self.host.send(self.segment(ACK | PSH, data))
        self.seq += len(data)

    def receive(self, length: int) -> bytes:
        """So many bytes, or fewer if the stream ends before."""
        received = b""
        while len(received) < length and not self.ended:
            segment = self.next()
            assert not segment.flags & RST, "the guest has reset the connection"
            if segment.seq != self.ack & 0xFFFFFFFF:
                continue  # it was sent again, before our acknowledgement came
            received += segment.data
            self.ack += len(segment.data)
            if segment.flags & FIN:
                self.ack += 1
                self.ended = True
            if segment.data or segment.flags & FIN:
                self.host.send(self.segment(ACK))
        return received

    def close(self) -> None:
        """End our direction, and wait for the end of the other."""
        self.host.send(self.segment(FIN | ACK))
        self.seq += 1
        assert self.receive(1) == b""
