"""``python -m tests.bench``: what a cycle costs, as ratios measured in one run. Absolute seconds are this machine's."""

import logging
import math

from rich.console import Console
from rich.table import Table

from tests.bench import measures
from tests.bench.measures import Cost

UPDATES = 1000


def main() -> None:
    """Measure, and print the tables."""
    logging.getLogger("baikaldoc_pos").addHandler(logging.NullHandler())
    console = Console()
    console.print(_traffic(measures.our_cycle(), measures.reading_everything()))
    console.print(_effort())
    console.print(_commands())
    console.print(_person())


def _traffic(ours: Cost, everything: Cost) -> Table:
    table = Table("", "our cycle", "reading every rubric", "ratio", title=_title())
    for name, one, other in (
        ("rubrics", ours.rubrics, everything.rubrics),
        ("HTTP requests", ours.requests, everything.requests),
        ("bytes of answers", ours.answers, everything.answers),
        ("bytes both ways", ours.both_ways, everything.both_ways),
    ):
        table.add_row(name, f"{one:,}", f"{other:,}", f"{one / other:.3f}")
    return table


def _title() -> str:
    return f"{measures.RUBRICS:,} rubrics in the period, {measures.PENDING:.0%} pending"


def _effort() -> Table:
    table = Table("", "", title="Effort")
    seconds = measures.cpu_seconds(UPDATES)
    table.add_row(f"CPU seconds per {UPDATES:,} updates", f"{seconds:.2f}")
    for bad in (0, 1, 2, 5, 25, measures.BATCH):
        table.add_row(f"requests for a batch of {measures.BATCH} with bad records: {bad}", str(measures.halving(bad)))
    return table


def _person() -> Table:
    table = Table(
        "a request takes, s", "read again after 5 s", "never", title="Overwritten of what a person set meanwhile"
    )
    for seconds in (0.1, 0.5, 1.0, 2.0):
        results = (measures.person_at_work(seconds), measures.person_at_work(seconds, fresh=math.inf))
        table.add_row(f"{seconds}", *(f"{each.overwritten} of {each.chosen}" for each in results))
    return table


def _commands() -> Table:
    table = Table("command", "seconds", "starts of Python and the program", title="On 100,000 changes")
    start: float | None = None
    for command, seconds in measures.seconds_of_commands(days=30):
        start = start or seconds
        table.add_row(command, f"{seconds:.2f}", f"{seconds / start:.1f}")
    return table


if __name__ == "__main__":
    main()
