"""Derive the colours of every page from the market's main colour, readable in the light and the dark theme. No I/O.

Contrast is defined in WCAG 2.2; criterion 1.4.3 requires 4.5:1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

type Rgb = tuple[int, int, int]

MIN_CONTRAST = 4.5
COLOUR_PATTERN = re.compile(r"#[0-9a-f]{6}")
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
LIGHT_SURFACES = ((255, 255, 255), (246, 248, 250), (244, 247, 249), (237, 241, 244))
DARK_SURFACES = ((15, 23, 32), (17, 26, 35), (23, 33, 44), (28, 39, 51))
"""Backgrounds in ``theme.css``: of the page, of cards, forms, tables and code."""
STEPS = 20


def parse(colour: str) -> Rgb:
    """Parse a colour such as ``#0d5c8f``. Raises ``ValueError`` for any other form."""
    if not COLOUR_PATTERN.fullmatch(colour):
        raise ValueError(colour)
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def hex_text(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def contrast(first: Rgb, second: Rgb) -> float:
    """Return the contrast ratio, from 1 (equal colours) to 21 (black on white)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def is_readable(colour: Rgb) -> bool:
    """Return whether white text is readable on this colour, and this colour on white."""
    return contrast(colour, WHITE) >= MIN_CONTRAST


def darkened(colour: Rgb) -> Rgb:
    """Return the colour if it is readable, otherwise the nearest darker readable colour."""
    return next(shade for shade in _towards(colour, BLACK) if is_readable(shade))


def stylesheet(colour: Rgb) -> str:
    """Return CSS that sets the variables of ``theme.css`` for a readable main colour, in both themes."""
    lines = "".join(
        f"  {name}: light-dark({hex_text(light)}, {hex_text(dark)});\n"
        for name, (light, dark) in palette(colour).items()
    )
    return f':root,\n[data-bs-theme="light"],\n[data-bs-theme="dark"] {{\n{lines}}}\n'


def palette(colour: Rgb) -> dict[str, tuple[Rgb, Rgb]]:
    """Map each CSS variable to its values in the light and the dark theme."""
    soft_colours = _mix(colour, WHITE, 0.92), _mix(colour, DARK_SURFACES[2], 0.85)
    links = (
        _first_readable(_towards(colour, BLACK), (*LIGHT_SURFACES, soft_colours[0])),
        _first_readable(_towards(colour, WHITE), (*DARK_SURFACES, soft_colours[1])),
    )
    button = max((shade for shade in _towards(colour, WHITE) if is_readable(shade)), key=_luminance)
    return {
        "--tp-brand": (colour, colour),
        "--tp-top": (_mix(colour, BLACK, 0.35), _mix(colour, BLACK, 0.65)),
        "--tp-soft": soft_colours,
        "--tblr-primary": (colour, button),
        "--tblr-link-color": links,
        "--tblr-link-hover-color": (_mix(links[0], BLACK, 0.3), _mix(links[1], WHITE, 0.4)),
        "--tblr-focus-ring-color": links,
    }


def _first_readable(shades: Iterable[Rgb], surfaces: tuple[Rgb, ...]) -> Rgb:
    """Return the first shade that is readable on every surface."""
    return next(shade for shade in shades if all(contrast(shade, surface) >= MIN_CONTRAST for surface in surfaces))


def _towards(colour: Rgb, end: Rgb) -> Iterator[Rgb]:
    return (_mix(colour, end, step / STEPS) for step in range(STEPS + 1))


def _mix(colour: Rgb, second_colour: Rgb, share: float) -> Rgb:
    """Mix two colours. ``share``: the share of ``second_colour``, from 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, second_colour, strict=True))
    return red, green, blue


def _luminance(colour: Rgb) -> float:
    red, green, blue = (part / 255 for part in colour)
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
