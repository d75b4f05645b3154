"""Sees that what arrives is whole and in order, twice, and answers number 0."""

from __future__ import annotations

from unilab.machines.network import Wire


def peer(wire: Wire) -> None:
    for length in (60, 1514):
        last = 0
        while True:
            frame = wire.receive(20)
            number = int.from_bytes(frame[14:18], "little")
            if number == 0 and last:
                break
            if number == 0:
                continue  # the last round's, once more
            assert number > last
            assert frame[:6] == b"\xff" * 6
            assert len(frame) == length
            assert frame[12:14] + frame[18:] == b"\xee" * (length - 16)
            last = number
        # What was sent first fits.
        assert last >= 128
        wire.send(frame[6:12] + frame[6:12] + b"\x88\xb5" + bytes(46))
