"""WCAG 2.2, 1.4.3: all text has a contrast of 4.5:1 on every background of both themes, for any chosen colour."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tradepost.market.branding import colours
from tradepost.market.branding.colours import WHITE, contrast, hex_text, palette, parse

THEME = Path(colours.__file__).parents[1] / "web/static/web/theme.css"
part = st.integers(0, 255)
colour = st.tuples(part, part, part)


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#0d5c8f", "#0d5c8f", 1.0)],
)
def test_contrast_follows_the_standard(first: str, second: str, ratio: float) -> None:
    assert round(contrast(parse(first), parse(second)), 2) == ratio
    assert contrast(parse(first), parse(second)) == contrast(parse(second), parse(first))


@given(colour)
def test_accepted_colours_keep_text_readable(chosen: colours.Rgb) -> None:
    assume(colours.is_readable(chosen))
    chosen_palette = palette(chosen)
    for name in ("--tblr-primary", "--tp-top"):
        assert all(contrast(shade, WHITE) >= 4.5 for shade in chosen_palette[name]), name
    for theme, (surfaces, text) in enumerate(
        ((colours.LIGHT_SURFACES, parse("#1c2733")), (colours.DARK_SURFACES, parse("#dfe7ee")))
    ):
        soft = chosen_palette["--tp-soft"][theme]
        for name in ("--tblr-link-color", "--tblr-link-hover-color"):
            for surface in (*surfaces, soft):
                assert contrast(chosen_palette[name][theme], surface) >= 4.5, (name, theme, hex_text(surface))
        assert contrast(text, soft) >= 4.5


@given(colour)
def test_refused_colour_has_an_accepted_neighbour(chosen: colours.Rgb) -> None:
    nearest = colours.darkened(chosen)
    assert colours.is_readable(nearest)
    assert colours.is_readable(chosen) == (nearest == chosen)
    assert parse(hex_text(nearest)) == nearest


def test_stylesheet_sets_variables_of_the_theme() -> None:
    theme, stylesheet = THEME.read_text(encoding="utf-8"), colours.stylesheet(parse("#7a1f5c"))
    assert "--tblr-primary: light-dark(#7a1f5c, #" in stylesheet
    names = re.findall(r"^  (--[a-z-]+):", stylesheet, re.MULTILINE)
    assert len(names) == 7
    assert all(f"  {name}:" in theme for name in names)


@pytest.mark.parametrize("wrong", ["", "0d5c8f", "#0D5C8F", "#0d5c8", "#0d5c8fa", "#gggggg", "red"])
def test_other_texts_are_not_colours(wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)):
        parse(wrong)
