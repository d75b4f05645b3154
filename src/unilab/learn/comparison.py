"""A prediction beside an observation, in words. Plain values only."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Addresses from ``start`` up to, and without, ``end``."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.start:#x} to {self.end:#x}"


#: A number, a choice, things in an order, or a range of addresses.
Answer = int | float | str | tuple[str, ...] | Span

# predict.js has the same rule. A comma separates only before three digits: "1,5" is a slip, not 15.
_SEPARATOR = re.compile(r"[\s_]|(?<=\d),(?=\d{3}(?!\d))")


def parse_number(text: str) -> float | None:
    """The number a learner typed, or None.

    Takes separators between thousands (comma, underscore, space), a decimal point, and ``0x`` hexadecimal.

    >>> parse_number("1,200"), parse_number("0x10"), parse_number("1,5"), parse_number("many")
    (1200.0, 16.0, None, None)
    """
    digits = _SEPARATOR.sub("", text.lower())
    try:
        number = float(int(digits, 16)) if digits.startswith("0x") else float(digits)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def value_text(value: Answer, unit: str = "") -> str:
    """A value as people write it.

    >>> value_text(12345, "bytes"), value_text(0.5), value_text("the kernel")
    ('12,345 bytes', '0.5', 'the kernel')
    """
    if isinstance(value, tuple):
        return ", then ".join(value)
    if isinstance(value, float):
        text = f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:,.4g}"
    else:
        text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return f"{text} {unit}" if unit else text


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was predicted, what was observed, and how they differ.

    Attributes:
        predicted: In words, with its unit; ``no prediction`` where there is none.
        observed: In words, with its unit.
        verdict: One sentence about the difference; empty without a prediction.
    """

    predicted: str
    observed: str
    verdict: str

    def __str__(self) -> str:
        """Two or three lines of text."""
        lines = [f"Predicted: {self.predicted}", f"Observed:  {self.observed}"]
        return "\n".join([*lines, self.verdict] if self.verdict else lines)


def compare(predicted: Answer | None, observed: Answer, unit: str = "") -> Comparison:
    """Put a prediction beside an observation.

    >>> compare(10, 61).verdict
    'Observed is 6.1 times what you predicted.'
    """
    shown = value_text(observed, unit)
    if predicted is None:
        return Comparison("no prediction", shown, "")
    return Comparison(value_text(predicted, unit), shown, _verdict(predicted, observed, unit))


def _verdict(predicted: Answer, observed: Answer, unit: str) -> str:
    # As text, so that the choice "4" is right where 4 was observed.
    if predicted == observed or str(predicted) == str(observed):
        return "Just as you predicted."
    if isinstance(predicted, tuple) and isinstance(observed, tuple):
        placed = sum(one == other for one, other in zip(predicted, observed, strict=False))
        return f"{placed} of {len(observed)} are where they belong."
    if isinstance(predicted, Span) and isinstance(observed, Span):
        return _overlap(predicted, observed)
    if not isinstance(predicted, int | float) or not isinstance(observed, int | float):
        return "Not what you predicted. What made you expect it?"
    return _ratio(predicted, observed, unit)


def _ratio(predicted: float, observed: float, unit: str) -> str:
    if observed == 0 or predicted == 0 or (observed < 0) != (predicted < 0):
        return f"You were off by {value_text(abs(observed - predicted), unit)}."
    ratio = observed / predicted
    if 0.9 <= ratio <= 1.1:
        return "Within a tenth of what you predicted."
    if ratio > 1:
        return f"Observed is {_multiple(ratio)} times what you predicted."
    return f"You predicted {_multiple(1 / ratio)} times what was observed."


def _multiple(ratio: float) -> str:
    """Three digits, or all of them before the point."""
    return f"{ratio:,.0f}" if ratio >= 1000 else f"{ratio:.3g}"


def _overlap(predicted: Span, observed: Span) -> str:
    """How two ranges lie to each other, in a sentence."""
    common = min(predicted.end, observed.end) - max(predicted.start, observed.start)
    if common <= 0:
        below = predicted.end <= observed.start
        off = observed.start - predicted.end if below else predicted.start - observed.end
        return f"Yours lies {off:#x} bytes {'below' if below else 'above'} it."
    share = common / (max(predicted.end, observed.end) - min(predicted.start, observed.start))
    return f"They share {common:#x} bytes: {share:.0%} of what both take up together."
