"""What the buffers in a virtqueue are for, by the device's own rules.

Source: Virtual I/O Device (VIRTIO) Version 1.2, sections "Block Device" and "Network Device"; the numbers in frames:
IANA's registries of EtherTypes and protocols.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

_BLOCK_REQUESTS = {0: "read", 1: "write", 4: "flush", 8: "get its name", 11: "discard", 13: "write zeroes"}
_STATUS = {0: "OK", 1: "error", 2: "not supported", 0xFF: "not yet"}
_ETHERTYPES = {0x0800: "IPv4", 0x0806: "ARP", 0x86DD: "IPv6"}
_PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP"}
#: Bytes of the header in front of each frame, and of the frame's own.
_NET_HEADER, _ETHERNET = 12, 14


def roles(device: str, parts: Sequence[tuple[int, bool, bytes]]) -> list[str]:
    r"""What each part of a request is for, in words.

    Args:
        device: QEMU's name of the device.
        parts: Of each part: its length, whether the device writes it, and its first bytes.

    >>> header = bytes(16)
    >>> roles("virtio-blk", [(16, False, header), (512, True, b""), (1, True, b"\0")])
    ['header: read, from sector 0', 'data', 'status: OK']
    """
    if device == "virtio-blk":
        return _block(parts)
    if device == "virtio-net":
        return [_frame(written, first) for _, written, first in parts]
    return ["to be filled" if written else "data" for _, written, _ in parts]


def _block(parts: Sequence[tuple[int, bool, bytes]]) -> list[str]:
    words = ["data"] * len(parts)
    if parts and len(parts[0][2]) >= 16:
        kind, _, sector = struct.unpack("<IIQ", parts[0][2][:16])
        what = _BLOCK_REQUESTS.get(kind, f"request {kind}")
        words[0] = f"header: {what}" + (f", from sector {sector}" if kind in (0, 1) else "")
    if len(parts) > 1 and parts[-1][0] == 1:
        status = parts[-1][2][:1]
        words[-1] = "status" + (f": {_STATUS.get(status[0], str(status[0]))}" if status else "")
    return words


def _frame(written: bool, first: bytes) -> str:
    frame = first[_NET_HEADER:]
    if len(frame) < _ETHERNET or not any(frame[:_ETHERNET]):
        return "room for a frame" if written else "frame"
    number = int.from_bytes(frame[12:14], "big")
    words = [_ETHERTYPES.get(number, f"type {number:#06x}")]
    if number == 0x0800 and len(frame) >= _ETHERNET + 20:
        header = frame[_ETHERNET:]
        protocol = header[9]
        words.append(_PROTOCOLS.get(protocol, f"protocol {protocol}"))
        ports = header[4 * (header[0] & 15) :]
        if protocol in (6, 17) and len(ports) >= 4:
            words.append("from port {} to {}".format(*struct.unpack(">HH", ports[:4])))
    return "frame: " + " ".join(words)
