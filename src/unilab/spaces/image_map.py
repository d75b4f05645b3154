"""What the bytes of an image are for, as plain values: one piece for each object file that the linker took in."""

from __future__ import annotations

from dataclasses import dataclass

from unilab.spaces.model import Source


@dataclass(frozen=True, slots=True)
class Piece:
    """What one object file gave to an image.

    Attributes:
        group: Whose it is: ``program``, ``C library``, ``library OS: posix``.
        name: The object or source file: ``printf.o``, ``posix/pipe.c``; for what belongs to none, what it is.
        size: Bytes in the image's file.
    """

    group: str
    name: str
    size: int

    @property
    def key(self) -> str:
        """The same in every image that holds it."""
        return f"{self.group}/{self.name}"


@dataclass(frozen=True, slots=True)
class ImageMap:
    """All of an image.

    Attributes:
        name: What people call it: ``hello``.
        pieces: Of each group together, the largest first.
        source: LIVE, RECORDED or MODEL.
        origin: Where it comes from.
    """

    name: str
    pieces: tuple[Piece, ...]
    source: Source = Source.LIVE
    origin: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(piece.size for piece in self.pieces)

    def groups(self) -> dict[str, int]:
        """Bytes by group, in the order of the pieces."""
        found: dict[str, int] = {}
        for piece in self.pieces:
            found[piece.group] = found.get(piece.group, 0) + piece.size
        return found

    def get(self, key: str) -> Piece | None:
        """The piece with that key, if it is in this image."""
        return next((piece for piece in self.pieces if piece.key == key), None)
