"""A process that can be killed: one cycle on an installation's directories by the real clock, as ``once`` does it.

``python -m tests.system.runner ROOT``, where ROOT has the directories of tests.installation. Tests start it by
:func:`start` instead, from a server that has imported everything already, so that many of them cost little.
"""

import multiprocessing
import sys
from contextlib import closing
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from baikaldoc_pos.assembly import gateway, open_journal, open_session
from baikaldoc_pos.clock import Clock, SystemClock
from baikaldoc_pos.config import Paths, load_configuration
from baikaldoc_pos.journal import StateLock
from baikaldoc_pos.sync import CycleContext, run_cycle


def run(root: Path, clock: Clock | None = None) -> int:
    """One cycle; returns its exit code."""
    clock = clock or SystemClock()
    paths = Paths(root / "config", root / "state", root / "logs")
    configuration = load_configuration(paths.config, {})
    with (
        StateLock(paths.state, "runner", clock),
        open_journal(paths, configuration.processing.zone, clock) as journal,
        closing(open_session(configuration, clock)) as session,
    ):
        try:
            return run_cycle(
                CycleContext(gateway(session, configuration, clock, journal=journal), journal, clock, configuration)
            ).exit_code
        finally:
            session.sign_out()


def start(root: Path) -> ForkServerProcess:
    """Begin a cycle in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.system.runner"])
    process = context.Process(target=_exit_with, args=(root,))
    process.start()
    return process


def _exit_with(root: Path) -> None:
    sys.exit(run(root))


if __name__ == "__main__":
    _exit_with(Path(sys.argv[1]))
