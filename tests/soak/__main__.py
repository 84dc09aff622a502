"""``python -m tests.soak [--first SEED] [--seeds N] [--seconds S]``: one seed after another."""

import argparse
import logging
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.soak.machine import survive
from tests.soak.service import survive_as_service

# Every so many seeds, the service runs as a process of its own.
EACH = 8


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
                faults += (survive if seed % EACH else survive_as_service)(Path(root), seed)
                survived += 1
            except Exception:  # noqa: BLE001  the boundary of a seed: whatever ends it is a violation, and the next one begins
                print(f"seed {seed}:\n{traceback.format_exc()}", flush=True)
                violated.append(seed)
    print(f"seeds survived: {survived}, violated: {violated}; faults by kind:")
    for kind, count in faults.most_common():
        print(f"  {count:5} {kind}")
    return 1 if violated else 0


if __name__ == "__main__":
    sys.exit(main())
