"""What a check says of a submission: parts with points, as plain values."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that was checked.

    Attributes:
        name: What, in a few words.
        points: What it is worth.
        earned: What it got.
        message: If that is not all: what was seen, and where to look next.
    """

    name: str
    points: int
    earned: int
    message: str = ""

    @property
    def passed(self) -> bool:
        """Whether it got all its points."""
        return self.earned == self.points


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """All of it. Shown by Jupyter and the command line as text, a line a part.

    Attributes:
        lab: The lab's folder name.
        parts: In the order in which to do them.
    """

    lab: str
    parts: tuple[Part, ...]

    @property
    def points(self) -> int:
        """What all parts are worth."""
        return sum(part.points for part in self.parts)

    @property
    def earned(self) -> int:
        """What was got."""
        return sum(part.earned for part in self.parts)

    @property
    def passed(self) -> bool:
        """Whether all points were got."""
        return self.earned == self.points

    def __repr__(self) -> str:
        """The text form."""
        lines = []
        for part in self.parts:
            lines.append(f"{'✓' if part.passed else '✗'} {part.name}: {part.earned} of {part.points}")
            lines += [f"    {line}" for line in part.message.splitlines()]
        return "\n".join([*lines, f"{self.lab}: {self.earned} of {self.points} points"])

    def _repr_html_(self) -> str:
        """Jupyter's hook."""
        return f'<pre role="status">{escape(repr(self))}</pre>'

    def to_json(self) -> str:
        """One JSON object on one line."""
        return json.dumps(asdict(self) | {"points": self.points, "earned": self.earned}, ensure_ascii=False)


def part(name: str, points: int, *complaints: str | None) -> Part:
    """A part that is right if nobody complains, and gets no points else.

    Args:
        name: What is checked.
        points: What it is worth.
        complaints: One for each thing that can be wrong; None or empty where it is not. The first counts.
    """
    message = next((text for text in complaints if text), "")
    return Part(name, points, 0 if message else points, message)
