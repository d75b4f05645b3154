"""One byte followed down: guest virtual, guest physical, QEMU's virtual, the host's frame. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from unilab.spaces.model import Source


@dataclass(frozen=True, slots=True)
class Stage:
    """The byte's address in one of the nested spaces.

    Attributes:
        space: What people call that space: ``guest virtual``, ``guest physical``, ``QEMU's virtual``,
            ``host physical``.
        address: Bytes; None where this host does not tell.
        region: What lies there in that space: a region's label, the name of a RAM block, a line of /proc/PID/maps.
        translated_by: What leads from here to the next stage; empty for the last.
        content: The bytes found there, read by this stage's own way; empty where none is.
        read_by: That way: ``QMP``, ``/proc/4711/mem``.
    """

    space: str
    address: int | None
    region: str
    translated_by: str
    content: bytes
    read_by: str


@dataclass(frozen=True, slots=True)
class Nested:
    """A byte and its stages, outermost last.

    Attributes:
        name: What was followed: ``the first byte of main of hello``.
        stages: In order of translation.
        source: LIVE, RECORDED or MODEL.
        origin: Where and when.
    """

    name: str
    stages: tuple[Stage, ...]
    source: Source = Source.LIVE
    origin: str = ""

    @property
    def proved(self) -> bool:
        """Whether at least two stages read the same bytes by different ways."""
        read = [(stage.read_by, stage.content) for stage in self.stages if stage.content]
        return len({by for by, _ in read}) > 1 and len({content for _, content in read}) == 1
