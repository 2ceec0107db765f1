from dataclasses import dataclass, field


@dataclass
class Report:
    """What one scenario counted, and which of its bounds are broken."""

    name: str
    counts: dict[str, float] = field(default_factory=dict)
    bounds: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def count(
        self, what: str, value: float, *, exactly: float | None = None, at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:  # fmt: skip
        """Note it, and whether it keeps the bound given."""
        self.counts[what] = value = round(value, 2)
        for words, bound, holds in (
            ("exactly", exactly, value == exactly),
            ("at most", at_most, at_most is not None and value <= at_most),
            ("at least", at_least, at_least is not None and value >= at_least),
        ):
            if bound is not None:
                self.bounds[what] = f"{words} {bound:g}"
                if not holds:
                    self.broken.append(f"{what}: {value:g}, not {words} {bound:g}")

    def show(self) -> None:
        print(f"\n{self.name} ({self.seconds:.0f} s)")
        for what, value in self.counts.items():
            bound = f"  ({self.bounds[what]})" if what in self.bounds else ""
            print(f"  {what:<58} {value:>8g}{bound}")
        for words in self.broken:
            print(f"  BROKEN: {words}")
        print(end="", flush=True)
