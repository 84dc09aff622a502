"""``python -m tests.soak [--first SEED] [--seeds N] [--seconds S]``: seeds one after another, until one is violated."""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.soak.machine import Violation, survive


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=10**9)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    asked = parser.parse_args()
    logging.getLogger("baikaldoc_pos").addHandler(logging.NullHandler())
    logging.getLogger("baikaldoc_pos").propagate = False
    survived, faults, started, violated = 0, Counter[str](), time.monotonic(), []
    for seed in range(asked.first, asked.first + asked.seeds):
        if time.monotonic() - started > asked.seconds:
            break
        with tempfile.TemporaryDirectory() as root:
            try:
                faults += survive(Path(root), seed)
                survived += 1
            except Violation as violation:
                print(f"seed {seed}: {violation}", flush=True)
                violated.append(seed)
    print(f"seeds survived: {survived}, violated: {violated}; faults by kind:")
    for kind, count in faults.most_common():
        print(f"  {count:5} {kind}")
    return 1 if violated else 0


if __name__ == "__main__":
    sys.exit(main())
