"""Runs peers, each in an environment and a process of its own, within a limit; says what to expect beyond."""

import json
import math
import os
import resource
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.matching.instances import Size

PEERS = Path(__file__).parent / "peers"
NUMPY = "numpy==2.4.6"
LADDER = (125, 250, 500, 1000)  # mentees: where a slow peer is tried first
SURE = 0.02  # seconds: shorter runs say nothing of how the time grows


@dataclass(frozen=True)
class Peer:
    """name, script, packages of its environment. slow: smaller sizes first, and only as far as it gets."""

    name: str
    script: str
    packages: tuple[str, ...]
    slow: bool = True

    @property
    def environment(self) -> str:
        return "+".join(package.replace("==", "-") for package in self.packages)


PEERS_BY_NAME = (
    Peer("mentor-match 7.0.1, munkres 3.0.0", "mentor_match", ("mentor-match==7.0.1", "munkres==3.0.0")),
    Peer("mentor-match 7.0.1, munkres 1.1.4", "mentor_match", ("mentor-match==7.0.1", "munkres==1.1.4")),
    Peer("matching 1.4.3, stable", "wilde", ("matching==1.4.3",)),
    Peer("SciPy, places as columns", "scipy_dense", ("scipy==1.17.1",), slow=False),
    Peer("networkx, network simplex", "networkx_flow", ("networkx==3.6.1",)),
    Peer("networkx, blossoms", "networkx_blossom", ("networkx==3.6.1",)),
    Peer("OR-tools, min-cost flow", "ortools_flow", ("ortools==9.15.6755",), slow=False),
    Peer("OR-tools, CP-SAT", "ortools_cpsat", ("ortools==9.15.6755",)),
    Peer("OpenReview's MinMax", "minmax", ("ortools==9.15.6755",)),
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """seconds, cpu (s), mib: by the process itself; pairs (k, 2); exact: it claims the best. Or a failure."""

    seconds: float = math.nan
    cpu: float = math.nan
    mib: float = math.nan
    pairs: NDArray[np.int64] | None = None
    exact: bool = False
    phases: dict[str, float] = field(default_factory=dict)
    failure: str = ""


def environment(peer: Peer, folder: Path) -> Path:
    """The Python of a virtual environment with the peer's packages, made once."""
    home = folder / peer.environment
    python = home / "bin" / "python"
    made = home / "made"
    if not made.exists():
        print(f"Making the environment of {peer.name} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, NUMPY, *peer.packages], check=True)
        made.touch()
    return python


def run(peer: Peer, python: Path, case: Path, *, limit: float, gib: float) -> Answer:
    """One try: the answer, or that it took longer than limit seconds or more than gib of address space."""
    answer = case.with_suffix(f".{peer.script}.json")
    answer.unlink(missing_ok=True)
    command = [str(python), str(PEERS / f"{peer.script}.py"), str(case), str(answer), str(limit)]
    room = int(gib * 2**30)
    try:
        ended = subprocess.run(
            command,
            timeout=limit + 60,
            env=_alone(),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (room, room)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return Answer(failure=f"not done in {limit:,.0f} s")
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no word"])[-1]
        memory = "MemoryError" in last or "bad_alloc" in ended.stderr or ended.returncode < 0
        return Answer(failure=f"more than {gib:g} GiB" if memory else last[:80])
    said: dict[str, Any] = json.loads(answer.read_text())
    pairs = np.array(said["pairs"], np.int64).reshape(-1, 2)
    return Answer(said["seconds"], said["cpu"], said["mib"], pairs, said["exact"], said.get("phases", {}))


def _alone() -> dict[str, str]:
    """The environment less what could lead a peer to our packages: two of them install a `matching` too."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONHASHSEED": "0"}


def steps(size: Size) -> list[Size]:
    """Smaller sizes of the same shape, from the smallest, on which a slow peer shows how it grows."""
    return [
        Size(mentees, max(round(mentees * size.mentors / size.mentees), 1))
        for mentees in LADDER
        if mentees < size.mentees
    ]


def predict(measured: dict[Size, float], size: Size) -> tuple[float, float] | None:
    """(seconds, exponent) at a size, by the power of the people through the two largest measured; or None.

    The exponent is taken to be 2 at least, that of looking at each pair once, and 4 at most.
    """
    known = sorted((s for s, seconds in measured.items() if seconds >= SURE), key=lambda s: s.pairs)[-2:]
    if len(known) < 2:
        return None
    small, large = known
    people = math.log(large.pairs / small.pairs) / 2
    exponent = min(max(math.log(measured[large] / measured[small]) / people, 2.0), 4.0)
    return measured[large] * (size.pairs / large.pairs) ** (exponent / 2), exponent
