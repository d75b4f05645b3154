"""The strokes that every picture is made of: text that fits, boxes, patterns, badges.

Coordinates are SVG user units. No element has an id, so any number of pictures can share a page.
"""

from __future__ import annotations

import math
import unicodedata
from html import escape

from unilab.views.theme import Theme, style

#: Advance of one character of the monospaced font, as a part of the font size.
MONOSPACE = 0.61
#: The same for proportional text, which only a browser can measure; right for the wider of the usual fonts.
_ADVANCES = {
    **dict.fromkeys("fijlrtI .,:;|!'()[]/-", 0.4),
    **dict.fromkeys("mwMW@%…", 0.98),
}
_OTHER_ADVANCE, _FULL_WIDTH_ADVANCE = 0.64, 1.0

Box = tuple[float, float, float, float]  #: x, y, width, height


def page(
    label: str, width: float, height: float, body: str, *, theme: Theme = "auto", rules: tuple[str, ...] = ()
) -> str:
    """A whole ``<svg>`` element with its style sheet and paper.

    Args:
        label: What it shows, for those who cannot see it.
        width: Of the paper.
        height: Of the paper.
        body: Markup.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
        rules: What its style needs besides picture.css, as for ``theme.style``.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="uv uv-picture" role="group" '
        f'aria-label="{attribute(label)}" '
        f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}">'
        f"<style>{style(theme, *rules)}</style>"
        f'<rect class="uv-paper" width="{number(width)}" height="{number(height)}"/>'
        f"{body}</svg>"
    )


def badge(word: str, x: float, y: float) -> tuple[str, float]:
    """LIVE, RECORDED or MODEL on its colour, its upper left corner at (x, y); markup and width."""
    width = len(word) * 7.6 + 12  # capitals, spaced out
    return (
        f'<g class="uv-badge uv-badge-{word.lower()}" data-badge="{word}">'
        f"<rect {rect((x, y, width, 16))}/>" + text(word, x + width / 2, y + 11.5, anchor="middle") + "</g>"
    ), width


def text(text: str, x: float, y: float, look: str = "", *, anchor: str = "start", aside: str = "") -> str:
    """A line of text. ``look`` is a CSS class or two; ``aside`` follows on the line, muted."""
    attributes = f' class="{look}"' if look else ""
    if anchor != "start":
        attributes += f' text-anchor="{anchor}"'
    more = f'<tspan class="uv-muted" dx="8">{escape(aside)}</tspan>' if aside else ""
    return f'<text{attributes} x="{number(x)}" y="{number(y)}">{escape(text)}{more}</text>'


def fit(text: str, width: float, size: float) -> str:
    """Shorten text with an ellipsis until it should fit.

    Args:
        text: What to write.
        width: Room for it, pixels.
        size: Font size, pixels.
    """
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip(" ,") + "…" if text else ""


def text_width(text: str, size: float) -> float:
    """Estimated width in pixels of text in the picture's proportional font."""
    return size * sum(
        _FULL_WIDTH_ADVANCE if unicodedata.east_asian_width(c) in "WF" else _ADVANCES.get(c, _OTHER_ADVANCE)
        for c in text
    )


def spine(kind: str, box: Box) -> str:
    """The strip of full colour and pattern at a block's left edge."""
    return (
        f'<rect class="uv-strong-{kind}" {rect(box)}/>'
        f'<path class="uv-pattern uv-pattern-{kind}" d="{pattern(kind, box)}"/>'
    )


def ring(box: Box) -> str:
    """What shows focus and selection; drawn last."""
    return f'<rect class="uv-ring" {rect(box)} rx="2"/>'


def pattern(kind: str, box: Box) -> str:
    """Path data of a permission's pattern. Drawn out rather than a <pattern>, which would need an id."""
    x, y, width, height = box
    if kind == "r":
        return "".join(f"M{number(x)} {number(y + d)}h{number(width)}" for d in _steps(height, 5))
    if kind == "rx":
        return "".join(f"M{number(x + d)} {number(y)}v{number(height)}" for d in _steps(width, 4))
    rising = _diagonals(box, 5, rising=True)
    return rising if kind in ("rw", "none") else rising + _diagonals(box, 5, rising=False)


def rect(box: Box) -> str:
    """The attributes of a ``<rect>``."""
    x, y, width, height = box
    return f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'


def number(value: float) -> str:
    """A coordinate with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def attribute(text: str) -> str:
    """Text for between double quotes."""
    return escape(text, quote=True)


def _steps(length: float, step: float) -> list[float]:
    return [step / 2 + i * step for i in range(math.floor((length + step / 2 - 0.01) / step))]


def _diagonals(box: Box, step: float, *, rising: bool) -> str:
    """Lines at 45 degrees, clipped to the box."""
    x, y, width, height = box
    parts = []
    for offset in _steps(width + height, step):
        # On this line, across + down == offset.
        across, until = max(0.0, offset - height), min(width, offset)
        x0, x1 = (across, until) if rising else (width - across, width - until)
        parts.append(f"M{number(x + x0)} {number(y + offset - across)}L{number(x + x1)} {number(y + offset - until)}")
    return "".join(parts)
