"""python -m benchmarks.matching [--popular] [--limit SECONDS] [--envs FOLDER] 1000x400 [10000x4000 …]"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.matching.bench import Bench
from benchmarks.matching.instances import SEED, Size
from benchmarks.matching.tables import machine

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    options = arguments()
    print(machine(options.seed))
    with tempfile.TemporaryDirectory(prefix="matching-") as folder:
        bench = Bench(options, Path(folder))
        for size in sorted(options.sizes, key=lambda size: size.pairs):
            for popular in (False, True):
                print(bench.show(size, popular), flush=True)
    for complaint in bench.complaints:
        print(f"WRONG: {complaint}", file=sys.stderr)
    return 1 if bench.complaints else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching")
    parser.add_argument("sizes", nargs="+", type=Size.parse, metavar="1000x400", help="mentees x mentors")
    parser.add_argument(
        "--popular", action="store_true", help="slow peers too where all want the same few mentors"
    )
    parser.add_argument("--peers", nargs="*", metavar="SCRIPT", help="no other peers than these, of peers/")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a peer is stopped")
    parser.add_argument("--gib", type=float, default=16, help="address space that a peer may take")
    parser.add_argument(
        "--envs", type=Path, default=ROOT / "var" / "benchmarks" / "envs", help="peers' environments"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
