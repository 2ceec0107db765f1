"""The contrast of every pair of colours that text or a control is drawn in, in both schemes.

WCAG 2.2: 4.5 for text (1.4.3), 3 for the outlines of controls, marks and focus (1.4.11).
"""

import math
import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[2] / "static" / "css"
GROUNDS = ["canvas", "surface", "sunken", "raised"]
TEXT = [
    *[
        (ink, ground)
        for ink in ("ink", "ink-soft", "accent", "accent-strong", "danger")
        for ground in GROUNDS
    ],
    ("ink", "accent-tint"),
    ("ink", "caution-tint"),
    ("ink", "danger-tint"),
    ("accent", "accent-tint"),
    ("accent-strong", "accent-tint"),
    ("caution", "caution-tint"),
    ("danger", "danger-tint"),
    ("danger-strong", "danger-tint"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("ink", "line"),
]
MARKS = [(mark, ground) for mark in ("line-control", "focus", "accent", "caution") for ground in GROUNDS]


def raw_colours() -> dict[str, tuple[float, float, float]]:
    found = re.findall(r"--([\w-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\);", (CSS / "raw.css").read_text())
    return {name: (float(light), float(chroma), float(hue)) for name, light, chroma, hue in found}


def luminance(oklch: tuple[float, float, float]) -> float:
    """Relative luminance of an OKLCH colour (Ottosson's matrices, clipped to sRGB)."""
    light, chroma, hue = oklch
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(max(part, 0.0), 1.0) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def scheme_colours(scheme: str) -> dict[str, float]:
    """Luminance of each meaning token in a scheme, "light" or "dark"."""
    raw = raw_colours()
    pairs = re.findall(
        r"--([\w-]+): light-dark\(var\(--([\w-]+)\), var\(--([\w-]+)\)\);", (CSS / "meaning.css").read_text()
    )
    return {name: luminance(raw[light if scheme == "light" else dark]) for name, light, dark in pairs}


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_luminance_of_white_and_of_a_known_green():
    assert luminance((1, 0, 0)) == pytest.approx(1, abs=1e-4)
    assert luminance((0.51975, 0.17686, 142.4953)) == pytest.approx(0.1544, abs=1e-3)  # CSS "green", #008000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_on_its_ground(scheme):
    colours = scheme_colours(scheme)
    low = {
        pair: round(ratio, 2)
        for pair in TEXT
        if (ratio := contrast(colours[pair[0]], colours[pair[1]])) < 4.5
    }
    assert low == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_outlines_and_marks_stand_out_from_their_ground(scheme):
    colours = scheme_colours(scheme)
    low = {
        pair: round(ratio, 2) for pair in MARKS if (ratio := contrast(colours[pair[0]], colours[pair[1]])) < 3
    }
    assert low == {}
