from __future__ import annotations

import re

import pytest

from unilab.views.theme import (
    DARK,
    LIGHT,
    LINK_COLOURS,
    PERMISSION_COLOURS,
    STATIC,
    Palette,
    contrast,
    permission_class,
    style,
)

PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == 1


@PALETTES
@pytest.mark.parametrize("ink", ["ink", "muted"])
def test_text_can_be_read_on_every_fill_but_the_loud_one(palette: Palette, ink: str) -> None:
    fills = {name: fill for name, fill in palette.fills().items() if name != "rwx"}
    for surface in (palette.paper, palette.neutral, *fills.values()):
        assert contrast(palette.variables()[ink], surface) >= 4.5


@PALETTES
def test_text_can_be_read_on_the_loud_fill_and_on_badges(palette: Palette) -> None:
    values = palette.variables()
    assert contrast(values["loud-ink"], values["fill-rwx"]) >= 4.5
    for badge in ("live", "recorded", "model"):
        assert contrast(values["badge-ink"], values[badge]) >= 4.5


@PALETTES
def test_focus_and_permission_colours_stand_out(palette: Palette) -> None:
    assert contrast(palette.ring, palette.paper) >= 3
    assert len(set(palette.fills().values())) == len(PERMISSION_COLOURS) + 1


@pytest.mark.parametrize(
    ("letters", "name"),
    [
        ("---", "none"),
        ("r--", "r"),
        ("rw-", "rw"),
        ("-w-", "rw"),
        ("r-x", "rx"),
        ("--x", "rx"),
        ("rwx", "rwx"),
        ("-wx", "rwx"),
    ],
)
def test_permission_classes(letters: str, name: str) -> None:
    assert permission_class(letters) == name


def test_fixed_themes_hold_colours_and_no_variables() -> None:
    for theme, palette in (("light", LIGHT), ("dark", DARK)):
        rules = style(theme)  # type: ignore[arg-type]
        assert "var(" not in rules
        assert palette.ink in rules


def test_the_page_theme_decides_before_the_system_does() -> None:
    rules = style("auto")
    system, page = rules.index("prefers-color-scheme: dark"), rules.index('[data-jp-theme-light="false"] .uv')
    assert rules.index(LIGHT.muted) < system < page
    assert ':not([data-jp-theme-light="true"] *' in rules


def test_the_style_sheets_use_the_variables_there_are() -> None:
    of_picture, of_view = (
        {name for path in STATIC.glob(pattern) for name in re.findall(r"var\(--uv-([\w-]+)\)", path.read_text("utf-8"))}
        for pattern in ("picture*.css", "*.css")
    )
    assert of_picture <= LIGHT.variables().keys() <= of_view


@PALETTES
def test_links_stand_out_wherever_they_pass(palette: Palette) -> None:
    assert len(set(palette.links)) == len(palette.links) == len(LINK_COLOURS)
    for link in palette.links:
        for surface in (palette.paper, palette.neutral, *palette.band):
            assert contrast(link, surface) >= 3


@PALETTES
def test_text_can_be_read_on_the_bands(palette: Palette) -> None:
    for band in palette.band:
        assert contrast(palette.muted, band) >= 4.5
