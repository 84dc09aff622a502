"""The service beside other ways to do the same: medians of interleaved runs, as docs/bench.md and docs/bench.png."""

import logging
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from attrs import evolve, frozen

from tests.bench.contenders import BATCH, CONTENDERS, Addresses, measured
from tests.bench.measures import PERIOD
from tests.bench.replay import Replay
from tests.delo_server import DeloServer, mixed_rubrics
from tests.installation import KNOWN, ROOT, Installation


@frozen
class Case:
    """What all contenders are given."""

    rubrics: int
    pending: float
    milliseconds: int = 0
    repeats: int = 5
    contenders: Sequence[str] = tuple(CONTENDERS)

    @property
    def name(self) -> str:
        return f"{self.rubrics:,} rubrics, {self.pending:.1%} pending, {self.milliseconds} ms"


@frozen
class Run:
    """One run: seconds of wall and CPU, memory, the server's CPU, requests, and kilobytes both ways."""

    wall: float
    cpu: float
    megabytes: float
    server: float
    requests: float
    kilobytes: float


WITHOUT_TODAY = tuple(name for name in CONTENDERS if name != "today's way")
CASES = (
    Case(1_000, 0.05),
    Case(10_000, 0.05),
    Case(10_000, 0.001),
    Case(2_000, 1.0),
    Case(1_000, 0.05, milliseconds=20),
    Case(1_000, 0.05, milliseconds=100),
    Case(10_000, 0.05, milliseconds=20),
    # As far as it fits in ten minutes: today's way reads all of them, and for a million rubrics the stand-in alone
    # takes longer to give the answers that are recorded.
    Case(100_000, 0.05, contenders=WITHOUT_TODAY),
    Case(100_000, 0.001, contenders=WITHOUT_TODAY),
)


def compare(case: Case) -> dict[str, Run]:
    """The medians of each contender: one run is recorded, and several that get the recorded answers are measured.

    Every run has directories and a child process of its own.
    """
    rubrics = mixed_rubrics(case.rubrics, since=PERIOD.start, until=PERIOD.end, pending=case.pending)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.bench.contenders"])

    def run(name: str, replay: Replay, server: DeloServer) -> Run:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return _run(pool, name, replay, server)

    recorded: dict[str, list[bytes]] = {}
    for name in case.contenders:
        recorded[name] = []
        with DeloServer(rubrics) as server:
            with Replay(recorded[name], ("127.0.0.1", urlsplit(server.url).port or 0)) as replay:
                run(name, replay, server)
            written = len(server.store.writes)
            assert written == round(case.rubrics * case.pending), (name, written)
    del rubrics
    runs: dict[str, list[Run]] = {name: [] for name in case.contenders}
    with DeloServer([]) as idle:
        for _ in range(case.repeats):
            for name, answers in recorded.items():
                with Replay(answers, delay_seconds=case.milliseconds / 1000) as replay:
                    runs[name].append(run(name, replay, idle))
                    assert replay.requests == len(answers), (name, replay.requests, len(answers))
    return {
        name: Run(*(median(getattr(each, field) for each in several) for field in Run.__annotations__))
        for name, several in runs.items()
    }


def _run(pool: ProcessPoolExecutor, name: str, replay: Replay, server: DeloServer) -> Run:
    """One run; ``server`` tells the paths of the addresses."""
    with tempfile.TemporaryDirectory() as root:
        # As it is from the second cycle on: the server is known, and the filter proven.
        installation = Installation(Path(root), server, profile=evolve(KNOWN, pending_proven=True, batch_size=BATCH))
        installation.service["lookback"]["days"] = 0
        login, logout, graphql = (
            replay.address + urlsplit(url).path for url in (server.login_url, server.logout_url, server.graphql_url)
        )
        installation.connection |= {"login_url": login, "logout_url": logout, "graphql_endpoint": graphql}
        installation.connection |= {"connect_timeout": 60, "read_timeout": 60}
        installation.save()
        installation.know_server()
        since, until = (instant.isoformat() for instant in (PERIOD.start, PERIOD.end))
        before = time.process_time()
        wall, cpu, megabytes = pool.submit(measured, name, Addresses(Path(root), login, graphql, since, until)).result()
        return Run(wall, cpu, megabytes, time.process_time() - before, replay.requests, replay.bytes / 1000)


def main() -> None:
    """Measure every case, and write the table and the plot."""
    logging.getLogger("baikaldoc_pos").addHandler(logging.NullHandler())
    results = {}
    for case in CASES:
        results[case] = compare(case)
        print(case.name, results[case], flush=True)
    _write(results)


def _write(results: dict[Case, dict[str, Run]]) -> None:
    lines = [
        "# Measured: `make bench`",
        "",
        "Medians of interleaved runs, each in a process of its own. A first run of each contender is recorded against",
        "the stand-in, which checks what was written; the measured runs get the recorded answers by their order.",
        "Compare within a table: absolute seconds are those of the machine. The memory is what a process has grown by.",
        "The server's CPU shows that it is not the bottleneck; what ДЕЛО itself needs comes on top, for each request.",
        "A million rubrics are left out: the stand-in takes more than ten minutes to give the answers to be recorded.",
    ]
    for case, found in results.items():
        lines += ["", f"## {case.name} ({case.repeats} runs)", ""]
        lines += [
            "| | wall, s | CPU, s | memory, MB | server, s | requests | kB both ways |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        for name, run in found.items():
            cells = (
                f"{run.wall:.2f}",
                f"{run.cpu:.3f}",
                f"{run.megabytes:.1f}",
                f"{run.server:.2f}",
                f"{run.requests:.0f}",
            )
            lines.append(f"| {' | '.join((name, *cells, f'{run.kilobytes:,.0f}'))} |")
    (ROOT / "docs" / "bench.md").write_text("\n".join(lines) + "\n\n![](bench.png)\n", encoding="utf-8")
    print("\n".join(lines))
    _plot(results)


def _plot(results: dict[Case, dict[str, Run]]) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - for this alone

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(1, len(results), figsize=(3.2 * len(results), 4))
    for place, (case, found) in zip(axes, results.items(), strict=True):
        place.bar(range(len(found)), [run.wall for run in found.values()], color="#0072b2")
        place.bar(range(len(found)), [run.cpu for run in found.values()], color="#e69f00", width=0.4)
        place.set_xticks(range(len(found)), found, rotation=60, ha="right", fontsize=8)
        place.set_title(case.name.replace(", ", "\n"), fontsize=8)
    axes[0].set_ylabel("seconds: wall (blue), CPU of the contender (orange)", fontsize=8)
    figure.tight_layout()
    figure.savefig(ROOT / "docs" / "bench.png", dpi=90)


if __name__ == "__main__":
    main()
