"""What is known of an instruction that was executed: where it is, and what that place is. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from unilab.spaces.journey import Ring


@dataclass(frozen=True, slots=True)
class Executed:
    """The processor, about to execute an instruction.

    Attributes:
        address: Of the instruction, bytes.
        code: Its bytes; what lies behind them may follow.
        ring: The privilege level.
        dx: The register that names a port.
    """

    address: int
    code: bytes
    ring: Ring
    dx: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """What an address is.

    Attributes:
        function: Its name; an address in hexadecimal where no symbol is known.
        owner: Whose it is.
    """

    function: str
    owner: str
