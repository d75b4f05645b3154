"""What drivers and virtio devices said to each other, as tables: HTML for notebooks, text for terminals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from unilab.errors import CourseError
from unilab.spaces.virtio import DeviceTalk, explained, feature_names
from unilab.views.words import address_text


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """A table with a caption that says what it is and where it comes from. Jupyter shows it by itself.

    Attributes:
        caption: One sentence, with the badge.
        head: The names of the columns; the first column names its row.
        rows: Cell by cell.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        """The text form."""
        lines = [self.head, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.head))]
        texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([self.caption, *(text.rstrip() for text in texts)])

    def _repr_html_(self) -> str:
        """Jupyter's hook."""
        head = "".join(f'<th scope="col" style="text-align:left">{escape(cell)}</th>' for cell in self.head)
        body = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(row[0])}</th>'
            + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in row[1:])
            + "</tr>"
            for row in self.rows
        )
        return (
            f'<table><caption style="text-align:left">{escape(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def features(talk: DeviceTalk) -> Table:
    """Every feature that a device offered, and whether its driver accepted it."""
    rows = []
    for bit in range(64):
        if talk.offered >> bit & 1:
            (name,) = feature_names(talk.device, 1 << bit)
            rows.append((name, str(bit), "accepted" if talk.accepted >> bit & 1 else "left"))
    return Table(_caption(talk, "what it offers"), ("feature", "bit", "the driver"), tuple(rows))


def negotiation(talk: DeviceTalk) -> Table:
    """Each access of a register of features or status, in order, until the device was told to work."""
    rows = []
    for number, (access, meaning) in enumerate(explained(talk.device, talk.negotiation), 1):
        way = "write" if access.write else "read"
        rows.append((str(number), way, access.register, f"0x{access.value & 0xFFFFFFFF:x}", meaning))
    return Table(_caption(talk, "the negotiation"), ("step", "the driver", "register", "value", "that is"), tuple(rows))


def traffic(talks: Mapping[str, DeviceTalk] | Sequence[DeviceTalk]) -> Table:
    """What went through each queue: requests, notifications, interrupts.

    Raises:
        CourseError: There is nothing to show.
    """
    found = list(talks.values()) if isinstance(talks, Mapping) else list(talks)
    if not found:
        raise CourseError("there is no device to show", remedy="give what device_log() returned")
    rows = []
    for talk in found:
        for name, counts in talk.queues.items():
            kicks = "not counted" if counts.kicks is None else str(counts.kicks)
            rows.append((f"{talk.device}, {name}", str(counts.requests), kicks, str(counts.interrupts)))
    head = ("queue", "requests taken", "kicks", "interrupts")
    return Table(f"What went through the queues. {found[0].source}: {found[0].origin}", head, tuple(rows))


def _caption(talk: DeviceTalk, what: str) -> str:
    where = f"{talk.transport}, registers at {address_text(talk.address)}"
    return f"{talk.device} ({where}): {what}. {talk.source}: {talk.origin}"
