"""What is wrong with the content folder as a whole, and with its site.toml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from selfservice.config import Config
from selfservice.publish.reading.markdown import Problem
from selfservice.site_config import FILE, SITE, line_of
from selfservice.web import theme

# What stands on what: links and headings of links, and buttons.
CONTRASTS = (
    ("accent", "paper"),
    ("accent", "surface"),
    ("accent", "tint"),
    ("on-accent", "accent"),
    ("on-accent", "press"),
    ("white", "hero"),
    ("brass", "hero"),
)
LEAST_CONTRAST = 4.5
# What stands on the first block of the home page.
ON_HERO = {"white": ("#ffffff", "#ffffff"), "brass": ("#f0d583", "#f0d583")}


def unknown_country(content: Path) -> Iterator[Problem]:
    """The country of site.toml, when nothing is known of its holidays."""
    from holidays.registry import EntityLoader  # not the list of countries, which loads them all

    if SITE.holidays not in set(EntityLoader.get_country_codes()):
        message = (
            f"of the holidays of '{SITE.holidays}' nothing is known: give the two letters of a country, such as NL"
        )
        yield Problem(f"content/{FILE}", line_of(content, "holidays"), message, see="site")


def low_contrast(config: Config) -> Iterator[Problem]:
    """The colours of site.toml on which text cannot be read well (WCAG 2.2, 1.4.3)."""
    tokens = {**theme.colours(config.root / "site" / "static"), **ON_HERO, **SITE.colours}
    for text, ground in CONTRASTS:
        if ground not in tokens:
            continue
        for shade, on, under in zip(("light", "dark"), tokens[text], tokens[ground], strict=True):
            ratio = contrast(on, under)
            if ratio < LEAST_CONTRAST and (key := next((key for key in (text, ground) if key in SITE.colours), "")):
                message = (
                    f"{text} on {ground}, {shade}, has a contrast of {ratio:.1f}; it must be {LEAST_CONTRAST} at least"
                )
                yield Problem(f"content/{FILE}", line_of(config.content, key, "colours"), message, see="site")


def contrast(one: str, other: str) -> float:
    """The contrast of two colours such as #0e4d3a, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
