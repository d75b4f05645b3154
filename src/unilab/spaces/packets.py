"""Ethernet frames as plain values: what a header says, in the field's words. Decoded by ``scapy``.

Sequence numbers count from the first of their direction, as every packet analyser shows them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scapy.layers.inet import IP

#: The letters that scapy gives to a segment's flags -> their names. RFC 9293, section 3.1.
_FLAGS = {"S": "SYN", "F": "FIN", "R": "RST", "P": "PSH", "A": "ACK", "U": "URG", "E": "ECE", "C": "CWR"}
_HTTP = (b"GET ", b"HEAD ", b"PUT ", b"POST ", b"DELETE ", b"HTTP/1.")
_MODULUS = 1 << 32
_TCP, _UDP, _ICMP = 6, 17, 1


@cache
def _load_scapy() -> None:
    """Import it without the folders and the files that it would make in the user's home, which saves it 0.1 s."""
    nowhere = dict.fromkeys(("XDG_CACHE_HOME", "XDG_CONFIG_HOME"), "/dev/null/none")
    before = {name: os.environ.get(name) for name in nowhere}
    os.environ.update(nowhere)
    try:
        import scapy.layers.inet  # noqa: F401, PLC0415
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame on its way.

    Attributes:
        number: From 1, in the order in which they passed.
        seconds: Since the first one.
        outgoing: Whether the guest sent it.
        protocol: ``TCP``, ``UDP``, ``ICMP``, ``ARP`` or the number of another.
        sender: Address, and port where there is one.
        receiver: The same of who is meant.
        size: Bytes of the frame.
        length: Bytes of payload in the innermost header that was understood.
        flags: Of a TCP segment: ``SYN``, ``ACK`` and so on.
        sequence: Of its first byte, counted from the first one seen in its direction.
        acknowledged: The next byte it expects, counted the same way; None without ACK.
        window: Bytes that it is ready to receive, as the field says, which may be scaled.
        text: The first line of what it carries, if that is HTTP.
        checksums_right: Whether all of them are.
        lost: Whether it was taken away and never arrived.
    """

    number: int
    seconds: float
    outgoing: bool
    protocol: str
    sender: str
    receiver: str
    size: int
    length: int = 0
    flags: tuple[str, ...] = ()
    sequence: int = 0
    acknowledged: int | None = None
    window: int = 0
    text: str = ""
    checksums_right: bool = True
    lost: bool = False

    @property
    def words(self) -> str:
        """What it is, in one line: ``TCP PSH ACK, bytes 1 to 42, GET /status HTTP/1.1``."""
        said = [" ".join((self.protocol, *self.flags))]
        if self.protocol == "TCP" and self.length:
            said.append(f"bytes {self.sequence} to {self.sequence + self.length - 1}")
        elif self.length:
            said.append(f"{self.length} bytes")
        if self.acknowledged is not None and not self.length:
            said.append(f"expects {self.acknowledged}")
        if self.text:
            said.append(self.text)
        if not self.checksums_right:
            said.append("a wrong checksum")
        if self.lost:
            said.append("LOST")
        return ", ".join(said)

    def __str__(self) -> str:
        """``3  0.001 s  in   10.0.2.2:4000 > 10.0.2.15:80  TCP ACK, expects 1``."""
        way = "out" if self.outgoing else "in "
        return f"{self.number:>3} {self.seconds:>8.3f} s  {way}  {self.sender} > {self.receiver}  {self.words}"


def read_pcap(capture: bytes, card: str) -> tuple[Packet, ...]:
    """The packets of a capture file, as far as it is whole: the last one may still be being written.

    Args:
        capture: The file's contents, in the format of libpcap.
        card: The guest's Ethernet address, ``52:54:00:12:34:56``: what comes from it is outgoing.

    Source:
        The PCAP file format, draft-ietf-opsawg-pcap.
    """
    _load_scapy()
    from scapy.error import Scapy_Exception  # noqa: PLC0415 - its import takes 0.3 s
    from scapy.utils import RawPcapReader  # noqa: PLC0415

    found: list[tuple[float, bytes]] = []
    try:
        file: Any = io.BytesIO(capture)  # a file will do, though its types want a name
        reader: Any = RawPcapReader(file)
        for data, about in reader:
            if len(data) < about.caplen:
                break
            found.append((about.sec + about.usec / 1e6, bytes(data)))
    except (Scapy_Exception, EOFError):
        pass
    return read_frames([(seconds, data, False) for seconds, data in found], card)


def read_frames(frames: Iterable[tuple[float, bytes, bool]], card: str) -> tuple[Packet, ...]:
    """Frames in order: when, in seconds of any clock, what, and whether it was lost.

    Args:
        frames: Ethernet frames without their checksums.
        card: As for ``read_pcap``.
    """
    reader, first = _Reader(card), None
    packets: list[Packet] = []
    for seconds, data, lost in frames:
        first = seconds if first is None else first
        packets.append(reader.read(len(packets) + 1, seconds - first, data, lost=lost))
    return tuple(packets)


class _Reader:
    """Decodes frames in order, and remembers with which number each direction of a connection began."""

    def __init__(self, card: str) -> None:
        self._card = card
        self._starts: dict[tuple[str, str], int] = {}

    def read(self, number: int, seconds: float, data: bytes, *, lost: bool) -> Packet:
        _load_scapy()
        from scapy.layers.inet import IP  # noqa: PLC0415
        from scapy.layers.l2 import ARP, Ether  # noqa: PLC0415

        frame = Ether(data)
        outgoing = frame.src == self._card
        common: dict[str, Any] = {"number": number, "seconds": seconds, "outgoing": outgoing, "size": len(data)}
        if IP in frame:
            return self._ip(frame[IP], common | {"lost": lost})
        if ARP in frame:
            return Packet(protocol="ARP", sender=frame[ARP].psrc, receiver=frame[ARP].pdst, lost=lost, **common)
        return Packet(protocol=f"{frame.type:#06x}", sender=frame.src, receiver=frame.dst, lost=lost, **common)

    def _ip(self, packet: IP, common: dict[str, Any]) -> Packet:
        from scapy.layers.inet import TCP, UDP  # noqa: PLC0415

        right = _right(packet)
        names = {_TCP: "TCP", _UDP: "UDP", _ICMP: "ICMP"}
        protocol = names.get(packet.proto, f"protocol {packet.proto}")
        sender, receiver = str(packet.src), str(packet.dst)
        # What lies behind the packet in a short frame is padding.
        inside = packet.len - 4 * packet.ihl
        if TCP in packet:
            segment = packet[TCP]
            sender, receiver = f"{sender}:{segment.sport}", f"{receiver}:{segment.dport}"
            length = inside - 4 * segment.dataofs
            payload = bytes(segment.payload)[:length]
            flags = tuple(name for letter, name in _FLAGS.items() if letter in str(segment.flags))
            sequence = self._relative(sender, receiver, segment.seq, begins="SYN" in flags)
            acknowledged = self._relative(receiver, sender, segment.ack) if "ACK" in flags else None
            return Packet(
                protocol=protocol,
                sender=sender,
                receiver=receiver,
                length=length,
                flags=flags,
                sequence=sequence,
                acknowledged=acknowledged,
                window=segment.window,
                text=_line(payload),
                checksums_right=right,
                **common,
            )
        if UDP in packet:
            sender, receiver = f"{sender}:{packet[UDP].sport}", f"{receiver}:{packet[UDP].dport}"
            inside -= 8
        return Packet(
            protocol=protocol, sender=sender, receiver=receiver, length=inside, checksums_right=right, **common
        )

    def _relative(self, sender: str, receiver: str, number: int, *, begins: bool = False) -> int:
        way = sender, receiver
        if begins or way not in self._starts:
            # One that was seen first in its middle counts from there, as if the byte before had been a SYN.
            self._starts[way] = number if begins else (number - 1) % _MODULUS
        return (number - self._starts[way]) % _MODULUS


def _right(packet: IP) -> bool:
    """Whether the checksums of a packet are what they should be: scapy makes them anew for a copy."""
    from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: PLC0415

    copy = packet.copy()
    del copy.chksum
    for layer in (TCP, UDP, ICMP):
        if layer in copy:
            if layer is UDP and copy[UDP].chksum == 0:
                continue  # none was made, which UDP over IPv4 allows
            del copy[layer].chksum
    made = IP(bytes(copy))
    layers = [IP, *(layer for layer in (TCP, UDP, ICMP) if layer in packet)]
    return all(made[layer].chksum == packet[layer].chksum for layer in layers if packet[layer].chksum or layer is IP)


def _line(payload: bytes) -> str:
    if not payload.startswith(_HTTP):
        return ""
    return payload.split(b"\r\n", 1)[0][:80].decode("ascii", "replace")


def conversation(packets: Sequence[Packet], port: int) -> tuple[Packet, ...]:
    """Those of one port's TCP connections."""
    end = f":{port}"
    return tuple(
        packet
        for packet in packets
        if packet.protocol == "TCP" and (packet.sender.endswith(end) or packet.receiver.endswith(end))
    )
