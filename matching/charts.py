"""Histograms of scores, in the units of the pictures that draw them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

BARS = 10
BAR_WIDTH, BAR_GAP, CHART_HEIGHT = 44, 4, 120
LOW_SCORE = 40  # bars wholly below are marked


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    width: int
    height: int
    count: int
    from_score: int
    is_low: bool

    @property
    def label(self) -> str:
        return f"{self.from_score} to {self.from_score + 10}"

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(frozen=True)
class Chart:
    """The bars of one or two rows of scores; what they show in words; (x, score) along the axis."""

    bars: Sequence[Bar]
    others: Sequence[Bar]
    in_words: str
    marks: Sequence[tuple[int, int]]


MARKS = [(n * BAR_WIDTH, 10 * n) for n in range(BARS)]


def histogram(points: Sequence[int]) -> Chart:
    """Of points in hundredths, 0 to 10,000."""
    counts = _counts(points)
    bars = _bars(counts, max(counts.values(), default=1), BAR_WIDTH - BAR_GAP, 0)
    said = _said(bars)
    return Chart(bars, [], f"Pairings by score: {said}." if said else "No pairings.", MARKS)


def side_by_side(first: Sequence[int], second: Sequence[int]) -> Chart:
    """Two in one picture, to one scale."""
    one, two = _counts(first), _counts(second)
    most = max([*one.values(), *two.values()], default=1)
    half = (BAR_WIDTH - BAR_GAP) // 2
    bars, others = _bars(one, most, half, 0), _bars(two, most, half, half)
    words = f"Pairings by score. First run: {_said(bars) or 'none'}. Second run: {_said(others) or 'none'}."
    return Chart(bars, others, words, MARKS)


def _counts(points: Sequence[int]) -> Counter[int]:
    return Counter(min(point // 1000, BARS - 1) for point in points)


def _bars(counts: Counter[int], most: int, width: int, shift: int) -> list[Bar]:
    bars = []
    for n in range(BARS):
        height = max(2, round(CHART_HEIGHT * counts[n] / most)) if counts[n] else 0
        x, low = n * BAR_WIDTH + shift, 10 * n + 10 <= LOW_SCORE
        bars.append(Bar(x, CHART_HEIGHT - height, width, height, counts[n], 10 * n, low))
    return bars


def _said(bars: Sequence[Bar]) -> str:
    return ", ".join(f"{bar.count} from {bar.label}" for bar in bars if bar.count)
