"""A request and its answer: the packets on the wire, and what a guest's processor did between two of them."""

from __future__ import annotations

from dataclasses import dataclass

from unilab.spaces.journey import Journey
from unilab.spaces.packets import Packet


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was done between a packet that came in and one that went out.

    Attributes:
        journey: The functions.
        arrives: Number of the packet that began it.
        leaves: Number of the packet that ended it.
        named: What happened, in a few words: ``the request``.
    """

    journey: Journey
    arrives: int
    leaves: int
    named: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One connection's packets, and the stretches of work between them.

    Attributes:
        packets: All of them, in order.
        stretches: In order. One of them is named ``the request``.
        answer: The whole response, as it came to the client.
    """

    packets: tuple[Packet, ...]
    stretches: tuple[Stretch, ...]
    answer: bytes

    @property
    def journey(self) -> Journey:
        """That of the request: from its frame to the answer's."""
        return next(stretch.journey for stretch in self.stretches if stretch.named == REQUEST)

    def __str__(self) -> str:
        """The packets, a line each, and under them what was done in between, in figures."""
        lines = []
        for packet in self.packets:
            lines.append(str(packet))
            lines += [
                f"{'':>17}{stretch.journey.functions} functions, {stretch.journey.crossings} crossings, "
                f"{stretch.journey.instructions:,} instructions"
                for stretch in self.stretches
                if stretch.arrives == packet.number
            ]
        return "\n".join(lines)

    __repr__ = __str__


CONNECT, REQUEST, CLOSE = "the connection", "the request", "the end"
