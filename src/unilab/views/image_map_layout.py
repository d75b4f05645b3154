"""Where the pieces of an image lie when each gets an area that its bytes earn. Plain values in and out.

Every image of a picture has the same number of bytes to a square unit: one that is half as large takes half the area.
Lengths are SVG user units; y grows downwards, from the upper left corner of the image's own area.

Source:
    M. Bruls, K. Huizing, J. van Wijk: Squarified Treemaps. VisSym 2000; by the package ``squarify``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import squarify

from unilab.spaces.image_map import ImageMap, Piece

#: The area of the largest image.
WIDTH, HEIGHT = 860.0, 430.0
#: What would get less area than this shares a box with others of its group.
_SMALLEST = 110.0
_LIBRARY_OS = "library OS"


@dataclass(frozen=True, slots=True)
class Box:
    """A piece, or small ones together, and where it is drawn.

    Attributes:
        group: Whose it is.
        name: As in Piece; ``7 small files`` for several.
        key: The same in every image of the picture that holds it.
        size: Bytes.
        pieces: What is in it.
        x: Left edge.
        y: Upper edge.
        width: Of the box.
        height: Of the box.
    """

    group: str
    name: str
    key: str
    size: int
    pieces: tuple[Piece, ...]
    x: float
    y: float
    width: float
    height: float


def area(size: int, largest: int) -> tuple[float, float]:
    """Width and height for an image.

    Args:
        size: Its bytes.
        largest: Those of the largest image of the picture.

    >>> area(25, 100)
    (430.0, 215.0)
    """
    part = math.sqrt(size / largest) if largest else 0.0
    return WIDTH * part, HEIGHT * part


def boxes(image: ImageMap, largest: int) -> list[Box]:
    """The boxes of an image: the library OS on the right, all else on the left; in each, the largest group first."""
    width, height = area(image.size, largest)
    threshold = _SMALLEST * largest / (WIDTH * HEIGHT)
    groups = {group: _merged(group, image, threshold) for group in image.groups()}
    sides = [[g for g in groups if g.startswith(_LIBRARY_OS) == right] for right in (False, True)]
    found: list[Box] = []
    left = 0.0
    for side in sides:
        sizes = {group: sum(size for _, _, size, _ in groups[group]) for group in side}
        across = width * sum(sizes.values()) / image.size if image.size else 0.0
        ordered = sorted(side, key=lambda group: -sizes[group])
        for group, (x, y, w, h) in zip(
            ordered, _squares([sizes[g] for g in ordered], left, 0.0, across, height), strict=True
        ):
            pieces = sorted(groups[group], key=lambda piece: (-piece[2], piece[0]))
            places = _squares([size for _, _, size, _ in pieces], x, y, w, h)
            found += [Box(group, *piece, *place) for piece, place in zip(pieces, places, strict=True)]
        left += across
    return found


_Part = tuple[str, str, int, tuple[Piece, ...]]  #: name, key, size, pieces


def _merged(group: str, image: ImageMap, threshold: float) -> list[_Part]:
    pieces = [piece for piece in image.pieces if piece.group == group]
    small = tuple(piece for piece in pieces if piece.size < threshold)
    if len(small) < 2:
        small = ()
    parts: list[_Part] = [(piece.name, piece.key, piece.size, (piece,)) for piece in pieces if piece not in small]
    if small:
        name = f"{len(small)} small files"
        parts.append((name, f"{group}/small files", sum(piece.size for piece in small), small))
    return parts


def _squares(
    sizes: Sequence[int], x: float, y: float, width: float, height: float
) -> list[tuple[float, float, float, float]]:
    """A rectangle divided among sizes, which are in descending order: x, y, width, height of each."""
    if not sizes:
        return []
    found = squarify.squarify(squarify.normalize_sizes(sizes, width, height), x, y, width, height)
    return [(each["x"], each["y"], each["dx"], each["dy"]) for each in found]
