"""One service as several architectures, measured: plain values, and what may be said of them.

A figure that takes time depends on what executes the instructions. So contenders come in groups, and ``ratio`` refuses
to set a time under emulation beside a time of the host's own processor.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape

from unilab.errors import CourseError
from unilab.spaces.model import Source


class Executes(StrEnum):
    """What executes a program's instructions."""

    HOST = "this host's own processor"
    EMULATION = "QEMU's emulated processor"
    VIRTUALISATION = "this host's processor, under KVM"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is measured.

    Attributes:
        name: One word: ``boot``.
        title: In a few words: ``start to first response``.
        unit: Of its values: ``s``, ``bytes``, ``MiB``, ``requests/s``, or what is counted.
        better: ``less`` or ``more``; empty where neither is.
        timed: Whether it depends on what executes the instructions.
        method: How it is measured, in a sentence or two.
    """

    name: str
    title: str
    unit: str
    better: str
    timed: bool
    method: str


@dataclass(frozen=True, slots=True)
class Contender:
    """The service as one architecture.

    Attributes:
        architecture: One of ``unilab.architectures.ARCHITECTURES``.
        executes: What executes it.
        where: The machine in words: ``QEMU q35, tcg``; ``this host``.
    """

    architecture: str
    executes: Executes
    where: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity of one contender.

    Attributes:
        architecture: Whose.
        quantity: Its name.
        samples: In the order in which they were taken; none where it could not be measured.
        note: What has to be said of it; why there is none, where there is none.
        parts: What it is made of, by name, where that is known.
        source: LIVE or RECORDED.
        origin: Where and when, where it is RECORDED.
    """

    architecture: str
    quantity: str
    samples: tuple[float, ...]
    note: str = ""
    parts: tuple[tuple[str, float], ...] = ()
    source: Source = Source.LIVE
    origin: str = ""

    @property
    def median(self) -> float:
        """The middle sample, or the mean of the two in the middle.

        Raises:
            CourseError: There is none.
        """
        if not self.samples:
            raise CourseError(f"{self.quantity} of the {self.architecture} was not measured: {self.note}")
        return statistics.median(self.samples)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between these lies the middle half of the samples; of fewer than four, all of them."""
        if len(self.samples) < 4:
            return min(self.samples, default=0.0), max(self.samples, default=0.0)
        first, _, third = statistics.quantiles(self.samples, n=4, method="inclusive")
        return first, third


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """All of it. Shown as a table: a line for each quantity, a column for each contender.

    Attributes:
        program: The C file's name.
        contenders: In the order in which they took their turns.
        quantities: In the order in which they are shown.
        measured: One for each pair of these, in any order.
        rounds: How many rounds of starting and asking were finished.
        wanted: How many were asked for.
        origin: Where and when.
    """

    program: str
    contenders: tuple[Contender, ...]
    quantities: tuple[Quantity, ...]
    measured: tuple[Measured, ...]
    rounds: int
    wanted: int
    origin: str = ""

    def quantity(self, name: str) -> Quantity:
        """A quantity by its name.

        Raises:
            CourseError: There is none of that name.
        """
        for each in self.quantities:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.quantities)
        raise CourseError(f"nothing called {name!r} was measured", remedy=f"choose from: {known}")

    def contender(self, architecture: str) -> Contender:
        """A contender by its architecture.

        Raises:
            CourseError: It did not take part.
        """
        for each in self.contenders:
            if each.architecture == architecture:
                return each
        known = ", ".join(each.architecture for each in self.contenders)
        raise CourseError(f"no {architecture} took part", remedy=f"choose from: {known}")

    def of(self, quantity: str, architecture: str) -> Measured:
        """What was measured.

        Raises:
            CourseError: There is no such quantity or contender.
        """
        self.quantity(quantity), self.contender(architecture)
        for each in self.measured:
            if (each.quantity, each.architecture) == (quantity, architecture):
                return each
        return Measured(architecture, quantity, (), "it was not reached")

    def parts(self, architecture: str, quantity: str = "instructions") -> dict[str, int]:
        """What a figure is made of: instructions by whose they are, rounded.

        Raises:
            CourseError: That is not known.
        """
        found = self.of(quantity, architecture)
        if not found.parts:
            raise CourseError(f"nobody knows the parts of {quantity} of the {architecture}: {found.note}")
        return {name: round(value) for name, value in found.parts}

    def comparable(self, quantity: str, one: str, other: str) -> bool:
        """Whether a quantity of two contenders may be set side by side."""
        same = self.contender(one).executes is self.contender(other).executes
        return same or not self.quantity(quantity).timed

    def ratio(self, quantity: str, one: str, other: str) -> float:
        """How many times the one's median is the other's.

        Raises:
            CourseError: That would say nothing: it takes time, and different processors execute the two; or it was not
                measured.
        """
        if not self.comparable(quantity, one, other):
            raise CourseError(
                f"{quantity!r} is a matter of time: the {one} ran on {self.contender(one).executes}, the {other} on "
                f"{self.contender(other).executes}, so their ratio tells of the emulator, not of the architecture",
                remedy="compare guests with guests, and what runs on the host with what runs on the host",
            )
        return self.of(quantity, one).median / self.of(quantity, other).median

    def apart(self, quantity: str, one: str, other: str) -> bool:
        """Whether the middle halves of the two's samples do not meet: a difference that chance hardly makes."""
        (low, high), (other_low, other_high) = (self.of(quantity, each).quartiles for each in (one, other))
        return high < other_low or other_high < low

    def __repr__(self) -> str:
        """The table as text."""
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        """Jupyter's hook: the same as a table."""
        head, *rows = self._rows()
        body = "".join(
            f'<tr><th scope="row">{escape(title)}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
            for title, *cells in rows
        )
        caption = "; ".join([f"{self.program}, {self.progress}", *self._executors()])
        names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
        return (
            f"<table><caption>{escape(caption)}</caption><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _lines(self) -> Iterator[str]:
        yield f"{self.program}, {self.progress}"
        yield from columns(self._rows())
        yield from self._executors()

    def _rows(self) -> list[tuple[str, ...]]:
        rows = [("", "", *(each.architecture for each in self.contenders))]
        for quantity in self.quantities:
            cells = (amount(self.of(quantity.name, each.architecture), quantity.unit) for each in self.contenders)
            rows.append((quantity.title, unit_text(quantity.unit), *cells))
        return rows

    def _executors(self) -> Iterator[str]:
        for executes in dict.fromkeys(each.executes for each in self.contenders):
            names = [each.architecture for each in self.contenders if each.executes is executes]
            yield f"executed by {executes}: {', '.join(names)}"

    @property
    def progress(self) -> str:
        """How many rounds there were, in words."""
        if self.rounds == self.wanted:
            return f"{self.rounds} round{'s' * (self.rounds != 1)}"
        return f"stopped after {self.rounds} of {self.wanted} rounds: what was measured by then"


def amount(measured: Measured, unit: str) -> str:
    """A median and its spread, as people write them; a dash where there is none.

    >>> amount(Measured("process", "boot", (0.0021, 0.002, 0.004)), "s")
    '2.1 ms (2–4)'
    >>> amount(Measured("linux", "memory", (80.0,)), "MiB")
    '80 MiB'
    """
    if not measured.samples:
        return "–"
    shown, factor = scaled(measured.median, unit)
    middle = f"{number_text(measured.median * factor)}{f' {shown}' if shown in _SHORT else ''}"
    if len(set(measured.samples)) < 2:
        return middle
    low, high = (number_text(edge * factor) for edge in measured.quartiles)
    return f"{middle} ({low}–{high})"


#: Units that stand behind each number; the others are told once.
_SHORT = {"s", "ms", "µs", "kB", "MB", "bytes", "MiB"}


def scaled(value: float, unit: str) -> tuple[str, float]:
    """A unit in which a value has few digits, and by what to multiply it.

    >>> scaled(0.0021, "s"), scaled(16_700_000, "bytes"), scaled(8200, "requests/s")
    (('ms', 1000.0), ('MB', 1e-06), ('requests/s', 1.0))
    """
    if unit == "s":
        return ("s", 1.0) if value >= 1 else ("ms", 1e3) if value >= 1e-3 else ("µs", 1e6)
    if unit == "bytes" and value >= 1000:
        return ("MB", 1e-6) if value >= 1e6 else ("kB", 1e-3)
    return unit, 1.0


def unit_text(unit: str) -> str:
    """A unit to stand behind an ``amount``: nothing where that has it already, or only counts what its title says.

    >>> unit_text("s"), unit_text("requests/s"), unit_text("functions")
    ('', 'requests/s', '')
    """
    return unit if "/" in unit else ""


def number_text(value: float) -> str:
    """A number with three digits that count, or whole.

    >>> [number_text(value) for value in (0.0, 2.14, 48.6, 123.4, 8144.5)]
    ['0', '2.14', '48.6', '123', '8,144']
    """
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines of text, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
