"""What is printed, as Markdown."""

import math
import os
import platform
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.matching.instances import Size
from benchmarks.matching.quality import Quality


@dataclass(frozen=True)
class Row:
    name: str
    seconds: float
    cpu: float
    mib: float
    quality: Quality | None = None
    remark: str = ""


def machine(seed: int) -> str:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba"))
    return (
        f"{date.today():%d %B %Y}, {len(os.sched_getaffinity(0))} cores of {model}, "
        f"Python {platform.python_version()}, "
        f"{packages}; seed {seed}; load before: {os.getloadavg()[0]:.1f}\n"
    )


def page(name: str, rows: list[Row], ours: dict[str, Any], size: Size) -> str:
    return "\n".join([f"## {name}\n", *peers(rows), "", *objectives(ours), "", *notes(ours, size), ""])


def peers(rows: list[Row]) -> list[str]:
    lines = [
        "| | time | × ours | CPU time | × ours | memory | matched | total | worst-off | blocking | |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    own = rows[0]
    for row in rows:
        figures = ["", "", "", ""]
        if row.quality:
            quality = row.quality
            figures = [
                f"{quality.matched:,}",
                f"{quality.total:,}",
                f"{quality.worst:,}",
                f"{quality.blocking:,}",
            ]
        measured = not math.isnan(row.seconds)
        first = [
            seconds(row.seconds) if measured else "",
            f"{row.seconds / own.seconds:,.1f}" if measured else "",
            seconds(row.cpu) if measured else "",
            f"{row.cpu / own.cpu:,.1f}" if measured else "",
            f"{row.mib:,.0f} MiB" if measured else "",
        ]
        lines.append("| " + " | ".join([row.name, *first, *figures, row.remark]) + " |")
    return lines


def objectives(ours: dict[str, Any]) -> list[str]:
    lines = [
        "| objective | time | × | CPU | × | matched | total | worst-off | blocking | rounds | proof covers |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    first = ours["most"]
    for name, words in OBJECTIVES.items():
        found = ours[name]
        times = [
            figure
            for key in ("seconds", "cpu")
            for figure in (seconds(found[key]), f"{found[key] / first[key]:.1f}")
        ]
        figures = [f"{found[key]:,}" for key in ("matched", "total_points", "worst_points")]
        blocking = f"{found['blocking']:,}" if name == "preferences" else ""
        proof = [f"{found['rounds']:,}", f"{found['pairs_seen']:,} pairs" if found["pairs_seen"] else ""]
        lines.append("| " + " | ".join([words, *times, *figures, blocking, *proof]) + " |")
    return lines


OBJECTIVES = {
    "most": "most people matched, then highest total",
    "fair": "nobody far behind",
    "preferences": "preferences first",
}


def notes(ours: dict[str, Any], size: Size) -> list[str]:
    scoring = ours["scoring"]
    fresh, again = (size.pairs / scoring[name] / 1e6 for name in ("fresh", "pass"))
    lines = [
        f"- Scoring all pairs, with each mentee's best 50 and each mentor's best 10 kept: "
        f"{seconds(scoring['pass'])}, {again:,.0f} million pairs a second; "
        f"with laying out everybody's arrays, {seconds(scoring['fresh'])}, {fresh:,.0f} million.",
        f"- Compiling, or loading what is compiled, and a first run at 300 × 120, not counted above: "
        f"{seconds(ours['compiling'])}. Resident then, with everybody's arrays: {ours['idle_mib']:,.0f} MiB.",
    ]
    if near := ours["nearly"]:
        lines.append(
            f"- After {seconds(near['seconds'])}, known to be within {near['known']:.4%} of the best total; "
            f"in truth {near['short']:.4%} below it."
        )
    return lines + [f"- {words}: {seconds(spent)}." for words, spent in ours.get("also", {}).items()]


def seconds(value: float) -> str:
    if value < 0.0995:
        return f"{value * 1000:,.1f} ms"
    if value < 0.995:
        return f"{value * 1000:,.0f} ms"
    return f"{value:,.1f} s" if value < 99.5 else f"{value:,.0f} s"


def span(value: float) -> str:
    """A length of time that is only roughly known: '40 minutes', '3 days'."""
    for unit, length in (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if value >= 1.5 * length:
            return f"{value / length:,.0f} {unit}"
    return f"{value:,.0f} seconds"
