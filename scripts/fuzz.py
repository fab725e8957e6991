"""Give damaged inputs to every reader and count what comes of them.

Usage: python scripts/fuzz.py [N] [--seed SEED] [--only TARGET]

Prints for each target of tests/fuzz how many of N inputs were accepted (and read as written), refused in one
line, or anything else, which must be 0: those are told with the seed that makes them again; exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fuzz"))

from fuzzing import TARGETS, attempt

KINDS = ("accepted", "refused", "anything else")


def main() -> int:
    """Run the trials; return the exit code."""
    parser = argparse.ArgumentParser(description="Give damaged inputs to every reader.")
    parser.add_argument("n", type=int, nargs="?", default=1000, metavar="N", help="inputs per target")
    parser.add_argument("--seed", type=int, default=0, help="of the first input; the others follow")
    parser.add_argument("--only", choices=TARGETS, help="one target instead of all")
    options = parser.parse_args()
    print("".join(f"{cell:>16}" for cell in ("target", *KINDS)))
    found = 0
    for name in [options.only] if options.only else TARGETS:
        counts: Counter[str] = Counter()
        for seed in range(options.seed, options.seed + options.n):
            outcome = attempt(TARGETS[name], seed)
            counts[outcome.kind] += 1
            if outcome.report:
                print(f"{name}, {outcome.report}", file=sys.stderr)
        print("".join(f"{cell:>16}" for cell in (name, *(counts[kind] for kind in KINDS))))
        found += counts["anything else"]
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
