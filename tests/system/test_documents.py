"""Every command that the documents name is run, on an installation that has worked."""

import io
import os
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from baikaldoc_pos.cli.main import main

from tests.delo_server import DeloServer, Refused, make_rubric, pending_rubrics
from tests.installation import Installation
from tests.unit.test_docs import DOCUMENTS, commands

# What another test runs: on a machine of its own, or with the earlier script's directory.
ELSEWHERE = ("--instance", "migrate")
# What has nobody to mail to, and what asks a question that nobody answers.
CODES = {"test-alert": 78, "recover": 130}


def lines() -> list[str]:
    found = {tuple(words[1:]) for document in DOCUMENTS for words in commands(document)
             if Path(words[0]).name == "baikaldoc-pos" and len(words) > 1}  # fmt: skip
    return sorted(shlex.join(words) for words in found if words[0] not in ELSEWHERE)


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with DeloServer() as server:
        server.store.add(*pending_rubrics(5, since=datetime.now(UTC) - timedelta(hours=2)))
        server.store.add(make_rubric(7, sstu="Неизвестный", ins_date=datetime.now(UTC)))
        server.faults.writes[128_000_001] = Refused()
        installation = Installation(tmp_path_factory.mktemp("documents"), server)
        installation.know_server()
        assert installation.command("once").returncode == 1
        yield installation


@pytest.mark.parametrize("line", lines())
def test_a_command_of_the_documents_works(
    worked: Installation, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(worked.paths.state)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    words = shlex.split(line)
    if words[0] == "backup":
        words[1] = words[1].strip("/").replace("/", "-")
    known = [f"--{name}={getattr(worked.paths, name)}" for name in ("config", "state", "logs")]
    expected = CODES.get(words[0], 0)
    code = main([*known, *words])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert code == expected or (words[0] in {"once", "retry"} and code == 1), said.err
