"""One run: makes the instances, lets everybody solve them, holds the answers against one another."""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matching import tables
from benchmarks.matching.harness import PEERS_BY_NAME, Answer, Peer, environment, predict, run, steps
from benchmarks.matching.instances import Size, make_people
from benchmarks.matching.quality import Quality, judge
from benchmarks.matching.tables import Row

ROOT = Path(__file__).resolve().parents[2]
MOST_PAIRS = 100_000_000  # beyond, no peer is tried: the points alone would fill gigabytes


class Bench:
    """What was measured so far, and complaints: what was found wrong."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.complaints: list[str] = []
        self.known: dict[tuple[str, bool], dict[Size, float]] = defaultdict(dict)

    def show(self, size: Size, popular: bool) -> str:
        name = f"{size}{', a few wanted by all' if popular else ''}"
        ours = self.ours(size, popular)
        rows = [Row("Holdfast, scoring and proof", ours["most"]["seconds"], ours["most"]["cpu"], ours["mib"])]
        if size.pairs <= MOST_PAIRS:
            rows = self.compared(name, size, popular, ours)
        self.check_ours(name, ours)
        return tables.page(name, rows, ours, size)

    def compared(self, name: str, size: Size, popular: bool, ours: dict[str, Any]) -> list[Row]:
        """Everybody's row on one instance, judged by the points."""
        with np.load(self.case(size, popular)) as arrays:
            points, capacity = arrays["points"], arrays["capacity"]
        best = judge(points, capacity, np.array(ours["most"]["pairs"], np.int64).reshape(-1, 2))
        if (best.matched, best.total) != (ours["most"]["matched"], ours["most"]["total_points"]):
            self.complaints.append(f"{name}: our own figures are not those of our pairs")
        rows = [
            Row(
                "Holdfast, scoring and proof", ours["most"]["seconds"], ours["most"]["cpu"], ours["mib"], best
            )
        ]
        for peer in PEERS_BY_NAME:
            if self.options.peers is not None and peer.script not in self.options.peers:
                continue
            if popular and peer.slow and not self.options.popular:
                continue
            answer = self.answer(peer, size, popular)
            quality = None if answer.pairs is None else judge(points, capacity, answer.pairs)
            if quality:
                self.check(name, peer, answer, quality, best)
            rows.append(
                Row(
                    peer.name,
                    answer.seconds,
                    answer.cpu,
                    answer.mib,
                    quality,
                    self.remark(peer, answer, size, popular),
                )
            )
        return rows

    def check(self, name: str, peer: Peer, answer: Answer, quality: Quality, best: Quality) -> None:
        reached, ought = (quality.matched, quality.total), (best.matched, best.total)
        if reached > ought or (answer.exact and reached != ought):
            self.complaints.append(f"{name}: {peer.name} has {reached}, we have {ought} (matched, total)")

    def check_ours(self, name: str, ours: dict[str, Any]) -> None:
        plain, fair = ours["most"], ours["fair"]
        for objective in ("most", "fair"):
            if not ours[objective]["is_proved"]:
                self.complaints.append(f"{name}: {objective} is not proved")
        if not ours["proof_holds"]:
            self.complaints.append(f"{name}: the prices do not prove the pairs the best")
        if fair["matched"] != plain["matched"] or fair["worst_points"] < plain["worst_points"]:
            self.complaints.append(f"{name}: the fair objective matches fewer, or leaves somebody worse off")
        if fair["total_points"] > plain["total_points"]:
            self.complaints.append(f"{name}: the fair objective has the higher total")

    def answer(self, peer: Peer, size: Size, popular: bool) -> Answer:
        """The peer's answer where one is to be expected within the limit: slow ones begin small."""
        known, limit = self.known[peer.name, popular], self.options.limit
        for step in steps(size) if peer.slow else []:
            if step in known:
                continue
            expected = predict(known, step)
            if (expected and expected[0] > limit) or self.tried(peer, step, popular).failure:
                break
        expected = predict(known, size)
        if expected and expected[0] > limit:
            return Answer(failure="not tried")
        return self.tried(peer, size, popular)

    def tried(self, peer: Peer, size: Size, popular: bool) -> Answer:
        python = environment(peer, self.options.envs)
        case = self.case(size, popular)
        answer = run(peer, python, case, limit=self.options.limit, gib=self.options.gib)
        if not answer.failure and answer.seconds <= self.options.limit:
            self.known[peer.name, popular][size] = answer.seconds
        return answer

    def remark(self, peer: Peer, answer: Answer, size: Size, popular: bool) -> str:
        """What took the time; or why there is no answer, and when one might come."""
        if not answer.failure:
            phases = ", ".join(f"{name} {tables.seconds(spent)}" for name, spent in answer.phases.items())
            return phases or ("" if answer.exact or peer.script == "wilde" else "not proved within the limit")
        known = self.known[peer.name, popular]
        expected = predict(known, size)
        if expected is None:
            return answer.failure
        by = ", ".join(f"{step.mentees:,}" for step in sorted(known, key=lambda step: step.pairs)[-2:])
        return (
            f"{answer.failure}; about {tables.span(expected[0])} by the {expected[1]:.1f}th power, from {by}"
        )

    def people(self, size: Size, popular: bool) -> Path:
        path = self.folder / f"people-{size.mentees}x{size.mentors}-{popular}.npz"
        if not path.exists():
            np.savez(path, **make_people(size, popular=popular, seed=self.options.seed))
        return path

    def case(self, size: Size, popular: bool) -> Path:
        """The points of all pairs, as the peers are given them."""
        path = self.folder / f"points-{size.mentees}x{size.mentors}-{popular}.npz"
        if not path.exists():
            self.own("points", self.people(size, popular), path)
        return path

    def ours(self, size: Size, popular: bool) -> dict[str, Any]:
        path = self.folder / f"ours-{size.mentees}x{size.mentors}-{popular}.json"
        self.own("solve", self.people(size, popular), path)
        said: dict[str, Any] = json.loads(path.read_text())
        return said

    def own(self, what: str, people: Path, result: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.matching.ours", what, str(people), str(result)]
        subprocess.run(command, check=True, cwd=ROOT)
