"""Colours of the pictures, for light and dark pages.

Okabe and Ito's palette keeps the common forms of colour blindness apart
(https://jfly.uni-koeln.de/color/). Colour is never alone: each permission also has a
pattern, and its letters as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Theme = Literal["auto", "light", "dark"]

STATIC = Path(__file__).parent / "static"

#: Permission class -> its Okabe-Ito colour. Where nothing is permitted, a block has the paper's own colour.
PERMISSION_COLOURS = {
    "r": "#56b4e9",
    "rw": "#e69f00",
    "rx": "#009e73",
    "rwx": "#d55e00",
}


#: How many colours there are to tell linked things apart; a palette has them.
LINK_COLOURS = range(8)


def permission_class(permissions: str) -> str:
    """Which of the five colours and patterns ``rwx`` letters get; writable code is loud."""
    if "w" in permissions:
        return "rwx" if "x" in permissions else "rw"
    if "x" in permissions:
        return "rx"
    return "r" if "r" in permissions else "none"


@dataclass(frozen=True, slots=True)
class Palette:
    """One theme. Every ``*_ink`` has a contrast of at least 4.5 on what it is written on.

    Attributes:
        paper: Background.
        ink: Text on paper and on tints.
        muted: Secondary text on paper and on tints.
        line: Rules, ticks and breaks.
        ring: Focus and selection.
        tint: How much of a permission's colour is in its block, 0 to 1.
        neutral: Fill of a group's block.
        band: Fill of the bands of rings: user, kernel, hypervisor.
        links: Lines and shapes of linked things; a contrast of at least 3 on paper, bands and tints.
    """

    paper: str
    ink: str
    muted: str
    line: str
    ring: str
    tint: float
    neutral: str
    band: tuple[str, str, str]
    links: tuple[str, ...]

    def fills(self) -> dict[str, str]:
        """Permission class -> the fill of its block."""
        fills = {name: mix(colour, self.paper, self.tint) for name, colour in PERMISSION_COLOURS.items()}
        return fills | {"none": self.paper, "rwx": PERMISSION_COLOURS["rwx"]}

    def variables(self) -> dict[str, str]:
        """CSS custom properties, without their ``--uv-`` prefix."""
        values = {
            "paper": self.paper,
            "ink": self.ink,
            "muted": self.muted,
            "line": self.line,
            "ring": self.ring,
            "neutral": self.neutral,
            "live": "#00664b",
            "recorded": "#005a8c",
            "model": "#5e3b76",
            "badge-ink": "#ffffff",
            "loud-ink": "#000000",
        }
        values |= dict(zip(("band-user", "band-kernel", "band-hypervisor"), self.band, strict=True))
        values |= {f"link-{number}": colour for number, colour in enumerate(self.links)}
        values |= {f"fill-{name}": fill for name, fill in self.fills().items()}
        values |= {f"strong-{name}": colour for name, colour in PERMISSION_COLOURS.items()}
        return values


LIGHT = Palette(
    paper="#ffffff",
    ink="#1b1f24",
    muted="#4b5560",
    line="#8a949e",
    ring="#0b57d0",
    tint=0.22,
    neutral="#f1f3f5",
    band=("#f6f9fc", "#fbf6ee", "#f6f2fa"),
    links=("#0067b1", "#b84a00", "#00704c", "#9b3380", "#755400", "#4b44b8", "#4b5560", "#006d7e"),
)
DARK = Palette(
    paper="#111418",
    ink="#eef1f4",
    muted="#b9c2cb",
    line="#77828d",
    ring="#8ab4f8",
    tint=0.34,
    neutral="#22272e",
    band=("#161c23", "#211c15", "#1d1826"),
    links=("#72c1ff", "#ff9d63", "#4bd8ac", "#f2a6d1", "#f5cb5c", "#bab6ff", "#c9d1d9", "#6fdbe6"),
)


def mix(colour: str, paper: str, amount: float) -> str:
    """``amount`` of one ``#rrggbb`` colour, the rest of the other."""
    pairs = zip(_channels(colour), _channels(paper), strict=True)
    return "#" + "".join(f"{round(a * amount + b * (1 - amount)):02x}" for a, b in pairs)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two ``#rrggbb`` colours, 1 to 21.

    Source:
        Web Content Accessibility Guidelines 2.2, "contrast ratio".
    """
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@cache
def style(theme: Theme, *parts: str) -> str:
    """The style sheet that goes inside the picture.

    Args:
        theme: Whose colours.
        parts: What the picture needs besides picture.css: ``bands`` for picture_bands.css.

    ``auto`` follows JupyterLab's theme, then the page's, then the reader's system.
    ``light`` and ``dark`` hold no variables, for SVG readers that know none.
    """
    names = ["picture.css", *(f"picture_{part}.css" for part in parts)]
    rules = "".join((STATIC / name).read_text(encoding="utf-8") for name in names)
    if theme != "auto":
        for name, value in (LIGHT if theme == "light" else DARK).variables().items():
            rules = rules.replace(f"var(--uv-{name})", value)
        return rules
    return declarations() + rules


@cache
def sheet(name: str) -> str:
    """A style sheet of ``views/static`` for HTML without a picture, with the colours of both themes."""
    return declarations() + (STATIC / name).read_text(encoding="utf-8")


def declarations() -> str:
    """The colours of whichever theme the page has, for everything below an element with the class ``uv``."""
    light, dark = _page_declarations(LIGHT), _page_declarations(DARK)
    # VS Code shows every widget on white, whatever the theme.
    told_light = ':not([data-jp-theme-light="true"] *, [data-theme="light"] *, [data-vscode-theme-kind] *)'
    return (
        f".uv {{{light}}}\n"
        f"@media (prefers-color-scheme: dark) {{ .uv{told_light} {{{dark}}} }}\n"
        f'[data-jp-theme-light="false"] .uv, [data-theme="dark"] .uv {{{dark}}}\n'
    )


def _page_declarations(palette: Palette) -> str:
    """The palette as custom properties; paper and ink are JupyterLab's own where it is the page."""
    values = palette.variables()
    values["paper"] = f"var(--jp-layout-color0, {palette.paper})"
    values["ink"] = f"var(--jp-ui-font-color0, {palette.ink})"
    return " ".join(f"--uv-{name}: {value};" for name, value in values.items())


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
